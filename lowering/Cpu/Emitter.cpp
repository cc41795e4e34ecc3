//===- Emitter.cpp - Writing loops and vectors briefly ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Emitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------------------------===//

Value Emitter::idx(int64_t value) { return arith::ConstantIndexOp::create(*this, value); }

Value Emitter::constant(Type type, double value) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  bool lost;
  APFloat number(value);
  number.convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
  TypedAttr attr = FloatAttr::get(element, number);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = DenseElementsAttr::get(vector, number);
  return arith::ConstantOp::create(*this, attr);
}

Value Emitter::f32(double value) { return constant(getF32Type(), value); }
Value Emitter::splat(double value) { return constant(vec(), value); }

Value Emitter::splatBits(int32_t value) {
  VectorType type = vec(getI32Type());
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, value));
}

Value Emitter::broadcast(Value scalar) {
  return vector::BroadcastOp::create(*this, vec(scalar.getType()), scalar);
}

Value Emitter::fma(Value a, Value b, Value c) {
  if (isa<VectorType>(a.getType()))
    return vector::FMAOp::create(*this, a, b, c);
  return math::FmaOp::create(*this, a, b, c);
}

Value Emitter::maxf(Value a, Value b) {
  return arith::SelectOp::create(*this, cmpf(arith::CmpFPredicate::OGT, a, b), a, b);
}

Value Emitter::bitcast(Value value, Type type) {
  return arith::BitcastOp::create(*this, type, value);
}

Value Emitter::halve(Value vector, function_ref<Value(Value, Value)> combine) {
  for (int64_t width = lanes / 2; width >= 1; width /= 2) {
    SmallVector<int64_t> swapped(lanes);
    for (int64_t i = 0; i < lanes; ++i)
      swapped[i] = i ^ width;
    vector = combine(vector, shuffle(vector, vector, swapped));
  }
  return vector::ExtractOp::create(*this, vector, ArrayRef<int64_t>{0});
}

//===----------------------------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------------------------===//

/// From what lies in memory to what is computed with, and back: bytes are booleans, and a number is
/// rounded to what memory holds.
static Value fromStorage(Emitter &e, Value value, Type type) {
  if (!type.isInteger(1))
    return value;
  Value zero = arith::ConstantOp::create(e, e.getZeroAttr(value.getType()));
  return arith::CmpIOp::create(e, arith::CmpIPredicate::ne, value, zero);
}

static Value toStorage(Emitter &e, Value value, Type type) {
  auto vector = dyn_cast<VectorType>(value.getType());
  auto as = [&](Type element) { return vector ? vector.clone(element) : element; };
  if (type.isInteger(1))
    return arith::ExtUIOp::create(e, as(e.getI8Type()), value);
  if (value.getType() == as(type))
    return value;
  return arith::TruncFOp::create(e, as(type), value);
}

Value Emitter::load(const Memory &m, Value index) {
  return fromStorage(*this, memref::LoadOp::create(*this, m.memref, index), m.type);
}

Value Emitter::loadVector(const Memory &m, Value index) {
  Value value = vector::LoadOp::create(*this, vec(storage(m.type)), m.memref, index);
  return fromStorage(*this, value, m.type);
}

void Emitter::store(Value value, const Memory &m, Value index) {
  memref::StoreOp::create(*this, toStorage(*this, value, m.type), m.memref, index);
}

void Emitter::storeVector(Value value, const Memory &m, Value index) {
  vector::StoreOp::create(*this, toStorage(*this, value, m.type), m.memref, index);
}

Value Emitter::mask(int64_t count) {
  SmallVector<bool> bits(lanes, false);
  std::fill_n(bits.begin(), count, true);
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(vec(getI1Type()), bits));
}

Value Emitter::loadPart(const Memory &m, Value index, int64_t count) {
  if (count == lanes)
    return loadVector(m, index);
  VectorType type = vec(storage(m.type));
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(type));
  Value value = vector::MaskedLoadOp::create(*this, type, m.memref, index, mask(count), zero);
  return fromStorage(*this, value, m.type);
}

