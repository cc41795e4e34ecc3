//===- AttentionCalls.h - Operands of an attention kernel -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_LOWERING_CPU_ATTENTIONCALLS_H
#define ZORRO_TEST_LOWERING_CPU_ATTENTIONCALLS_H

#include "Harness.h"

namespace zorro::test {

/// A kernel for heads of size `d` and values of size `v`.
inline std::string attentionText(int64_t d, int64_t v, bool padding = false) {
  std::string head = "tensor<?x?x?x" + std::to_string(d) + "xf32>";
  std::string value = "tensor<?x?x?x" + std::to_string(v) + "xf32>";
  return "zorro.kernel @k attention because \"test\" {\n^bb0(%q: " + head + ", %k: " + head +
         ", %v: " + value + (padding ? ", %keep: tensor<?x?xi1>" : "") +
         "):\n  %o = zorro.attention %q, %k, %v " +
         (padding ? "padding %keep : tensor<?x?xi1> " : "") + "scale 1.0 : " + head + ", " + head +
         ", " + value + " -> " + value + "\n  zorro.yield %o : " + value + "\n}";
}

/// One call: dense heads, or all three as columns of one row as a joint product leaves them.
struct Call {
  int64_t batches = 1, heads = 2, queries, keys, d, v;
  bool joint = false;
  float width = 1;

  int64_t row() const { return joint ? heads * (2 * d + v) : 0; }
  Operand operand(int64_t tokens, int64_t size) const {
    if (!joint)
      return Kernel::dense({batches, heads, tokens, size});
    return {{batches, heads, tokens, size}, {tokens * row(), size, row(), 1}};
  }
  Operand result() const { // [batch, tokens, heads · v]
    return {{batches, heads, queries, v}, {queries * heads * v, v, heads * v, 1}};
  }
};

struct Data {
  std::vector<float> q, k, v, o;
  float *qp, *kp, *vp;
  Operand qs, ks, vs, os;

  explicit Data(const Call &c) {
    qs = c.operand(c.queries, c.d);
    ks = c.operand(c.keys, c.d);
    vs = c.operand(c.keys, c.v);
    os = c.result();
    o.assign(c.batches * c.queries * c.heads * c.v + 16, 7);
    if (c.joint) {
      q = randoms(c.batches * std::max(c.queries, c.keys) * c.row(), c.width);
      qp = q.data();
      kp = qp + c.heads * c.d;
      vp = kp + c.heads * c.d;
    } else {
      q = randoms(c.batches * c.heads * c.queries * c.d, c.width, 1);
      k = randoms(c.batches * c.heads * c.keys * c.d, c.width, 2);
      v = randoms(c.batches * c.heads * c.keys * c.v, c.width, 3);
      qp = q.data(), kp = k.data(), vp = v.data();
    }
  }
  Data(const Data &) = delete;
};

inline int64_t at(const Operand &o, int64_t b, int64_t h, int64_t t, int64_t d) {
  return b * o.strides[0] + h * o.strides[1] + t * o.strides[2] + d * o.strides[3];
}

} // namespace zorro::test

#endif // ZORRO_TEST_LOWERING_CPU_ATTENTIONCALLS_H
