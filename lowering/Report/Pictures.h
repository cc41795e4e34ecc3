//===- Pictures.h - Masks and shares as inline SVG -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Pictures that need no script and no style beside the page's own. Each says in words what it
// shows.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_REPORT_PICTURES_H
#define ZORRO_LOWERING_REPORT_PICTURES_H

#include "lowering/Report/Html.h"
#include "lowering/Report/Report.h"

namespace zorro::report {

/// One colour per stream or modality, wherever it appears on the page.
class Palette {
public:
  static constexpr unsigned kColours = 8;
  /// The class of the style sheet for a name: "s0", "s1", …; "s8" when they have run out.
  std::string classOf(llvm::StringRef name);

private:
  std::vector<std::string> names;
};

/// What every query segment sees, in words: "audio sees audio; fusion sees all".
std::string describeMask(MaskAttr mask);

/// Query segments × key segments, to scale with a smallest size; of very many segments a raster.
Markup drawMask(MaskAttr mask, Palette &palette);

struct BarPart {
  std::string label, colour; // a class of the style sheet
  uint64_t value;
};
/// A whole and its parts side by side, with a legend that says the shares.
Markup drawBar(llvm::ArrayRef<BarPart> parts, llvm::StringRef title);

/// A part of `whole` as a short bar, for a cell of a table.
Markup drawMeter(uint64_t value, uint64_t whole);

} // namespace zorro::report

#endif // ZORRO_LOWERING_REPORT_PICTURES_H