void Emitter::storePart(Value value, const Memory &m, Value index, int64_t count) {
  if (count == lanes)
    return storeVector(value, m, index);
  vector::MaskedStoreOp::create(*this, m.memref, index, mask(count),
                                toStorage(*this, value, m.type));
}

void Emitter::prefetch(const Memory &m, Value index) {
  memref::PrefetchOp::create(*this, m.memref, index, /*isWrite=*/false, /*localityHint=*/2,
                             /*isDataCache=*/true);
}

//===----------------------------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------------------------===//

Values Emitter::loop(Value begin, Value end, Value step, ValueRange init, Body body) {
  auto loop = scf::ForOp::create(*this, begin, end, step, init);
  OpBuilder::InsertionGuard guard(*this);
  if (init.empty()) {
    setInsertionPoint(loop.getBody()->getTerminator());
    body(loop.getInductionVar(), {});
    return {};
  }
  setInsertionPointToEnd(loop.getBody());
  Values next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(*this, next);
  return Values(loop.getResults());
}

void Emitter::loop(Value begin, Value end, Value step, function_ref<void(Value)> body) {
  loop(begin, end, step, ValueRange(), [&](Value i, ValueRange) {
    body(i);
    return Values();
  });
}

Values Emitter::unrolledLoop(Value begin, Value end, int64_t unroll, ValueRange init, Body body) {
  Value most = add(begin, mul(div(sub(end, begin), unroll), unroll));
  Values state = loop(begin, most, idx(unroll), init, [&](Value i, ValueRange args) {
    Values state(args);
    for (int64_t u = 0; u < unroll; ++u)
      state = body(add(i, u), state);
    return state;
  });
  return loop(most, end, idx(1), state, body);
}

void Emitter::ifThen(Value condition, function_ref<void()> then, function_ref<void()> otherwise) {
  auto op = scf::IfOp::create(*this, condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(op.thenBlock()->getTerminator());
  then();
  if (otherwise) {
    setInsertionPoint(op.elseBlock()->getTerminator());
    otherwise();
  }
}

Values Emitter::ifValues(Value condition, function_ref<Values()> then,
                         function_ref<Values()> otherwise) {
  // The types are known only once the first branch is built, so it is built aside.
  Block thenBlock;
  Values results;
  {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToEnd(&thenBlock);
    results = then();
    scf::YieldOp::create(*this, results);
  }
  auto op = scf::IfOp::create(*this, ValueRange(results).getTypes(), condition,
                              /*addThenBlock=*/true, /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(*this);
  op.thenBlock()->getOperations().splice(op.thenBlock()->end(), thenBlock.getOperations());
  setInsertionPointToEnd(op.elseBlock());
  scf::YieldOp::create(*this, otherwise());
  return Values(op.getResults());
}

void Emitter::whileBelow(Value begin, Value end, function_ref<Value(Value)> body) {
  whileLoop(
      begin, [&](ValueRange state) { return lt(state[0], end); },
      [&](ValueRange state) { return Values{body(state[0])}; });
}

Values Emitter::whileLoop(ValueRange init, function_ref<Value(ValueRange)> condition,
                          function_ref<Values(ValueRange)> body) {
  auto loop = scf::WhileOp::create(*this, init.getTypes(), init);
  OpBuilder::InsertionGuard guard(*this);
  SmallVector<Location> places(init.size(), getLoc());
  Block *before = createBlock(&loop.getBefore(), {}, init.getTypes(), places);
  Value goesOn = condition(before->getArguments());
  scf::ConditionOp::create(*this, goesOn, before->getArguments());
  Block *after = createBlock(&loop.getAfter(), {}, init.getTypes(), places);
  Values next = body(after->getArguments());
  scf::YieldOp::create(*this, next);
  return Values(loop.getResults());
}
