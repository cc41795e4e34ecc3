//===- Decoder.h - From a parsed statement to an instruction --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A decoder takes an opcode's modifiers one by one; one that is left over in the end is an error.
// Operands are taken with the width that the type demands; a register of another width is an
// error, too.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_DECODER_H
#define ZORRO_TEST_PTX_DECODER_H

#include "Program.h"

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace zorro::ptx {

enum class Type : uint8_t {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  BF16,
  F32,
  F64,
  F16x2,
  BF16x2,
  U16x2,
  S16x2,
  TF32
};
Type typeNamed(std::string_view name);
unsigned bytesOf(Type type);
bool isSigned(Type type);
bool isFloat(Type type);

struct Operand {
  enum Kind : uint8_t { kNone, kRegister, kImmediate, kSymbol, kAddress, kVector, kSink };
  Kind kind = kNone;
  bool negated = false;
  uint8_t floatBits = 0; ///< of an immediate: 32 or 64 if it was written as a float
  uint32_t offset = 0;
  unsigned bytes = 0; ///< of a register; 0 for a predicate
  uint64_t value = 0; ///< immediate; of an address: what is added
  std::string name;
  /// Elements of a vector; of an address: its base, then what stands beside it; of a pair a|b: b.
  std::vector<Operand> parts;
};

/// What grows while a kernel is parsed.
class KernelBuilder {
public:
  KernelBuilder(Program &program) : program(program) {}

  uint32_t allocate(unsigned bytes);
  uint32_t constant(Constant::Kind kind, uint64_t value, unsigned bytes);
  /// The offset of a special register (32 or 64 bits), or false.
  bool special(const std::string &name, Operand &operand);
  /// Index into Program::variables, -1 if there is none.
  int variable(const std::string &name) const;
  /// Where a .shared or .local variable was put; it is put somewhere if it was not.
  uint64_t place(unsigned index);
  const Param *param(const std::string &name) const;

  Program &program;
  KernelCode code;
  std::unordered_map<std::string, unsigned> variables;

private:
  std::map<std::tuple<int, uint64_t, unsigned>, uint32_t> constants_;
  std::map<unsigned, uint64_t> places_;
};

class Decoder {
public:
  Decoder(KernelBuilder &builder, const std::string &opcode, std::vector<Operand> operands);

  /// Decodes; false if something was not understood, see error().
  bool decode();
  const std::string &error() const { return error_; }
  bool fail(const std::string &what);
  bool failed() const { return !error_.empty(); }

  /// Takes a modifier away, if it is there.
  bool take(std::string_view modifier);
  /// Takes any of these; returns the last that was there or "".
  std::string takeAny(std::initializer_list<std::string_view> modifiers);
  /// Takes the first modifier that names a type.
  Type takeType();
  /// Takes the first modifier that begins like this and returns the rest of it, or "".
  std::string takePrefix(std::string_view prefix);

  size_t operandCount() const { return operands.size(); }
  bool expectOperands(size_t least, size_t most = 0);
  /// Offsets of operands. `bytes` 0 means a predicate.
  uint32_t source(const Operand &operand, unsigned bytes);
  uint32_t target(const Operand &operand, unsigned bytes);
  uint32_t source(size_t index, Type type) { return source(operands[index], bytesOf(type)); }
  uint32_t target(size_t index, Type type) { return target(operands[index], bytesOf(type)); }
  uint64_t immediate(size_t index);
  /// Puts an address into op[slot] and offset (or offset2), says how wide it is, and checks that a
  /// variable in it lies in `space`.
  void address(const Operand &operand, unsigned slot, Space space, bool second = false);
  void sources(const Operand &vector, unsigned bytes, size_t count);
  void targets(const Operand &vector, unsigned bytes, size_t count);

  KernelBuilder &builder;
  Instruction inst;
  std::string base;
  std::vector<std::string> modifiers;
  std::vector<Operand> operands;
  /// Of a branch: the label's name.
  std::string label;

private:
  std::string error_;
};

using Decode = bool (*)(Decoder &);
using DecodeTable = std::unordered_map<std::string_view, Decode>;
void addArithmetic(DecodeTable &table);
void addFloats(DecodeTable &table);
void addBits(DecodeTable &table);
void addCompare(DecodeTable &table);
void addConvert(DecodeTable &table);
void addMoves(DecodeTable &table);
void addLoads(DecodeTable &table);
void addAtomics(DecodeTable &table);
void addControl(DecodeTable &table);
void addWarp(DecodeTable &table);
void addCopies(DecodeTable &table);
void addProducts(DecodeTable &table);
void addBulk(DecodeTable &table);
void addWarpgroup(DecodeTable &table);

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_DECODER_H
