//===- PictureTest.cpp - Masks and bars as SVG -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Pictures.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

using namespace zorro;
using namespace zorro::report;

namespace {
struct Picture : testing::Test {
  Picture() { context.loadDialect<ZorroDialect>(); }

  MaskAttr parse(llvm::StringRef text) {
    return llvm::cast<MaskAttr>(mlir::parseAttribute(text, &context));
  }
  std::string draw(llvm::StringRef text) { return drawMask(parse(text), palette).text; }
  static size_t count(llvm::StringRef text, llvm::StringRef part) { return text.count(part); }

  mlir::MLIRContext context;
  Palette palette;
};
} // namespace

TEST_F(Picture, SaysInWordsWhatIsSeen) {
  EXPECT_EQ(describeMask(parse("#zorro.mask<a: 4 -> [a causal], b: 2 -> [all], c: 1 -> [], d: 3 -> "
                               "[a keys(0, 1, 2, 3), b same, c, d band(-2, 1)] over a: 4, b: 2, c: "
                               "1, d: 3 empty nan>")),
            "a sees a (earlier positions); b sees all; c sees nothing; d sees a (2\u00A0ranges of "
            "keys), b (the same position), c, d (a band from -2 to 1)");
}

TEST_F(Picture, FillsWhatIsLive) {
  std::string svg = draw("#zorro.mask<a: 8 -> [a], f: 2 -> [all] over a: 8, f: 2 empty nan>");
  // Two segments of 20 at least; the rest of 320 to scale: 280 * 0.8 + 20.
  EXPECT_EQ(count(svg, "<rect x=\"0\" y=\"0\" width=\"244\" height=\"244\"/>"), 1u);
  EXPECT_EQ(count(svg, "<rect x=\"0\" y=\"244\" width=\"244\" height=\"76\"/>"), 1u);
  EXPECT_EQ(count(svg, "<rect x=\"244\" y=\"244\" width=\"76\" height=\"76\"/>"), 1u);
  EXPECT_EQ(count(svg, "<rect x="), 3u);
  EXPECT_EQ(count(svg, "<polygon"), 0u);
  EXPECT_EQ(count(svg, "∅"), 0u);
}

TEST_F(Picture, DrawsBandsAndStripes) {
  std::string svg = draw("#zorro.mask<a: 16 -> [a causal] over a: 16 empty nan>");
  EXPECT_EQ(count(svg, "<polygon"), 1u);
  // Query 0 sees key 0 only, the last all: the corner above the diagonal is not in the polygon.
  EXPECT_NE(svg.find("320,320"), std::string::npos);
  EXPECT_EQ(svg.find("320,0 "), std::string::npos);
  svg = draw("#zorro.mask<a: 16 -> [a keys(0, 4, 8, 12)] over a: 16 empty nan>");
  EXPECT_EQ(count(svg, "<rect x=\"0\" y=\"0\" width=\"80\" height=\"320\"/>"), 1u);
  EXPECT_EQ(count(svg, "<rect x=\"160\" y=\"0\" width=\"80\" height=\"320\"/>"), 1u);
}

TEST_F(Picture, ThinBandsCanBeSeen) {
  std::string svg = draw("#zorro.mask<a: 10000 -> [a same] over a: 10000 empty nan>");
  // Two pixels wide along the top edge.
  EXPECT_NE(svg.find("points=\"0,0 1"), std::string::npos) << svg;
}

TEST_F(Picture, MarksRowsWithoutAKey) {
  std::string svg = draw("#zorro.mask<a: 8 -> [a], b: 8 -> [] over a: 8, b: 8 empty zero>");
  EXPECT_EQ(count(svg, "∅"), 1u);
}

TEST_F(Picture, EscapesAndShortensNames) {
  std::string svg =
      draw("#zorro.mask<\"<script>x</script>\": 8 -> [all], "
           "\"a name that is much too long for an axis\": 8 -> [] over k: 16 empty nan>");
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;x&lt;/script&gt;"), std::string::npos);
  EXPECT_NE(svg.find("<title>a name that is much too long for an axis</title>"), std::string::npos);
  EXPECT_EQ(svg.find(">a name that is much too long for an axis <"), std::string::npos);
}

TEST_F(Picture, ManySegmentsBecomeARaster) {
  std::string segments, table;
  for (int i = 0; i != 40; ++i) {
    std::string name = "s" + std::to_string(i);
    segments += (i ? ", " : "") + name + ": 3";
    table += (i ? ", " : "") + name + ": 3 -> [" + name + "]";
  }
  std::string svg = draw("#zorro.mask<" + table + " over " + segments + " empty nan>");
  EXPECT_NE(svg.find("40 × 40 segments"), std::string::npos);
  EXPECT_LT(svg.size(), 10000u); // neighbours of one shade are one
  EXPECT_EQ(svg.find("class=end"), std::string::npos); // no room for names
}

TEST_F(Picture, OneColourPerName) {
  EXPECT_EQ(palette.classOf("audio"), "s0");
  EXPECT_EQ(palette.classOf("video"), "s1");
  EXPECT_EQ(palette.classOf("audio"), "s0");
  for (int i = 2; i != 8; ++i)
    palette.classOf(std::to_string(i));
  EXPECT_EQ(palette.classOf("one too many"), "s8");
}

TEST_F(Picture, BarsAddUp) {
  std::string bar = drawBar({{"a<b", "s0", 3}, {"c", "s1", 1}}, "Work").text;
  EXPECT_NE(bar.find("aria-label=\"Work: a&lt;b 75\u00A0%, c 25\u00A0%\""), std::string::npos);
  EXPECT_NE(bar.find("x=\"0\" width=\"750\""), std::string::npos);
  EXPECT_NE(bar.find("x=\"750\" width=\"250\""), std::string::npos);
  EXPECT_EQ(drawBar({{"a", "s0", 0}}, "None").text.find("nan"), std::string::npos);
}
