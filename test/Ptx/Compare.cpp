//===- Compare.cpp - setp, set, selp and slct -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

namespace zorro::ptx {

namespace {

enum class Relation : uint8_t { Eq, Ne, Lt, Le, Gt, Ge, Num, Nan };
enum class Combine : uint8_t { None, And, Or, Xor };

/// Bits of extra: the relation, whether it holds for unordered operands, how it is combined.
constexpr uint32_t kUnordered = 16, kCombineShift = 8, kNegate = 1024, kFlush = 2048;

template <typename V> bool holds(Relation relation, bool unordered, V a, V b) {
  bool nan = a != a || b != b;
  switch (relation) {
  case Relation::Eq:
    return nan ? unordered : a == b;
  case Relation::Ne:
    return nan ? unordered : a != b;
  case Relation::Lt:
    return nan ? unordered : a < b;
  case Relation::Le:
    return nan ? unordered : a <= b;
  case Relation::Gt:
    return nan ? unordered : a > b;
  case Relation::Ge:
    return nan ? unordered : a >= b;
  case Relation::Num:
    return !nan;
  case Relation::Nan:
    return nan;
  }
  return false;
}

template <typename T>
uint32_t compare(Warp &warp, const Instruction &i, uint32_t mask, unsigned first) {
  const T *a = warp.reg<T>(i.op[first]), *b = warp.reg<T>(i.op[first + 1]);
  Relation relation = Relation(i.extra & 15);
  bool unordered = i.extra & kUnordered;
  uint32_t result = 0;
  forLanes(mask, [&](unsigned l) {
    auto x = Lane<T>::load(a[l]), y = Lane<T>::load(b[l]);
    if constexpr (std::is_same_v<T, float>)
      if (i.extra & kFlush)
        x = flushed(x), y = flushed(y);
    result |= uint32_t(holds(relation, unordered, x, y)) << l;
  });
  return result;
}

uint32_t combined(Warp &warp, const Instruction &i, uint32_t value, uint32_t operand) {
  uint32_t other = warp.predicate(operand);
  if (i.extra & kNegate)
    other = ~other;
  switch (Combine(i.extra >> kCombineShift & 3)) {
  case Combine::None:
    return value;
  case Combine::And:
    return value & other;
  case Combine::Or:
    return value | other;
  case Combine::Xor:
    return value ^ other;
  }
  return value;
}

/// op: p, q, a, b, c.
template <typename T> void setPredicate(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t value = compare<T>(warp, i, mask, 2);
  uint32_t first = combined(warp, i, value, i.op[4]), second = combined(warp, i, ~value, i.op[4]);
  uint32_t &q = warp.predicate(i.op[1]);
  q = (q & ~mask) | (second & mask);
  uint32_t &p = warp.predicate(i.op[0]);
  p = (p & ~mask) | (first & mask);
}

/// op: d, unused, a, b, c. extra2: what true is.
template <typename T> void setRegister(Warp &warp, const Instruction &i, uint32_t mask) {
  uint32_t value = combined(warp, i, compare<T>(warp, i, mask, 2), i.op[4]);
  uint32_t *d = warp.reg<uint32_t>(i.op[0]);
  forLanes(mask, [&](unsigned l) { d[l] = value >> l & 1 ? i.extra2 : 0; });
}

template <template <typename> class Pick> Handler forType(Type type) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return Pick<uint16_t>::handler;
  case Type::S16:
    return Pick<int16_t>::handler;
  case Type::B32:
  case Type::U32:
    return Pick<uint32_t>::handler;
  case Type::S32:
    return Pick<int32_t>::handler;
  case Type::B64:
  case Type::U64:
    return Pick<uint64_t>::handler;
  case Type::S64:
    return Pick<int64_t>::handler;
  case Type::F32:
    return Pick<float>::handler;
  case Type::F64:
    return Pick<double>::handler;
  case Type::F16:
    return Pick<Half>::handler;
  case Type::BF16:
    return Pick<Bf16>::handler;
  default:
    return nullptr;
  }
}
template <typename T> struct PickPredicate { static constexpr Handler handler = setPredicate<T>; };
template <typename T> struct PickRegister { static constexpr Handler handler = setRegister<T>; };

