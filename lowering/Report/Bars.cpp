//===- Bars.cpp - Shares of a whole ----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Pictures.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace zorro;
using namespace zorro::report;

std::string Palette::classOf(llvm::StringRef name) {
  auto known = llvm::find(names, name);
  size_t index = known - names.begin();
  if (known == names.end())
    names.push_back(name.str());
  return "s" + std::to_string(std::min<size_t>(index, kColours));
}

Markup report::drawBar(llvm::ArrayRef<BarPart> parts, llvm::StringRef title) {
  constexpr double width = 1000;
  uint64_t whole = 0;
  std::vector<std::string> said;
  for (const BarPart &part : parts)
    whole += part.value;
  for (const BarPart &part : parts)
    said.push_back(part.label + " " + formatShare(part.value, whole));
  Html html;
  html << "<figure class=bar><figcaption>" << title << "</figcaption><svg viewBox=\"0 0 " << width
       << " 26\" preserveAspectRatio=none role=img aria-label=\"" << title << ": "
       << llvm::join(said, ", ") << "\">";
  double at = 0;
  for (const BarPart &part : parts) {
    double size = whole ? width * part.value / whole : 0;
    html << "<rect class=\"" << part.colour << "\" x=\"" << at << "\" width=\"" << size
         << "\" height=\"26\"><title>" << part.label << ": " << formatFlops(part.value)
         << "</title></rect>";
    at += size;
  }
  html << "</svg><ul class=legend>";
  for (const BarPart &part : parts)
    html << "<li><svg class=swatch viewBox=\"0 0 10 10\" aria-hidden=true><rect class=\""
         << part.colour << "\" width=10 height=10 /></svg>" << part.label << " <b>"
         << formatShare(part.value, whole) << "</b> <span class=size>" << formatFlops(part.value)
         << "</span></li>\n";
  html << "</ul></figure>\n";
  return html.take();
}

Markup report::drawMeter(uint64_t value, uint64_t whole) {
  double share = whole ? 100.0 * value / whole : 0;
  Html html;
  html << "<svg class=meter viewBox=\"0 0 100 10\" preserveAspectRatio=none aria-hidden=true><rect "
          "class=ground width=100 height=10 /><rect class=fill width=\""
       << std::min(share, 100.0) << "\" height=10 /></svg>";
  return html.take();
}
