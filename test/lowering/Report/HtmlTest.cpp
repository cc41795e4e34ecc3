//===- HtmlTest.cpp - Escaping and formatting ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Html.h"

#include "gtest/gtest.h"

using namespace zorro::report;

TEST(Html, TextIsNeverMarkup) {
  EXPECT_EQ(escape("<script>alert('\"&')</script>"),
            "&lt;script&gt;alert(&#39;&quot;&amp;&#39;)&lt;/script&gt;");
  Html html;
  std::string name = "<b>";
  html << "<i>" << name << llvm::StringRef("&") << "</i>" << Markup{"<hr>"};
  EXPECT_EQ(html.take().text, "<i>&lt;b&gt;&amp;</i><hr>");
}

TEST(Html, KeepsUtf8AndReplacesTheRest) {
  EXPECT_EQ(escape("Größe ↦ 音"), "Größe ↦ 音");
  EXPECT_EQ(escape(llvm::StringRef("a\0b", 3)), "a\uFFFDb");
  EXPECT_EQ(escape("a\x1b[31mb"), "a\uFFFD[31mb");
  EXPECT_EQ(escape("\x7f"), "\uFFFD");
  EXPECT_EQ(escape("\xc2\x85"), "\uFFFD"); // a control character of two bytes
  EXPECT_EQ(escape("\xc2\xb5"), "µ");
  EXPECT_EQ(escape("\xff"), "\uFFFD");
  EXPECT_EQ(escape("a\u202Egpj.exe\u2066"), "a\uFFFDgpj.exe\uFFFD"); // would read "exe.jpg"
  EXPECT_EQ(escape("\u2065\u202F\u05D0"), "\u2065\u202F\u05D0");
  EXPECT_EQ(escape("a\xe2\x82"), "a\uFFFD\uFFFD"); // cut short
  EXPECT_EQ(escape("\xc0\xbc"), "\uFFFD\uFFFD");   // '<', two bytes long
  EXPECT_EQ(escape("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD"); // half a surrogate pair
}

TEST(Html, Numbers) {
  Html html;
  html << 1.0 << " " << 2.5 << " " << 0.333 << " " << -0.001 << " " << 100.0 << " " << 7u;
  EXPECT_EQ(html.take().text, "1 2.5 0.33 0 100 7");
}

TEST(Html, Counts) {
  EXPECT_EQ(formatCount(0), "0");
  EXPECT_EQ(formatCount(999), "999");
  EXPECT_EQ(formatCount(1000), "1\u202F000");
  EXPECT_EQ(formatCount(1234567), "1\u202F234\u202F567");
  EXPECT_EQ(countOf(1, "call"), "1\u00A0call");
  EXPECT_EQ(countOf(2, "call"), "2\u00A0calls");
}

TEST(Html, Units) {
  EXPECT_EQ(formatFlops(0), "0\u00A0FLOP");
  EXPECT_EQ(formatFlops(6), "12\u00A0FLOP");
  EXPECT_EQ(formatFlops(500), "1.00\u00A0kFLOP");
  EXPECT_EQ(formatFlops(129000000000), "258\u00A0GFLOP");
  EXPECT_EQ(formatBytes(1023), "1023\u00A0B");
  EXPECT_EQ(formatBytes(1536), "1.50\u00A0KiB");
  EXPECT_EQ(formatBytes(uint64_t(365) << 20), "365\u00A0MiB");
}

TEST(Html, Shares) {
  EXPECT_EQ(formatShare(1, 0), "–");
  EXPECT_EQ(formatShare(0, 3), "0\u00A0%");
  EXPECT_EQ(formatShare(1, 3), "33\u00A0%");
  EXPECT_EQ(formatShare(1, 30), "3.3\u00A0%");
  EXPECT_EQ(formatShare(1, 100000), "<\u00A00.1\u00A0%");
  EXPECT_EQ(formatShare(3, 3), "100\u00A0%");
}

TEST(Html, ShortensByCharacters) {
  EXPECT_EQ(shorten("short", 5), "short");
  EXPECT_EQ(shorten("abcdefghij", 5), "ab…ij");
  EXPECT_EQ(shorten("äöüßäöüßäöü", 5), "äö…öü");
}

TEST(Html, LongListsSayWhatIsLeftOut) {
  Html html;
  std::vector<int> numbers(1005, 7);
  writeSome(html, numbers, 3, [&](int number, size_t index) { html << "[" << index << number; });
  EXPECT_EQ(html.take().text, "[07[17[27<span class=more>… and 1\u202F002 more</span>");
}