bool takeRelation(Decoder &decoder, Type type) {
  struct Name {
    const char *name;
    Relation relation;
    bool unordered, floats, integers;
  };
  static const Name kNames[] = {
      {"eq", Relation::Eq, false, true, true},    {"ne", Relation::Ne, false, true, true},
      {"lt", Relation::Lt, false, true, true},    {"le", Relation::Le, false, true, true},
      {"gt", Relation::Gt, false, true, true},    {"ge", Relation::Ge, false, true, true},
      {"lo", Relation::Lt, false, false, true},   {"ls", Relation::Le, false, false, true},
      {"hi", Relation::Gt, false, false, true},   {"hs", Relation::Ge, false, false, true},
      {"equ", Relation::Eq, true, true, false},   {"neu", Relation::Ne, true, true, false},
      {"ltu", Relation::Lt, true, true, false},   {"leu", Relation::Le, true, true, false},
      {"gtu", Relation::Gt, true, true, false},   {"geu", Relation::Ge, true, true, false},
      {"num", Relation::Num, false, true, false}, {"nan", Relation::Nan, true, true, false}};
  for (const Name &name : kNames)
    if ((isFloat(type) ? name.floats : name.integers) && decoder.take(name.name)) {
      decoder.inst.extra |= uint32_t(name.relation) | (name.unordered ? kUnordered : 0);
      return true;
    }
  return false;
}

void takeCombination(Decoder &decoder) {
  std::string how = decoder.takeAny({"and", "or", "xor"});
  Combine combine = how == "and"   ? Combine::And
                    : how == "or"  ? Combine::Or
                    : how == "xor" ? Combine::Xor
                                   : Combine::None;
  decoder.inst.extra |= uint32_t(combine) << kCombineShift;
  if (combine == Combine::None) {
    decoder.expectOperands(3);
    decoder.inst.op[4] = decoder.builder.constant(Constant::kValue, 0, 4);
    return;
  }
  if (!decoder.expectOperands(4))
    return;
  decoder.inst.op[4] = decoder.source(3, Type::Pred);
  if (decoder.operands[3].negated)
    decoder.inst.extra |= kNegate;
}

bool setp(Decoder &decoder) {
  if (decoder.take("ftz"))
    decoder.inst.extra |= kFlush;
  takeCombination(decoder);
  Type type = decoder.takeType();
  decoder.inst.run = forType<PickPredicate>(type);
  if (decoder.failed() || !takeRelation(decoder, type))
    return false;
  decoder.inst.op[0] = decoder.target(0, Type::Pred);
  decoder.inst.op[1] = decoder.operands[0].parts.empty()
                           ? decoder.builder.allocate(4)
                           : decoder.target(decoder.operands[0].parts[0], 0);
  decoder.inst.op[2] = decoder.source(1, type);
  decoder.inst.op[3] = decoder.source(2, type);
  return true;
}

bool set(Decoder &decoder) {
  if (decoder.take("ftz"))
    decoder.inst.extra |= kFlush;
  takeCombination(decoder);
  Type result = decoder.takeType(), type = decoder.takeType();
  if (decoder.failed() || bytesOf(result) != 4 || !takeRelation(decoder, type))
    return false;
  decoder.inst.extra2 = result == Type::F32 ? 0x3F800000 : 0xFFFFFFFF;
  decoder.inst.run = forType<PickRegister>(type);
  decoder.inst.op[0] = decoder.target(0, result);
  decoder.inst.op[2] = decoder.source(1, type);
  decoder.inst.op[3] = decoder.source(2, type);
  return true;
}

template <typename T> void select(Warp &warp, const Instruction &i, uint32_t mask) {
  T *d = warp.reg<T>(i.op[0]);
  const T *a = warp.reg<T>(i.op[1]), *b = warp.reg<T>(i.op[2]);
  uint32_t choice = warp.predicate(i.op[3]);
  forLanes(mask, [&](unsigned l) { d[l] = choice >> l & 1 ? a[l] : b[l]; });
}

bool selp(Decoder &decoder) {
  Type type = decoder.takeType();
  switch (bytesOf(type)) {
  case 2:
    decoder.inst.run = select<uint16_t>;
    break;
  case 4:
    decoder.inst.run = select<uint32_t>;
    break;
  case 8:
    decoder.inst.run = select<uint64_t>;
    break;
  default:
    return false;
  }
  if (!decoder.expectOperands(4))
    return false;
  decoder.inst.op[0] = decoder.target(0, type);
  decoder.inst.op[1] = decoder.source(1, type);
  decoder.inst.op[2] = decoder.source(2, type);
  decoder.inst.op[3] = decoder.source(3, Type::Pred);
  return !decoder.operands[3].negated;
}

} // namespace

void addCompare(DecodeTable &table) {
  table["setp"] = setp;
  table["set"] = set;
  table["selp"] = selp;
}

} // namespace zorro::ptx
