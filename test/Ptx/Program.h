//===- Program.h - Decoded PTX --------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A kernel's instructions are decoded once into structs with a function pointer. Registers are
// byte offsets into a warp's register file, where each register holds its 32 lanes side by side;
// constants and special registers lie in the same file, so that every operand is an offset.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_PROGRAM_H
#define ZORRO_TEST_PTX_PROGRAM_H

#include "Ptx.h"

#include <cstdint>
#include <string>
#include <vector>

namespace zorro::ptx {

constexpr unsigned kLanes = 32;
constexpr uint32_t kAllLanes = 0xFFFFFFFF;

/// Generic addresses: the top byte says which space the rest is an address in.
enum Window : uint64_t { kGlobalWindow = 0, kSharedWindow = 1, kLocalWindow = 2, kParamWindow = 3 };
constexpr unsigned kWindowShift = 56;
/// The first shared address: the system keeps the bytes below it.
constexpr uint32_t kSharedBase = 1024;

enum class Space : uint8_t { Generic, Global, Shared, Local, Param };

struct Warp;
struct Instruction;
using Handler = void (*)(Warp &, const Instruction &, uint32_t mask);

struct Instruction {
  Handler run = nullptr;
  /// Operands as offsets: the target first.
  uint32_t op[6] = {};
  /// Added to the address operand.
  int64_t offset = 0;
  int64_t offset2 = 0;
  /// What else a handler wants to know: sizes, tables, counts.
  uint32_t extra = 0;
  uint32_t extra2 = 0;
  uint32_t target = 0;
  int32_t predicate = -1;
  bool negated = false;
  /// The address operand is 64 bits wide.
  bool wide = false;
  bool wide2 = false;
  Space space = Space::Generic;
  /// Every lane of the warp that has not ended must be here.
  bool collective = false;
  /// The operand, if any, whose lanes must be here.
  int32_t members = -1;
  bool branch = false;
  /// An instruction on products in flight: it looks after their registers itself.
  bool asynchronous = false;
  bool copy = false; ///< a mov between registers
  uint16_t opcode = 0;
  uint32_t line = 0;
  /// Tuples of registers, targets first.
  std::vector<uint32_t> list;
  /// Registers read and written, for what is in flight.
  std::vector<uint32_t> reads, writes;
};

/// A constant of the register file.
struct Constant {
  enum Kind : uint8_t { kValue, kGlobal, kDynamicShared, kSpecial };
  Kind kind = kValue;
  uint8_t bytes = 4;
  uint32_t offset = 0;
  uint64_t value = 0; ///< or the index of the variable, or which special register
};

enum Special : uint8_t {
  kTidX,
  kTidY,
  kTidZ,
  kNtidX,
  kNtidY,
  kNtidZ,
  kCtaidX,
  kCtaidY,
  kCtaidZ,
  kNctaidX,
  kNctaidY,
  kNctaidZ,
  kLaneid,
  kWarpid,
  kNwarpid,
  kSmid,
  kClock,
  kLanemaskEq,
  kLanemaskLt,
  kLanemaskLe,
  kLanemaskGt,
  kLanemaskGe,
  kDynamicSmem,
  kTotalSmem
};

/// A .global, .const or .shared variable.
struct Variable {
  std::string name;
  Space space = Space::Global;
  uint64_t size = 0;
  uint32_t align = 1;
  bool dynamic = false;
  std::vector<uint8_t> bytes;
  /// Addresses of other variables within the bytes: (offset, index).
  std::vector<std::pair<uint64_t, uint32_t>> pointers;
};

struct KernelCode {
  Kernel info;
  std::vector<Instruction> code;
  std::vector<Constant> constants;
  uint32_t fileBytes = 0;
  uint32_t localBytes = 0;
  uint32_t dynamicAlign = 16;
  /// Products are in flight between wgmma.mma_async and wait_group: registers are watched.
  bool watchesRegisters = false;
};

struct Program {
  /// No other program's, ever.
  uint64_t id = 0;
  std::vector<Kernel> kernels;
  std::vector<KernelCode> codes;
  std::vector<Variable> variables;
  std::vector<std::string> opcodes;
  /// The text, line by line, for messages.
  std::vector<std::string> lines;
  std::string target;
};

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_PROGRAM_H
