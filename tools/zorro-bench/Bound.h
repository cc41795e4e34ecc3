//===- Bound.h - The least time that launches can take ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A launch takes at least as long as its unit needs for its operations, and as memory needs for
// the bytes that it must touch: the larger of the two bounds it, as in a roofline.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_BENCH_BOUND_H
#define ZORRO_TOOLS_ZORRO_BENCH_BOUND_H

#include "runtime/Core/Zorro.h"
#include "tools/zorro-bench/Roofs.h"

namespace zorro::bench {

class Bound {
public:
  void add(const zorro_launch_desc &launch, Roof unit, Roof memory);
  bool empty() const { return parts.empty(); }

  double seconds(const Rates &rates) const;
  /// What bounds most of that time.
  Roof limit(const Rates &rates) const;
  /// Whether a roof's rate has to be known.
  bool needs(Roof roof) const;

  double operations = 0, bytes = 0;

private:
  struct Part {
    double operations, bytes;
    Roof unit, memory;
    /// Seconds of the one that takes longer.
    std::pair<Roof, double> longest(const Rates &rates) const;
  };
  std::vector<Part> parts;
};

/// What multiplies and adds in a kernel.
Roof unitOf(const zorro_kernel_desc &kernel);

} // namespace zorro::bench

#endif // ZORRO_TOOLS_ZORRO_BENCH_BOUND_H
