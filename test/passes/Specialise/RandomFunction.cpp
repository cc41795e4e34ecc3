//===- RandomFunction.cpp - A function of streams by its seed -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "RandomFunction.h"

#include <random>
#include <vector>

namespace {

/// Writes a random function as text: values are [1, tokens, width].
class Generator {
public:
  explicit Generator(unsigned seed) : engine(seed) {}

  std::string write() {
    for (const char *name : {"a", "b"}) {
      int64_t tokens = 1 + below(4);
      list.push_back({std::string("%") + name, tokens, 4});
      arguments += std::string(arguments.empty() ? "" : ", ") + "%" + name + ": " +
                   type(tokens, 4) + " {zorro.name = \"" + name + "\"}";
    }
    arguments += ", %p: tensor<32xi1> {zorro.name = \"p\"}";
    weights +=
        "zorro.weight @w : tensor<4x4xf32> from \"m\"[7, 64] stored tensor<4x4xf32> hash \"0\"\n"
        "zorro.weight @f : tensor<1x3x4xf32> from \"m\"[3, 48] stored tensor<1x3x4xf32> hash "
        "\"0\"\n";
    body += "  %w = zorro.weight_ref @w : tensor<4x4xf32>\n  %f = zorro.weight_ref @f : "
            "tensor<1x3x4xf32>\n";
    list.push_back({"%f", 3, 4});
    join(list[0], list[1]);
    for (int i = 0, n = 4 + below(10); i != n; ++i)
      step();
    std::string types, names, results;
    for (int i = 0, n = 1 + below(4); i != n; ++i) {
      const Entry &out = list[list.size() - 1 - below(std::min<int64_t>(list.size(), 8))];
      names += (i ? ", " : "") + out.name;
      types += (i ? ", " : "") + type(out.tokens, out.width);
      results += (i ? ", " : "") + type(out.tokens, out.width) + " {zorro.name = \"y" +
                 std::to_string(i) + "\"}";
    }
    return "module {\n" + weights + "func.func @main(" + arguments + ") -> (" + results + ") {\n" +
           body + "  return " + names + " : " + types + "\n}\n}\n";
  }

private:
  struct Entry {
    std::string name;
    int64_t tokens, width;
  };

