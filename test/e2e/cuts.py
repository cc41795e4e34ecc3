# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cuts of models with two to four modalities: every subset against ONNX Runtime and bit for bit
against the whole, and nothing left of what was cut; absent modalities against run-time padding; and
clips that lack a modality, each sent to the entry that suits it."""

import itertools
import json
import os
import re

import numpy as np

from faults import Faults
from harness import Fault, Reference, expectClose, expectSameBits
from models import FOLDER
from streams_model import StreamsModel

CPU = "--cpu=x86-64-v3"
THREE = {"audio": 5, "image": 7, "text": 4}
FOUR = {"audio": 5, "image": 7, "text": 4, "depth": 3}


def subsets(names, least=1):
    return [c for n in range(least, len(names)) for c in itertools.combinations(names, n)]


class Cuts:
    def __init__(self, report, tools, folder, wanted):
        self.report, self.tools, self.folder, self.wanted = report, tools, folder, wanted

    def check(self, name, function, *arguments):
        if self.wanted in f"cuts/{name}":
            self.report.check(f"cuts/{name}", function, *arguments)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self):
        for tokens in (THREE, FOUR):
            self.check(f"{len(tokens)}-modalities", self.everySubset, tokens)
        self.check("modality-of-inputs", self.groups)
        self.check("keep-output", self.keeps)
        self.check("padding", self.padded)
        self.check("live-rows", self.liveRows)
        self.check("absent", self.absent, False)
        self.check("absent-beside-padding", self.absent, True)
        self.check("unread-input", self.unread)
        self.check("routes", self.routes)
        self.check("routes-in-batches", self.routesInBatches)
        self.check("routes-refuse", self.routeFaults)

    # -- Running ----------------------------------------------------------------------------------

    def compile(self, name, path, *flags):
        out = self.path(f"{name}.so")
        done = self.tools.run("zorro-opt", path, CPU, *flags, "-o", out)
        if done.returncode != 0:
            raise Fault(f"expected exit code 0 but got {done.returncode}\n{done.stderr[-1500:]}")
        return out, done.stderr

    def execute(self, artefact, entry, inputs, *flags):
        source, target = self.path("in.npz"), self.path("out.npz")
        np.savez(source, **inputs)
        chosen = [f"--function={entry}"] if entry else []
        text = self.tools.succeed("zorro-run", artefact, *chosen, f"--input=@{source}",
                                  f"--output=@{target}", *flags)
        with np.load(target) as outputs:
            return dict(outputs), text

    def describe(self, artefact):
        described = json.loads(self.tools.succeed("zorro-run", artefact, "--describe=json"))
        return described, {e["name"]: e for e in described["entries"]}

    def expectEqual(self, what, got, expected):
        if got != expected:
            raise Fault(f"{what}: expected {expected} but got {got}")

    # -- Subsets ------------------------------------------------------------------------------

    def everySubset(self, tokens):
        model = StreamsModel(tokens)
        path = model.write(self.path(f"streams{len(tokens)}.onnx"))
        reference = Reference(path)
        inputs = model.randomInputs()
        expected = reference.run(inputs)
        cuts = subsets(model.names)
        artefact, _ = self.compile(f"streams{len(tokens)}", path, "--specialize=" +
                                   ",".join(["fused", *("+".join(c) for c in cuts)]))
        described, entries = self.describe(artefact)
        whole, _ = self.execute(artefact, "fused", inputs)
        self.expectEqual("outputs of fused", sorted(whole), sorted(expected))
        expectClose(whole, expected)
        for cut in cuts:
            name = "+".join(cut)
            got, _ = self.execute(artefact, name, {m: inputs[m] for m in cut})
            self.expectEqual(f"outputs of {name}", sorted(got), sorted(f"{m}_out" for m in cut))
            expectSameBits(got, whole, got)
            self.nothingLeft(model, described, entries[name], cut)

    def nothingLeft(self, model, described, entry, cut):
        """No weight of another stream, and of shared tables only the rows that are read."""
        self.expectEqual("inputs", sorted(i["name"] for i in entry["inputs"]), sorted(cut))
        used = {described["weights"][w]["name"]: described["weights"][w]["bytes"]
                for w in entry["weights"]}
        foreign = [w for w in used for m in [*model.names, "fusion"]
                   if m not in cut and w.startswith(m + ".")]
        self.expectEqual("weights of other streams", foreign, [])
        row = 4 * model.width
        for table, rows in (("positions", sum(model.tokens[m] for m in cut)),
                            ("pool.queries", len(cut))):
            # What is not in one piece is cut out of the piece that holds it.
            first, last = ((model.begin(cut[0]), model.columns(cut[-1]).stop)
                           if table == "positions" else
                           (model.names.index(cut[0]), model.names.index(cut[-1]) + 1))
            found = [b for w, b in used.items() if w.startswith(table)]
            if not found or not rows * row <= sum(found) <= (last - first) * row:
                raise Fault(f"{table}: expected {rows * row} to {(last - first) * row} bytes for "
                            f"{cut} but got {found}")

    def groups(self):
        """A modality may have several inputs, and a name of its own."""
        model = StreamsModel(FOUR)
        path = model.write(self.path("groups.onnx"))
        inputs = model.randomInputs()
        artefact, _ = self.compile("groups", path, "--modality=sight=image,depth",
                                   "--specialize=fused,sight,audio+sight")
        _, entries = self.describe(artefact)
        self.expectEqual("inputs of sight", {i["name"]: i["modality"]
                                             for i in entries["sight"]["inputs"]},
                         {"image": "sight", "depth": "sight"})
        whole, _ = self.execute(artefact, "fused", inputs)
        for entry, names in (("sight", ["image", "depth"]),
                             ("audio+sight", ["audio", "image", "depth"])):
            got, _ = self.execute(artefact, entry, {m: inputs[m] for m in names})
            self.expectEqual(f"outputs of {entry}", sorted(got), sorted(f"{m}_out" for m in names))
            expectSameBits(got, whole, got)
        Faults.expect(self, self.tools.run("zorro-opt", path, "--specialize=sight", "-o",
                                           self.path("no.so")), 1, ("sight", "audio, image"))

    def keeps(self):
        model = StreamsModel(THREE)
        path = model.write(self.path("keeps.onnx"))
        inputs = model.randomInputs()
        artefact, _ = self.compile("keeps", path, "--specialize=audio+text,fused",
                                   "--keep-output=text_out")
        _, entries = self.describe(artefact)
        for entry in entries.values():
            self.expectEqual("outputs", [o["name"] for o in entry["outputs"]], ["text_out"])
            self.expectEqual("inputs", [i["name"] for i in entry["inputs"]], ["text"])
        got, _ = self.execute(artefact, "fused", {"text": inputs["text"]})
        expectClose(got, Reference(path).run(inputs))
        Faults.expect(self, self.tools.run("zorro-opt", path, "--specialize=text",
                                           "--keep-output=audio_out", "-o", self.path("no.so")),
                      6, ("audio_out", "'audio'", "text"))

    # -- Padding and absence ------------------------------------------------------------------

    def padded(self):
        """Padding that is known at run time is cut with the keys that it speaks of."""
        model = StreamsModel(THREE, padding=True)
        path = model.write(self.path("padded.onnx"))
        reference = Reference(path)
        artefact, _ = self.compile("padded", path, "--modality=pad=keep",
                                   "--specialize=fused,audio+pad,image+text+pad")
        random = np.random.default_rng(3)
        for seed in range(4):
            keep = random.random((1, model.total)) < 0.7
            for m in model.names:
                keep[0, model.begin(m)] = True
            keep[0, -1] = True
            inputs = {**model.randomInputs(seed), "keep": keep}
            expected = reference.run(inputs)
            whole, _ = self.execute(artefact, "fused", inputs)
            expectClose(whole, expected)
            for names in (["audio"], ["image", "text"]):
                got, _ = self.execute(artefact, "+".join([*names, "pad"]),
                                      {m: inputs[m] for m in [*names, "keep"]})
                self.expectEqual("outputs", sorted(got), sorted(f"{m}_out" for m in names))
                expectSameBits(got, whole, got)

    def liveRows(self):
        """A finite fill makes a wholly padded row average all tokens: only a promise frees it."""
        model = StreamsModel(THREE, padding=True, fill=np.finfo(np.float32).min, select=True)
        path = model.write(self.path("liverows.onnx"))
        cut = ["--modality=pad=keep", "--specialize=fused,audio+pad"]
        done = self.tools.run("zorro-opt", path, *cut, "-o", self.path("no.so"))
        Faults.expect(self, done, 6, ("audio_out", "'image'", "--assume-live-rows"))
        artefact, _ = self.compile("liverows", path, *cut, "--assume-live-rows")
        described, _ = self.describe(artefact)
        if "no row of a mask is wholly padded" not in described["assumptions"]:
            raise Fault(f"expected the promise but got {described['assumptions']}")
        keep = np.random.default_rng(3).random((1, model.total)) < 0.7
        keep[0, [model.begin(m) for m in [*model.names, "fusion"]]] = True
        inputs = {**model.randomInputs(), "keep": keep}
        whole, _ = self.execute(artefact, "fused", inputs)
        expectClose(whole, Reference(path).run(inputs))
        got, _ = self.execute(artefact, "audio+pad", {m: inputs[m] for m in ("audio", "keep")})
        self.expectEqual("outputs", sorted(got), ["audio_out"])
        expectSameBits(got, whole, got)

    def absent(self, padding):
        """An entry without a modality is the whole model, run with that modality padded away."""
        # With -inf the padded tokens would be NaN, and 0 * NaN would spoil all others.
        padded = StreamsModel(FOUR, padding=True, fill=np.finfo(np.float32).min)
        reference = Reference(padded.write(self.path("reference.onnx")))
        model = StreamsModel(FOUR, padding=padding)  # of the same weights
        path = model.write(self.path("absent.onnx"))
        lacking = [c for c in subsets(model.names) if len(c) < 3]
        artefact, notes = self.compile("absent", path, "--absent=" +
                                       ",".join("+".join(c) for c in lacking))
        described, entries = self.describe(artefact)
        inputs = model.randomInputs()
        for lack in lacking:
            entry = "without_" + "+".join(lack)
            here = {m: inputs[m] for m in model.names if m not in lack}
            keep = np.ones((1, model.total), bool)
            for m in lack:
                keep[0, model.columns(m)] = False
            expected = reference.run({**inputs, "keep": keep})
            taken = {**here, "keep": np.ones_like(keep)} if padding else here
            self.expectEqual(f"inputs of {entry}", sorted(i["name"] for i in
                                                          entries[entry]["inputs"]), sorted(taken))
            got, _ = self.execute(artefact, entry, taken)
            self.expectEqual(f"outputs of {entry}", sorted(got),
                             sorted([*(f"{m}_out" for m in here), "fusion_out", "global_out"]))
            expectClose(got, expected)
            sentence = f"@{entry} masks out the tokens of absent inputs"
            for text in (notes, described["assumptions"]):
                if sentence not in text or "this changes fusion_out, global_out" not in text:
                    raise Fault(f"expected '{sentence}…' but got {text}")

    def unread(self):
        """`fused` takes what the model takes, read or not."""
        model = StreamsModel(THREE)
        path = model.write(self.path("unread.onnx"))
        import onnx
        graph = onnx.load(path)
        graph.graph.input.append(onnx.helper.make_tensor_value_info(
            "spare", onnx.TensorProto.FLOAT, [1, 2]))
        onnx.save(graph, path)
        artefact, notes = self.compile("unread", path, "--specialize=fused,audio")
        if "note" not in notes or "@fused never reads its input 'spare'" not in notes:
            raise Fault(f"expected a note about 'spare' but got '{notes}'")
        inputs = {**model.randomInputs(), "spare": np.ones((1, 2), np.float32)}
        got, _ = self.execute(artefact, "fused", inputs)
        expectClose(got, Reference(path).run(inputs))

    # -- Routes -----------------------------------------------------------------------------------

    def digits(self):
        with np.load(os.path.join(FOLDER, "av-digits", "clips.npz")) as stored:
            clips = {name: stored[name] for name in ("audio", "video")}
            return clips, stored["label"]

    def compileDigits(self, name, *flags, model="av-digits"):
        return self.compile(name, os.path.join(FOLDER, "av-digits", f"{model}.onnx"),
                            "--specialize=fused,audio,video", "--absent=audio,video", *flags)[0]

    def checkRoutes(self, artefact, clips, labels, batch):
        count = len(labels)
        random = np.random.default_rng(7)
        kind = random.integers(0, 3, count)  # 0: both, 1: no video, 2: no audio
        present = {"audio": kind != 2, "video": kind != 1}
        for name, there in present.items():
            np.save(self.path(f"{name}.npy"), there)
        # What is absent must not be read, whatever it holds.
        spoilt = {n: np.where(present[n].reshape(-1, *[1] * (c.ndim - 1)), c, np.float32(1e9))
                  for n, c in clips.items()}
        got, text = self.execute(artefact, None, spoilt, "--route",
                                 *(f"--present={n}=@{self.path(n)}.npy" for n in present))
        for entry, which in (("fused", 0), ("without_video", 1), ("without_audio", 2)):
            if not re.search(rf"^{entry} +{(kind == which).sum()} ", text, re.M):
                raise Fault(f"expected {(kind == which).sum()} clips for {entry} but got\n{text}")
            picked = np.flatnonzero(kind == which)
            filled = np.concatenate([picked, np.repeat(picked[-1:], -len(picked) % batch)])
            names = {"fused": ["audio", "video"], "without_video": ["audio"],
                     "without_audio": ["video"]}[entry]
            direct, _ = self.execute(artefact, entry, {n: clips[n][filled] for n in names},
                                     "--each")
            for output, value in got.items():
                if output in direct:
                    expectSameBits({output: value[picked]},
                                   {output: direct[output][:len(picked)]}, [output])
                elif not np.isnan(value[picked]).all():
                    raise Fault(f"{output}: expected NaN where {entry} does not give it")
            for logits, least in (("fusion_logits", 0.9 if which == 0 else 0.5),
                                  ("audio_logits", 0.9), ("video_logits", 0.9)):
                if logits in direct:
                    right = (got[logits][picked].argmax(1) == labels[picked]).mean()
                    if right < least:
                        raise Fault(f"{entry} {logits}: expected {least} right but got {right:.3f}")
        for output, missing in (("audio_logits", (kind == 2).sum()),
                                ("video_logits", (kind == 1).sum())):
            if f"{output}: NaN for {missing} of {count} clips" not in text:
                raise Fault(f"expected {missing} clips without {output} but got\n{text}")

    def routes(self):
        clips, labels = self.digits()
        artefact = self.compileDigits("digits")
        self.checkRoutes(artefact, clips, labels, 1)
        # An input that is not given is absent everywhere.
        got, text = self.execute(artefact, None, {"audio": clips["audio"]}, "--route")
        if not re.search(r"^without_video +200 ", text, re.M) or "video_logits" in got:
            raise Fault(f"expected all clips in without_video but got\n{text}")
        # NaN means absent only where one says so.
        holes = {n: c.copy() for n, c in clips.items()}
        holes["video"][:30] = np.nan
        _, text = self.execute(artefact, None, holes, "--route")
        if not re.search(r"^fused +200 ", text, re.M):
            raise Fault(f"expected all clips in fused but got\n{text}")
        got, text = self.execute(artefact, None, holes, "--route", "--nan-is-absent")
        if not re.search(r"^without_video +30 ", text, re.M):
            raise Fault(f"expected 30 clips in without_video but got\n{text}")
        if np.isnan(got["fusion_logits"]).any():
            raise Fault("expected fusion_logits of every clip")

    def routesInBatches(self):
        clips, labels = self.digits()
        artefact = self.compileDigits("batches", "--shape=audio=8x1x32x64",
                                      "--shape=video=8x3x4x32x32", model="av-digits-batch")
        self.checkRoutes(artefact, clips, labels, 8)

    def routeFaults(self):
        clips, _ = self.digits()
        path = os.path.join(FOLDER, "av-digits", "av-digits.onnx")
        artefact, _ = self.compile("fusedonly", path, "--specialize=fused")
        np.savez(self.path("a.npz"), audio=clips["audio"][:3])
        np.savez(self.path("both.npz"), audio=clips["audio"][:3], video=clips["video"][:4])
        np.save(self.path("short.npy"), np.ones(2, bool))
        for flags, words in (
                ((f"--input=@{self.path('a.npz')}",), ("no entry takes clip 0", "audio", "video")),
                ((), ("at least one --input",)),
                ((f"--input=@{FOLDER}/av-digits/clips.npz",), ("no input 'label'", "audio, video")),
                ((f"--input=@{self.path('both.npz')}",), ("expected 3 clips", "got 4")),
                ((f"--input=@{self.path('a.npz')}", f"--present=audio=@{self.path('short.npy')}"),
                 ("3xbool", "2xbool")),
                ((f"--input=@{self.path('a.npz')}", f"--present=video=@{self.path('short.npy')}"),
                 ("video", "--present")),
                ((f"--input=@{self.path('a.npz')}", "--function=fused"), ("--function",))):
            done = self.tools.run("zorro-run", artefact, "--route", *flags)
            Faults.expect(self, done, 1, words, manyLines=True)
