#!/usr/bin/env python3
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Opens reports in a headless browser: nothing on the console, nothing from elsewhere, the table
and one picture per mask in the document, nothing wider than the window.

usage: browser.py --zorro-opt=FILE --models=FOLDER"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
# Measures the page once it stands; what it found is read from the document.
PROBE = """<script>addEventListener('load', () => {
  const wide = [...document.querySelectorAll('body *')].filter(e =>
    !e.closest('.scroll') && !e.closest('svg') && e.getBoundingClientRect().right > innerWidth + 1);
  document.body.dataset.wide = wide.map(e => e.tagName + '.' + e.className).join(' ');
  document.body.dataset.window = innerWidth;
});</script>"""


def browse(browser, page, *flags):
    with tempfile.TemporaryDirectory(prefix="zorro-browser-") as profile:
        done = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--enable-logging=stderr", "--v=0", f"--user-data-dir={profile}", *flags,
             "file://" + page],
            capture_output=True, text=True, errors="replace", timeout=240)
    if done.returncode != 0:
        sys.exit(f"browser.py: expected {browser} to end well but got {done.returncode}:\n"
                 + done.stderr[-2000:])
    return done.stdout, re.findall(r"CONSOLE.*", done.stderr)


class Checks:
    def __init__(self):
        self.faults = 0

    def expect(self, fine, what):
        if not fine:
            self.faults += 1
            print("browser.py: " + what)


def checkPage(checks, browser, page, name, masks, outputs):
    document, console = browse(browser, page, "--dump-dom")
    checks.expect(not console, f"{name}: expected a silent console but got {console}")
    with open(page, encoding="utf-8") as file:
        text = file.read()
    checks.expect(len(text.encode()) < 1 << 20, f"{name}: expected less than a MiB")
    found = len(re.findall(r'<svg class="mask"', document))
    checks.expect(found == masks, f"{name}: expected {masks} pictures of masks but got {found}")
    table = re.search(r'<table class="depends">.*?</table>', document, re.S)
    rows = len(re.findall("<tr>", table.group())) - 1 if table else 0
    checks.expect(rows == outputs, f"{name}: expected {outputs} rows of outputs but got {rows}")
    checks.expect(document.count("<script") == 1, f"{name}: expected the page's own script only")
    checks.expect("Unfold all" in document, f"{name}: expected the script to have run")
    loads = re.findall(r'(?:src|href)="(?!#|data:,")[^"]*', document)
    checks.expect(not loads, f"{name}: expected nothing from elsewhere but got {loads}")
    # The page's policy would stop the probe, so the copy that it measures has none.
    probed = page + ".probe.html"
    with open(probed, "w", encoding="utf-8") as file:
        file.write(re.sub(r'<meta http-equiv=Content-Security-Policy[^>]*>', PROBE, text))
    for width in (1200, 500):
        document, _ = browse(browser, probed, "--dump-dom", f"--window-size={width},900")
        checks.expect(f'data-window="{width}"' in document,
                      f"{name}: expected a window of {width} pixels")
        wide = re.search(r'data-wide="([^"]*)"', document)
        checks.expect(wide and not wide.group(1),
                      f"{name}: expected nothing wider than {width} pixels but got "
                      + (wide.group(1) if wide else "no measure"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--zorro-opt", required=True)
    parser.add_argument("--models", required=True)
    options = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        sys.exit(f"browser.py: expected one of {', '.join(BROWSERS)}; tools/setup installs one")
    here = os.path.dirname(os.path.abspath(__file__))
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="zorro-report-") as scratch:
        for name, model, flags, masks, outputs in [
                ("av-digits", options.models + "/av-digits/av-digits.onnx",
                 ["--specialize=fused,audio,video", "--emit=cpu"], 2, 8),
                ("hostile", os.path.join(here, "Inputs", "hostile.mlir"),
                 ["--specialize=fused", "--emit=cpu"], 1, 2)]:
            page = os.path.join(scratch, name + ".html")
            subprocess.run([options.zorro_opt, model, "--cpu=x86-64-v3", f"--report={page}", *flags,
                            "-o", os.path.join(scratch, name + ".mlir")], check=True)
            checkPage(checks, browser, page, name, masks, outputs)
    return 1 if checks.faults else 0


if __name__ == "__main__":
    sys.exit(main())