  int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine); }
  static std::string num(int64_t n) { return std::to_string(n); }
  static std::string type(int64_t tokens, int64_t width) {
    return "tensor<1x" + num(tokens) + "x" + num(width) + "xf32>";
  }
  std::string fresh() { return "%v" + num(names++); }
  void line(const std::string &text) { body += "  " + text + "\n"; }
  Entry pick() { return list[list.size() - 1 - below(std::min<int64_t>(list.size(), 6))]; }
  void add(const std::string &name, int64_t tokens, int64_t width) {
    list.push_back({name, tokens, width});
  }

  void join(const Entry &x, const Entry &y) {
    if (x.width != y.width || x.tokens + y.tokens > 14)
      return;
    std::string name = fresh();
    line(name + " = zorro.join " + x.name + ", " + y.name + " axis 1 of <s0: " +
         num(x.tokens) + ", s1: " + num(y.tokens) + "> : " + type(x.tokens, x.width) + ", " +
         type(y.tokens, y.width) + " -> " + type(x.tokens + y.tokens, x.width));
    add(name, x.tokens + y.tokens, x.width);
  }

  void elementwise(const Entry &x, const Entry &y, const std::string &operation) {
    if (x.tokens != y.tokens || x.width != y.width)
      return;
    std::string empty = fresh(), name = fresh(), id = "affine_map<(i, j, k) -> (i, j, k)>";
    line(empty + " = tensor.empty() : " + type(x.tokens, x.width));
    line(name + " = linalg.generic {indexing_maps = [" + id + ", " + id + ", " + id +
         "], iterator_types = [\"parallel\", \"parallel\", \"parallel\"]} ins(" + x.name + ", " +
         y.name + " : " + type(x.tokens, x.width) + ", " + type(x.tokens, x.width) + ") outs(" +
         empty + " : " + type(x.tokens, x.width) + ") {\n  ^bb0(%l: f32, %r: f32, %o: f32):\n    " +
         operation + "\n    linalg.yield %s : f32\n  } -> " + type(x.tokens, x.width));
    add(name, x.tokens, x.width);
  }

  /// All of a key segment, a band or some ranges of it.
  std::string randomEntry(int64_t queries, int64_t keys) {
    switch (below(8)) {
    case 0: return " causal";
    case 1: return " same";
    case 2: {
      int64_t low = below(queries + keys) - queries;
      std::string from = below(3) ? num(low) : "*", to = below(3) ? num(low + below(3)) : "*";
      return " band(" + from + ", " + to + ")";
    }
    case 3: {
      int64_t begin = below(keys), end = begin + 1 + below(keys - begin);
      std::string more = end + 1 < keys ? ", " + num(end + 1) + ", " + num(keys) : "";
      return " keys(" + num(begin) + ", " + num(end) + more + ")";
    }
    default: return "";
    }
  }

  std::string randomMask(int64_t queries, int64_t keys) {
    auto cut = [&](int64_t length) {
      std::vector<int64_t> sizes;
      while (length > 0) {
        sizes.push_back(1 + below(length));
        length -= sizes.back();
      }
      return sizes;
    };
    std::vector<int64_t> q = cut(queries), k = cut(keys);
    std::string text = "<", over;
    for (size_t i = 0; i != q.size(); ++i) {
      std::string row;
      for (size_t j = 0; j != k.size(); ++j)
        if (below(5) < 2)
          row += (row.empty() ? "k" : ", k") + num(j) + randomEntry(q[i], k[j]);
      text += (i ? ", q" : "q") + num(i) + ": " + num(q[i]) + " -> [" + row + "]";
    }
    for (size_t j = 0; j != k.size(); ++j)
      over += (j ? ", k" : "k") + num(j) + ": " + num(k[j]);
    const char *kinds[] = {"nan", "uniform", "zero"};
    return text + " over " + over + " empty " + kinds[below(3)] + ">";
  }

  /// Padding of all keys, or of some while the others are constantly there or not.
  std::string randomPadding(int64_t keys) {
    auto bits = [&](int64_t n) { return "tensor<1x" + num(n) + "xi1>"; };
    int64_t begin = below(keys), size = 1 + below(keys - begin);
    std::string cut = fresh(), part = fresh();
    line(cut + " = tensor.extract_slice %p[" + num(below(32 - size)) + "] [" + num(size) +
         "] [1] : tensor<32xi1> to tensor<" + num(size) + "xi1>");
    line(part + " = tensor.expand_shape " + cut + " [[0, 1]] output_shape [1, " + num(size) +
         "] : tensor<" + num(size) + "xi1> into " + bits(size));
    if (size == keys)
      return " padding " + part + " : " + bits(keys);
    std::string names, types;
    auto add = [&](const std::string &name, int64_t n) {
      names += (names.empty() ? "" : ", ") + name;
      types += (types.empty() ? "" : ", ") + bits(n);
    };
    auto constant = [&](int64_t n) {
      if (n == 0)
        return;
      std::string name = fresh();
      line(name + " = arith.constant dense<" + (below(3) ? "true" : "false") + "> : " + bits(n));
      add(name, n);
    };
    constant(begin);
    add(part, size);
    constant(keys - begin - size);
    std::string whole = fresh();
    line(whole + " = tensor.concat dim(1) " + names + " : (" + types + ") -> " + bits(keys));
    return " padding " + whole + " : " + bits(keys);
  }

  void attention(const Entry &q, const Entry &k) {
    if (q.width != 4 || k.width != 4)
      return;
    auto four = [](int64_t tokens) { return "tensor<1x1x" + num(tokens) + "x4xf32>"; };
    auto expand = [&](const Entry &x) {
      std::string name = fresh();
      line(name + " = tensor.expand_shape " + x.name + " [[0, 1], [2], [3]] output_shape [1, 1, " +
           num(x.tokens) + ", 4] : " + type(x.tokens, 4) + " into " + four(x.tokens));
      return name;
    };
    std::string eq = expand(q), ek = expand(k), o = fresh(), name = fresh();
    std::string padding = below(3) ? "" : randomPadding(k.tokens);
    line(o + " = zorro.attention " + eq + ", " + ek + ", " + ek + padding + " mask " +
         randomMask(q.tokens, k.tokens) + " scale 5.0e-1 : " + four(q.tokens) + ", " +
         four(k.tokens) + ", " + four(k.tokens) + " -> " + four(q.tokens));
    line(name + " = tensor.collapse_shape " + o + " [[0, 1], [2], [3]] : " + four(q.tokens) +
         " into " + type(q.tokens, 4));
    add(name, q.tokens, 4);
  }

  /// Score %l where `keep`, a fill elsewhere: selected or added.
  std::string maskBody(const std::string &keep) {
    if (below(2))
      return "%s = arith.select " + keep + ", %l, %low : f32\n";
    return "%z = arith.constant 0.0 : f32\n    %d = arith.select " + keep +
           ", %z, %low : f32\n    %s = arith.addf %l, %d : f32\n";
  }

  /// Masked attention in its parts: a constant mask, sometimes padding, either kind of fill.
  void dense(const Entry &q, const Entry &k) {
    if (q.width != k.width)
      return;
    int64_t n = q.tokens, m = k.tokens, w = q.width;
    std::string scores = "tensor<1x" + num(n) + "x" + num(m) + "xf32>";
    std::string zero = fresh(), s = fresh(), mask = fresh(), e = fresh(), d = fresh(), p = fresh(),
                z = fresh(), name = fresh(), pad = fresh();
    line(zero + " = arith.constant dense<0.0> : " + scores);
    line(s +
         " = linalg.generic {indexing_maps = [affine_map<(b, i, j, k) -> (b, i, k)>, "
         "affine_map<(b, i, j, k) -> (b, j, k)>, affine_map<(b, i, j, k) -> (b, i, j)>], "
         "iterator_types = [\"parallel\", \"parallel\", \"parallel\", \"reduction\"]} ins(" +
         q.name + ", " + k.name + " : " + type(n, w) + ", " + type(m, w) + ") outs(" + zero +
         " : " + scores +
         ") {\n  ^bb0(%l: f32, %r: f32, %o: f32):\n    %m = arith.mulf %l, %r : f32\n    "
         "%s = arith.addf %o, %m : f32\n    linalg.yield %s : f32\n  } -> " +
         scores);
    std::string rows;
    int64_t cutQ = below(n + 1), cutK = below(m + 1), kind = below(4);
    for (int64_t i = 0; i != n; ++i) {
      rows += i ? ", [" : "[";
      for (int64_t j = 0; j != m; ++j) {
        bool live = kind == 0   ? (i < cutQ) == (j < cutK)
                    : kind == 1 ? i >= j
                    : kind == 2 ? i < cutQ && j < cutK
                                : i == j;
        rows += std::string(j ? ", " : "") + (live ? "true" : "false");
      }
      rows += "]";
    }
    std::string bools = "tensor<" + num(n) + "x" + num(m) + "xi1>";
    line(mask + " = arith.constant dense<[" + rows + "]> : " + bools);
    bool padded = below(3) == 0;
    line(pad + " = tensor.extract_slice %p[0] [" + num(m) + "] [1] : tensor<32xi1> to tensor<" +
         num(m) + "xi1>");
    line(e + " = tensor.empty() : " + scores);
    const char *fills[] = {"0xFF800000", "-3.40282347E+38"};
    line(d + " = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (i, j)>, "
             "affine_map<(b, i, j) -> (j)>, affine_map<(b, i, j) -> (b, i, j)>, "
             "affine_map<(b, i, j) -> (b, i, j)>], iterator_types = [\"parallel\", \"parallel\", "
             "\"parallel\"]} ins(" + mask + ", " + pad + ", " + s + " : " + bools + ", tensor<" +
         num(m) + "xi1>, " + scores + ") outs(" + e + " : " + scores +
         ") {\n  ^bb0(%c: i1, %q: i1, %l: f32, %o: f32):\n    %low = arith.constant " +
         fills[below(2)] + " : f32\n    %both = arith.andi %c, %q : i1\n    " +
         maskBody(padded ? "%both" : "%c") + "    linalg.yield %s : f32\n  } -> " + scores);
    line(p + " = zorro.softmax " + d + " : " + scores);
    line(z + " = arith.constant dense<0.0> : " + type(n, w));
    line(name +
         " = linalg.generic {indexing_maps = [affine_map<(b, i, k, j) -> (b, i, j)>, "
         "affine_map<(b, i, k, j) -> (b, j, k)>, affine_map<(b, i, k, j) -> (b, i, k)>], "
         "iterator_types = [\"parallel\", \"parallel\", \"parallel\", \"reduction\"]} ins(" +
         p + ", " + k.name + " : " + scores + ", " + type(m, w) + ") outs(" + z + " : " +
         type(n, w) +
         ") {\n  ^bb0(%l: f32, %r: f32, %o: f32):\n    %m = arith.mulf %l, %r : f32\n    "
         "%s = arith.addf %o, %m : f32\n    linalg.yield %s : f32\n  } -> " +
         type(n, w));
    add(name, n, w);
  }

  /// Tokens and width merged and split again, aligned or not.
  void reshape(const Entry &x) {
    std::string flat = fresh(), name = fresh(), f = "tensor<1x" + num(x.tokens * x.width) + "xf32>";
    int64_t tokens = 1 + below(x.tokens * x.width);
    if (x.tokens * x.width % tokens || tokens > 14)
      tokens = x.tokens;
    int64_t width = x.tokens * x.width / tokens;
    line(flat + " = tensor.collapse_shape " + x.name +
         " [[0], [1, 2]] : " + type(x.tokens, x.width) + " into " + f);
    line(name + " = tensor.expand_shape " + flat + " [[0], [1, 2]] output_shape [1, " +
         num(tokens) + ", " + num(width) + "] : " + f + " into " + type(tokens, width));
    add(name, tokens, width);
  }

  void step() {
    Entry x = pick(), y = pick();
    switch (below(13)) {
    case 0: return join(x, y);
    case 1: return attention(x, y);
    case 2: return attention(x, x);
    case 3: return dense(x, x);
    case 4: return dense(x, y);
    case 5: return elementwise(x, y, "%s = arith.addf %l, %r : f32");
    case 6: return elementwise(x, x, "%s = math.tanh %l : f32");
    case 7: { // keep some tokens, or every second
      int64_t begin = below(x.tokens), stride = 1 + below(2);
      int64_t size = 1 + below((x.tokens - begin + stride - 1) / stride);
      std::string name = fresh();
      line(name + " = tensor.extract_slice " + x.name + "[0, " + num(begin) + ", 0] [1, " +
           num(size) + ", " + num(x.width) + "] [1, " + num(stride) + ", 1] : " +
           type(x.tokens, x.width) + " to " + type(size, x.width));
      return add(name, size, x.width);
    }
    case 8: return reshape(x);
    case 11: { // some of the width
      int64_t begin = below(x.width), size = 1 + below(x.width - begin);
      std::string name = fresh();
      line(name + " = tensor.extract_slice " + x.name + "[0, 0, " + num(begin) + "] [1, " +
           num(x.tokens) + ", " + num(size) + "] [1, 1, 1] : " + type(x.tokens, x.width) + " to " +
           type(x.tokens, size));
      return add(name, x.tokens, size);
    }
    case 9: {
      if (x.width != 4)
        return;
      const Entry &r = y.tokens == x.tokens && y.width == 4 ? y : x;
      std::string name = fresh();
      line(name + " = zorro.contract " + x.name + ", %w (" + r.name +
           ") {\n  ^bb0(%acc: f32, %r: f32):\n    %s = arith.addf %acc, %r : f32\n    zorro.yield "
           "%s : f32\n  } : " +
           type(x.tokens, 4) + ", tensor<4x4xf32> (" + type(x.tokens, 4) + ") -> " +
           type(x.tokens, 4));
      return add(name, x.tokens, 4);
    }
    case 10: {
      std::string name = fresh();
      line(name + " = zorro.layer_norm " + x.name + " eps 1.0e-5 : " + type(x.tokens, x.width));
      return add(name, x.tokens, x.width);
    }
    default: { // tokens and width change places
      if (x.width > 14)
        return;
      std::string empty = fresh(), name = fresh();
      line(empty + " = tensor.empty() : " + type(x.width, x.tokens));
      line(name + " = linalg.transpose ins(" + x.name + " : " + type(x.tokens, x.width) +
           ") outs(" + empty + " : " + type(x.width, x.tokens) + ") permutation = [0, 2, 1]");
      return add(name, x.width, x.tokens);
    }
    }
  }

  std::mt19937 engine;
  std::vector<Entry> list;
  std::string arguments, weights, body;
  int names = 0;
};
} // namespace

std::string zorro::test::writeRandomFunction(unsigned seed) { return Generator(seed).write(); }
