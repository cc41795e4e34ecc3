//===- Ptx.h - Runs PTX text on the host, with every access checked ---------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A functional interpreter for the PTX that the kernels are made of, so that they can be tested
// where there is no GPU. It knows no time. It does know what a GPU would let pass in silence:
// bounds, footprints, races in shared memory, asynchronous copies and products that nobody waited
// for, divergent barriers, deadlocks. The first of these ends a run.
//
// CTAs run one after another; the warps of a CTA in turns; the 32 lanes of a warp in lockstep, a
// diverged warp continuing at its lowest program counter. Neither LLVM nor MLIR is needed.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_PTX_H
#define ZORRO_TEST_PTX_PTX_H

#include "Memory.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zorro::ptx {

struct Program;

/// A parameter of a kernel: bytes [offset, offset + size) of Launch::params.
struct Param {
  std::string name;
  uint32_t size = 0;
  uint32_t align = 1;
  uint32_t offset = 0;
};

/// What a kernel's declaration says.
struct Kernel {
  std::string name;
  std::vector<Param> params;
  uint32_t paramBytes = 0;
  /// .maxntid or .reqntid; zeros where neither is given.
  std::array<uint32_t, 3> maxThreads = {0, 0, 0};
  /// Bytes of the .shared variables that have a size.
  uint32_t staticShared = 0;
  uint32_t instructions = 0;
};

/// PTX text, parsed and decoded. Cheap to copy; never changes.
class Module {
public:
  /// Decodes every kernel of `text`. Whatever opcode, modifier or directive is not known is an
  /// error that names the line; nothing is skipped in silence.
  static std::optional<Module> parse(std::string_view text, std::string &error);

  const std::vector<Kernel> &kernels() const;
  /// Null if there is none of this name.
  const Kernel *kernel(std::string_view name) const;
  /// The device address of a .global or .const variable in `memory`, 0 if there is none.
  uint64_t global(std::string_view name, Memory &memory) const;

  const Program &program() const { return *program_; }

private:
  std::shared_ptr<const Program> program_;
};

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
};

struct Launch {
  Dim3 grid, block;
  uint32_t dynamicShared = 0;
  std::vector<uint8_t> params;
  /// Called before each CTA, for instance to declare what this one may touch.
  std::function<void(Dim3)> beforeCta;
  /// If set, only CTAs for which it holds are run.
  std::function<bool(Dim3)> select;
  /// Warp instructions that one CTA may take before the run is given up.
  uint64_t limit = 2'000'000'000;

  /// Appends a parameter at its natural alignment (or at `align`, for structs).
  template <typename T> Launch &add(const T &value, size_t align = alignof(T)) {
    size_t at = (params.size() + align - 1) / align * align;
    params.resize(at + sizeof(T));
    std::memcpy(params.data() + at, &value, sizeof(T));
    return *this;
  }
};

/// What a run did, over all its CTAs.
struct Statistics {
  uint64_t warpInstructions = 0;
  uint64_t laneInstructions = 0;
  /// Warp instructions of each opcode, modifiers included ("ld.global.v4.b32").
  std::map<std::string, uint64_t> opcodes;
  /// Of each opcode that touches shared memory: phases beyond what its bytes need.
  std::map<std::string, uint64_t> bankConflicts;

  uint64_t conflicts() const;
  /// Warp instructions of all opcodes that begin like this.
  uint64_t count(std::string_view prefix) const;
};

/// Runs `kernel` over its whole grid. Nothing is returned, and `error` says what, where (kernel,
/// CTA, thread) and on which line of the PTX, if anything was wrong.
std::optional<Statistics> run(const Module &module, std::string_view kernel, const Launch &launch,
                              Memory &memory, std::string &error);

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_PTX_H
