//===- Html.h - Text into markup -------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A stream that knows what is markup and what is text: string literals are markup, everything else
// is text and is escaped. Names from a file are never literals, so they cannot become markup.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_REPORT_HTML_H
#define ZORRO_LOWERING_REPORT_HTML_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <string>

namespace zorro::report {

/// Text for an element or a quoted attribute. What is not UTF-8, control characters, and characters
/// that turn the direction of the text become U+FFFD.
std::string escape(llvm::StringRef text);

/// Markup that was made before.
struct Markup {
  std::string text;
};

class Html {
public:
  template <size_t N> Html &operator<<(const char (&markup)[N]) { return put({markup, N - 1}); }
  Html &operator<<(const Markup &markup) { return put(markup.text); }
  /// A text longer than any that a person reads is shortened.
  Html &operator<<(llvm::StringRef text);
  Html &operator<<(const std::string &text) { return *this << llvm::StringRef(text); }
  Html &operator<<(uint64_t number) { return put(std::to_string(number)); }
  Html &operator<<(int64_t number) { return put(std::to_string(number)); }
  Html &operator<<(unsigned number) { return put(std::to_string(number)); }
  Html &operator<<(int number) { return put(std::to_string(number)); }
  /// A coordinate: two digits behind the point at most.
  Html &operator<<(double number);

  Markup take() { return {std::move(buffer)}; }
  size_t size() const { return buffer.size(); }

private:
  Html &put(llvm::StringRef markup) {
    buffer.append(markup.data(), markup.size());
    return *this;
  }
  std::string buffer;
};

/// "1 312": digits in groups of three, a narrow space between.
std::string formatCount(uint64_t number);
/// "258 GFLOP" of multiply-adds, each of which is two.
std::string formatFlops(uint64_t multiplyAdds);
/// "3.2 MiB".
std::string formatBytes(uint64_t bytes);
/// "37.5 %"; "–" where there is no whole.
std::string formatShare(uint64_t part, uint64_t whole);
/// "1 call", "12 calls".
std::string countOf(uint64_t number, llvm::StringRef thing);
/// At most `length` characters, the middle left out.
std::string shorten(llvm::StringRef text, size_t length);

/// Writes `items` by `write`, at most `limit` of them, then how many were left out.
template <typename Items, typename Write>
void writeSome(Html &html, const Items &items, size_t limit, Write write) {
  size_t written = 0;
  for (const auto &item : items) {
    if (written == limit)
      break;
    write(item, written++);
  }
  if (items.size() > limit)
    html << "<span class=more>… and " << formatCount(items.size() - limit) << " more</span>";
}

} // namespace zorro::report

#endif // ZORRO_LOWERING_REPORT_HTML_H
