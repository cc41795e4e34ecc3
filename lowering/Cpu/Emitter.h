//===- Emitter.h - Writing loops and vectors briefly --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A builder for the kernels' code: index arithmetic that folds, loads and stores at linear indices
// of one-dimensional memrefs, loops that take their body as a function.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_EMITTER_H
#define ZORRO_LOWERING_CPU_EMITTER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"

namespace zorro {

using Values = llvm::SmallVector<mlir::Value>;

/// A memory operand: values of `type`, kept as `memref<?xstorage>`; i1 is kept as a byte.
struct Memory {
  mlir::Value memref;
  mlir::Type type;
};

class Emitter : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;

  Emitter(mlir::Location loc, mlir::MLIRContext *context, unsigned lanes)
      : ImplicitLocOpBuilder(loc, context), lanes(lanes) {}

  const unsigned lanes;

  mlir::VectorType vec(Type type) { return mlir::VectorType::get(lanes, type); }
  mlir::VectorType vec() { return vec(getF32Type()); }
  /// The type that values of `type` have in memory.
  Type storage(Type type) { return type.isInteger(1) ? getI8Type() : type; }

  // Index arithmetic.
  Value idx(int64_t value);
  Value add(Value a, Value b) { return fold<mlir::arith::AddIOp>(a, b); }
  Value add(Value a, int64_t b) { return b ? add(a, idx(b)) : a; }
  Value sub(Value a, Value b) { return fold<mlir::arith::SubIOp>(a, b); }
  Value sub(Value a, int64_t b) { return sub(a, idx(b)); }
  Value mul(Value a, Value b) { return fold<mlir::arith::MulIOp>(a, b); }
  Value mul(Value a, int64_t b) { return b == 1 ? a : mul(a, idx(b)); }
  Value div(Value a, Value b) { return fold<mlir::arith::DivUIOp>(a, b); }
  Value div(Value a, int64_t b) { return b == 1 ? a : div(a, idx(b)); }
  Value rem(Value a, Value b) { return fold<mlir::arith::RemUIOp>(a, b); }
  Value ceilDiv(Value a, Value b) { return div(sub(add(a, b), 1), b); }
  Value min(Value a, Value b) { return fold<mlir::arith::MinSIOp>(a, b); }
  Value max(Value a, Value b) { return fold<mlir::arith::MaxSIOp>(a, b); }
  Value cmp(mlir::arith::CmpIPredicate p, Value a, Value b) {
    return createOrFold<mlir::arith::CmpIOp>(p, a, b);
  }
  Value eq(Value a, int64_t b) { return cmp(mlir::arith::CmpIPredicate::eq, a, idx(b)); }
  Value lt(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::slt, a, b); }
  Value ge(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::sge, a, b); }
  Value both(Value a, Value b) { return fold<mlir::arith::AndIOp>(a, b); }
  Value either(Value a, Value b) { return fold<mlir::arith::OrIOp>(a, b); }
  Value select(Value p, Value a, Value b) { return createOrFold<mlir::arith::SelectOp>(p, a, b); }

  // Floating point: scalars and vectors alike.
  Value f32(double value);
  Value splat(double value);         ///< a register of one f32 constant
  Value splatBits(int32_t value);    ///< a register of one i32 constant
  Value constant(Type type, double value);
  Value broadcast(Value scalar);
  Value addf(Value a, Value b) { return fold<mlir::arith::AddFOp>(a, b); }
  Value subf(Value a, Value b) { return fold<mlir::arith::SubFOp>(a, b); }
  Value mulf(Value a, Value b) { return fold<mlir::arith::MulFOp>(a, b); }
  Value divf(Value a, Value b) { return fold<mlir::arith::DivFOp>(a, b); }
  Value fma(Value a, Value b, Value c);
  /// a where a > b, else b: a single instruction, and a NaN in `a` is left out.
  Value maxf(Value a, Value b);
  Value cmpf(mlir::arith::CmpFPredicate p, Value a, Value b) {
    return mlir::arith::CmpFOp::create(*this, p, a, b);
  }
  Value bitcast(Value value, Type type);

  // Memory, at linear indices.
  Value load(const Memory &m, Value index);
  Value loadVector(const Memory &m, Value index);
  void store(Value value, const Memory &m, Value index);
  void storeVector(Value value, const Memory &m, Value index);
  /// The first `count` lanes only; the others read as zero and are not written.
  Value loadPart(const Memory &m, Value index, int64_t count);
  void storePart(Value value, const Memory &m, Value index, int64_t count);
  void prefetch(const Memory &m, Value index);

  /// Index `index` of an array of words.
  Value word(Value memref, Value index) {
    return mlir::memref::LoadOp::create(*this, memref, index);
  }
  void setWord(Value value, Value memref, Value index) {
    mlir::memref::StoreOp::create(*this, value, memref, index);
  }

  // Control flow.
  using Body = llvm::function_ref<Values(Value, mlir::ValueRange)>;
  Values loop(Value begin, Value end, Value step, mlir::ValueRange init, Body body);
  void loop(Value begin, Value end, Value step, llvm::function_ref<void(Value)> body);
  void loop(int64_t begin, int64_t end, int64_t step, llvm::function_ref<void(Value)> body) {
    loop(idx(begin), idx(end), idx(step), body);
  }
  /// `unroll` steps of one at a time, then one by one: the same order of operations as a plain loop.
  Values unrolledLoop(Value begin, Value end, int64_t unroll, mlir::ValueRange init, Body body);
  void ifThen(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr);
  Values ifValues(Value condition, llvm::function_ref<Values()> then,
                  llvm::function_ref<Values()> otherwise);
  /// Runs `body` while state < end; body returns the next state.
  void whileBelow(Value begin, Value end, llvm::function_ref<Value(Value)> body);
  /// Runs `body` while `condition` holds for the state; gives the last state.
  Values whileLoop(mlir::ValueRange init, llvm::function_ref<Value(mlir::ValueRange)> condition,
                   llvm::function_ref<Values(mlir::ValueRange)> body);

  /// The sum of all lanes, by halves.
  Value sumLanes(Value vector) {
    return halve(vector, [&](Value a, Value b) { return addf(a, b); });
  }
  Value maxLanes(Value vector) {
    return halve(vector, [&](Value a, Value b) { return maxf(a, b); });
  }
  Value shuffle(Value a, Value b, llvm::ArrayRef<int64_t> mask) {
    return mlir::vector::ShuffleOp::create(*this, a, b, mask);
  }

private:
  template <typename Op>
  Value fold(Value a, Value b) {
    return createOrFold<Op>(a, b);
  }
  Value mask(int64_t count);
  Value halve(Value vector, llvm::function_ref<Value(Value, Value)> combine);
};

} // namespace zorro

#endif // ZORRO_LOWERING_CPU_EMITTER_H
