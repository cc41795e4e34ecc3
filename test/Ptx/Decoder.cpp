//===- Decoder.cpp - From a parsed statement to an instruction ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Decoder.h"

#include <algorithm>

namespace zorro::ptx {

Type typeNamed(std::string_view name) {
  static const std::unordered_map<std::string_view, Type> kTypes = {
      {"pred", Type::Pred},   {"b8", Type::B8},         {"b16", Type::B16},
      {"b32", Type::B32},     {"b64", Type::B64},       {"b128", Type::B128},
      {"u8", Type::U8},       {"u16", Type::U16},       {"u32", Type::U32},
      {"u64", Type::U64},     {"s8", Type::S8},         {"s16", Type::S16},
      {"s32", Type::S32},     {"s64", Type::S64},       {"f16", Type::F16},
      {"bf16", Type::BF16},   {"f32", Type::F32},       {"f64", Type::F64},
      {"f16x2", Type::F16x2}, {"bf16x2", Type::BF16x2}, {"u16x2", Type::U16x2},
      {"s16x2", Type::S16x2}, {"tf32", Type::TF32}};
  auto found = kTypes.find(name);
  return found == kTypes.end() ? Type::None : found->second;
}

unsigned bytesOf(Type type) {
  switch (type) {
  case Type::None:
  case Type::Pred:
    return 0;
  case Type::B8:
  case Type::U8:
  case Type::S8:
    return 1;
  case Type::B16:
  case Type::U16:
  case Type::S16:
  case Type::F16:
  case Type::BF16:
    return 2;
  case Type::B64:
  case Type::U64:
  case Type::S64:
  case Type::F64:
    return 8;
  case Type::B128:
    return 16;
  default:
    return 4;
  }
}

bool isSigned(Type type) {
  return type == Type::S8 || type == Type::S16 || type == Type::S32 || type == Type::S64;
}

bool isFloat(Type type) { return type >= Type::F16 && type <= Type::BF16x2; }

uint32_t KernelBuilder::allocate(unsigned bytes) {
  uint32_t offset = code.fileBytes;
  code.fileBytes += std::max(64u, bytes * kLanes);
  return offset;
}

uint32_t KernelBuilder::constant(Constant::Kind kind, uint64_t value, unsigned bytes) {
  if (bytes < 8 && kind == Constant::kValue)
    value &= (uint64_t(1) << 8 * bytes) - 1;
  auto [place, fresh] = constants_.try_emplace({kind, value, bytes}, 0);
  if (fresh) {
    place->second = allocate(bytes);
    code.constants.push_back({kind, uint8_t(bytes), place->second, value});
  }
  return place->second;
}

bool KernelBuilder::special(const std::string &name, Operand &operand) {
  static const std::unordered_map<std::string, std::pair<Special, unsigned>> kSpecials = {
      {"%tid.x", {kTidX, 4}},
      {"%tid.y", {kTidY, 4}},
      {"%tid.z", {kTidZ, 4}},
      {"%ntid.x", {kNtidX, 4}},
      {"%ntid.y", {kNtidY, 4}},
      {"%ntid.z", {kNtidZ, 4}},
      {"%ctaid.x", {kCtaidX, 4}},
      {"%ctaid.y", {kCtaidY, 4}},
      {"%ctaid.z", {kCtaidZ, 4}},
      {"%nctaid.x", {kNctaidX, 4}},
      {"%nctaid.y", {kNctaidY, 4}},
      {"%nctaid.z", {kNctaidZ, 4}},
      {"%laneid", {kLaneid, 4}},
      {"%warpid", {kWarpid, 4}},
      {"%nwarpid", {kNwarpid, 4}},
      {"%smid", {kSmid, 4}},
      {"%clock", {kClock, 4}},
      {"%clock64", {kClock, 8}},
      {"%globaltimer", {kClock, 8}},
      {"%lanemask_eq", {kLanemaskEq, 4}},
      {"%lanemask_lt", {kLanemaskLt, 4}},
      {"%lanemask_le", {kLanemaskLe, 4}},
      {"%lanemask_gt", {kLanemaskGt, 4}},
      {"%lanemask_ge", {kLanemaskGe, 4}},
      {"%dynamic_smem_size", {kDynamicSmem, 4}},
      {"%total_smem_size", {kTotalSmem, 4}},
      // A cluster is one CTA.
      {"%cluster_ctarank", {kSmid, 4}},
      {"%cluster_ctaid.x", {kSmid, 4}},
      {"%clusterid.x", {kCtaidX, 4}}};
  auto found = kSpecials.find(name);
  if (found == kSpecials.end())
    return false;
  operand.kind = Operand::kRegister;
  operand.bytes = found->second.second;
  operand.offset = constant(Constant::kSpecial, found->second.first, operand.bytes);
  return true;
}

int KernelBuilder::variable(const std::string &name) const {
  auto found = variables.find(name);
  return found == variables.end() ? -1 : int(found->second);
}

uint64_t KernelBuilder::place(unsigned index) {
  auto [entry, fresh] = places_.try_emplace(index, 0);
  if (fresh) {
    const Variable &variable = program.variables[index];
    uint32_t &used = variable.space == Space::Local ? code.localBytes : code.info.staticShared;
    uint64_t base = variable.space == Space::Local ? 0 : kSharedBase;
    uint64_t at = (base + used + variable.align - 1) / variable.align * variable.align;
    used = uint32_t(at - base + variable.size);
    entry->second = at;
  }
  return entry->second;
}

const Param *KernelBuilder::param(const std::string &name) const {
  for (const Param &param : code.info.params)
    if (param.name == name)
      return &param;
  return nullptr;
}

Decoder::Decoder(KernelBuilder &builder, const std::string &opcode, std::vector<Operand> operands)
    : builder(builder), operands(std::move(operands)) {
  size_t start = 0;
  while (true) {
    size_t dot = opcode.find('.', start);
    std::string part = opcode.substr(start, dot == std::string::npos ? dot : dot - start);
    if (start == 0)
      base = part;
    else
      modifiers.push_back(part);
    if (dot == std::string::npos)
      break;
    start = dot + 1;
  }
}

bool Decoder::fail(const std::string &what) {
  if (error_.empty())
    error_ = what;
  return false;
}

bool Decoder::decode() {
  static const DecodeTable kTable = [] {
    DecodeTable table;
    for (auto add :
         {addArithmetic, addFloats, addBits, addCompare, addConvert, addMoves, addLoads, addAtomics,
          addControl, addWarp, addCopies, addProducts, addBulk, addWarpgroup})
      add(table);
    return table;
  }();
  auto found = kTable.find(base);
  if (found == kTable.end())
    return fail("unknown opcode '" + base + "'");
  bool good = found->second(*this);
  if (failed())
    return false;
  if (!good || !inst.run)
    return fail("unknown form of '" + base + "'");
  if (!modifiers.empty())
    return fail("unknown modifier '." + modifiers.front() + "' of '" + base + "'");
  return true;
}

bool Decoder::take(std::string_view modifier) {
  auto found = std::find(modifiers.begin(), modifiers.end(), modifier);
  if (found == modifiers.end())
    return false;
  modifiers.erase(found);
  return true;
}

std::string Decoder::takeAny(std::initializer_list<std::string_view> names) {
  std::string last;
  for (std::string_view name : names)
    if (take(name))
      last = name;
  return last;
}

Type Decoder::takeType() {
  for (size_t i = 0; i < modifiers.size(); ++i)
    if (Type type = typeNamed(modifiers[i]); type != Type::None) {
      modifiers.erase(modifiers.begin() + long(i));
      return type;
    }
  return Type::None;
}

std::string Decoder::takePrefix(std::string_view prefix) {
  for (size_t i = 0; i < modifiers.size(); ++i)
    if (modifiers[i].compare(0, prefix.size(), prefix) == 0) {
      std::string rest = modifiers[i].substr(prefix.size());
      modifiers.erase(modifiers.begin() + long(i));
      return rest;
    }
  return "";
}

bool Decoder::expectOperands(size_t least, size_t most) {
  most = std::max(least, most);
  if (operands.size() >= least && operands.size() <= most)
    return true;
  return fail("expected " + std::to_string(least) + " operands but got " +
              std::to_string(operands.size()));
}

uint32_t Decoder::source(const Operand &operand, unsigned bytes) {
  switch (operand.kind) {
  case Operand::kRegister:
    if (operand.bytes != bytes) {
      fail("expected a register of " + std::to_string(bytes) +
           " bytes (0: a predicate) but got one of " + std::to_string(operand.bytes));
      return 0;
    }
    inst.reads.push_back(operand.offset);
    return operand.offset;
  case Operand::kImmediate:
    if (operand.floatBits && operand.floatBits != bytes * 8) {
      fail("expected a constant of " + std::to_string(bytes * 8) + " bits but got one of " +
           std::to_string(operand.floatBits));
      return 0;
    }
    if (!bytes) // a predicate: one bit for each lane
      return builder.constant(Constant::kValue, operand.value & 1 ? kAllLanes : 0, 4);
    return builder.constant(Constant::kValue, operand.value, bytes);
  case Operand::kSymbol: {
    if (const Param *param = builder.param(operand.name))
      return builder.constant(Constant::kValue, param->offset, bytes);
    int index = builder.variable(operand.name);
    if (index < 0) {
      fail("unknown name '" + operand.name + "'");
      return 0;
    }
    const Variable &variable = builder.program.variables[unsigned(index)];
    if (variable.space == Space::Global) {
      if (bytes != 8) {
        fail("expected 8 bytes for the address of '" + operand.name + "'");
        return 0;
      }
      return builder.constant(Constant::kGlobal, uint64_t(index) << 32, bytes);
    }
    if (variable.dynamic) {
      builder.code.dynamicAlign = std::max(builder.code.dynamicAlign, variable.align);
      return builder.constant(Constant::kDynamicShared, 0, bytes);
    }
    return builder.constant(Constant::kValue, builder.place(unsigned(index)), bytes);
  }
  default:
    fail("expected a register or a constant");
    return 0;
  }
}

uint32_t Decoder::target(const Operand &operand, unsigned bytes) {
  if (operand.kind == Operand::kSink)
    return builder.allocate(std::max(bytes, 4u));
  if (operand.kind != Operand::kRegister || operand.bytes != bytes) {
    fail("expected a register of " + std::to_string(bytes) + " bytes (0: a predicate)");
    return 0;
  }
  inst.writes.push_back(operand.offset);
  return operand.offset;
}

uint64_t Decoder::immediate(size_t index) {
  if (index >= operands.size() || operands[index].kind != Operand::kImmediate) {
    fail("expected a constant as operand " + std::to_string(index + 1));
    return 0;
  }
  return operands[index].value;
}

void Decoder::address(const Operand &operand, unsigned slot, Space space, bool second) {
  if (operand.kind != Operand::kAddress || operand.parts.empty()) {
    fail("expected an address in brackets");
    return;
  }
  const Operand &base = operand.parts[0];
  unsigned bytes = base.kind == Operand::kRegister ? base.bytes : 8;
  if (bytes != 4 && bytes != 8) {
    fail("expected an address of 32 or 64 bits");
    return;
  }
  if (bytes == 4 && (space == Space::Global || space == Space::Generic)) {
    fail("expected an address of 64 bits");
    return;
  }
  if (base.kind == Operand::kSymbol && !builder.param(base.name)) {
    int index = builder.variable(base.name);
    if (index >= 0 && builder.program.variables[unsigned(index)].space != space) {
      fail("'" + base.name + "' lies in another space");
      return;
    }
  } else if (base.kind == Operand::kSymbol && space != Space::Param) {
    fail("'" + base.name + "' is a parameter");
    return;
  }
  inst.op[slot] = source(base, bytes);
  (second ? inst.wide2 : inst.wide) = bytes == 8;
  (second ? inst.offset2 : inst.offset) = int64_t(operand.value);
}

void Decoder::sources(const Operand &vector, unsigned bytes, size_t count) {
  if (vector.kind != Operand::kVector || vector.parts.size() != count) {
    fail("expected a vector of " + std::to_string(count));
    return;
  }
  for (const Operand &part : vector.parts)
    inst.list.push_back(source(part, bytes));
}

void Decoder::targets(const Operand &vector, unsigned bytes, size_t count) {
  if (vector.kind != Operand::kVector || vector.parts.size() != count) {
    fail("expected a vector of " + std::to_string(count));
    return;
  }
  for (const Operand &part : vector.parts)
    inst.list.push_back(target(part, bytes));
}

} // namespace zorro::ptx
