//===- Rows.cpp - Normalisations and softmax ---------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A row is read several times from the first-level cache. Sums run over four registers in turn,
// then over the registers, then over the lanes by halves: an order that depends on the row's length
// alone.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Rows.h"

#include "lowering/Cpu/Emitters.h"
#include "lowering/Cpu/KernelFrame.h"
#include "lowering/Cpu/VectorMath.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace zorro;

namespace {

/// Walks over the columns of a row: registers in groups of four, the rest one by one, and a last
/// one that is only partly filled.
class RowWalk {
public:
  RowWalk(Emitter &e, int64_t columns)
      : e(e), lanes(e.lanes), full(columns / lanes), rest(columns % lanes) {}

  /// body(column, count of lanes).
  void each(function_ref<void(Value, int64_t)> body) {
    e.loop(0, full * lanes, lanes, [&](Value c) { body(c, lanes); });
    if (rest)
      body(e.idx(full * lanes), rest);
  }

  /// Folds step(accumulator, column, count) over all registers of the row; gives one register.
  Value reduce(double start, function_ref<Value(Value, Value, int64_t)> step,
               function_ref<Value(Value, Value)> combine) {
    constexpr int64_t ways = 4;
    int64_t grouped = full / ways * ways * lanes;
    Values sums(ways, e.splat(start));
    if (grouped)
      sums = e.loop(e.idx(0), e.idx(grouped), e.idx(ways * lanes), sums,
                    [&](Value c, ValueRange args) {
                      Values next;
                      for (int64_t w = 0; w < ways; ++w)
                        next.push_back(step(args[w], e.add(c, w * lanes), lanes));
                      return next;
                    });
    int64_t way = 0;
    for (int64_t c = grouped; c < full * lanes; c += lanes, ++way)
      sums[way] = step(sums[way], e.idx(c), lanes);
    if (rest)
      sums[way] = step(sums[way], e.idx(full * lanes), rest);
    return combine(combine(sums[0], sums[1]), combine(sums[2], sums[3]));
  }

  Value sum(function_ref<Value(Value, Value, int64_t)> step) {
    return e.sumLanes(reduce(0.0, step, [&](Value a, Value b) { return e.addf(a, b); }));
  }

  /// `value` with `other` in the lanes past the row's end.
  Value keep(Value value, double other, int64_t count) {
    if (count == lanes)
      return value;
    SmallVector<int64_t> mask(lanes);
    for (int64_t i = 0; i < lanes; ++i)
      mask[i] = i < count ? i : lanes;
    return e.shuffle(value, e.splat(other), mask);
  }

private:
  Emitter &e;
  int64_t lanes, full, rest;
};

} // namespace

static void emitNorm(Emitter &e, int64_t columns, bool centred, double eps, const Memory &x,
                     Value from, const Memory &y, Value to, const Memory *scale,
                     const Memory *bias) {
  RowWalk walk(e, columns);
  auto at = [&](Value c, int64_t count) { return e.loadPart(x, e.add(from, c), count); };
  Value mean;
  if (centred) {
    Value sum = walk.sum([&](Value a, Value c, int64_t n) { return e.addf(a, at(c, n)); });
    mean = e.broadcast(e.divf(sum, e.f32(columns)));
  }
  auto centre = [&](Value c, int64_t count) {
    Value value = at(c, count);
    return centred ? walk.keep(e.subf(value, mean), 0.0, count) : value;
  };
  Value squares = walk.sum([&](Value a, Value c, int64_t n) {
    Value d = centre(c, n);
    return e.fma(d, d, a);
  });
  Value variance = e.addf(e.divf(squares, e.f32(columns)), e.f32(eps));
  Value inverse = e.broadcast(e.divf(e.f32(1.0), math::SqrtOp::create(e, variance)));
  walk.each([&](Value c, int64_t count) {
    Value value = e.mulf(centre(c, count), inverse);
    if (scale)
      value = e.mulf(value, e.loadPart(*scale, c, count));
    if (bias)
      value = e.addf(value, e.loadPart(*bias, c, count));
    e.storePart(value, y, e.add(to, c), count);
  });
}

static void emitSoftmax(Emitter &e, int64_t columns, const Memory &x, Value from, const Memory &y,
                        Value to) {
  RowWalk walk(e, columns);
  double infinity = std::numeric_limits<double>::infinity();
  auto larger = [&](Value a, Value b) { return e.maxf(a, b); };
  // A NaN is left out of the maximum and comes back through its own exponential; a row of -inf
  // gives -inf - -inf, which is one too.
  Value top = walk.reduce(
      -infinity,
      [&](Value a, Value c, int64_t n) {
        return e.maxf(walk.keep(e.loadPart(x, e.add(from, c), n), -infinity, n), a);
      },
      larger);
  Value most = e.broadcast(e.maxLanes(top));
  Value sum = walk.sum([&](Value a, Value c, int64_t n) {
    Value p = emitExp(e, e.subf(e.loadPart(x, e.add(from, c), n), most));
    e.storePart(p, y, e.add(to, c), n);
    return e.addf(a, walk.keep(p, 0.0, n));
  });
  Value inverse = e.broadcast(e.divf(e.f32(1.0), sum));
  walk.each([&](Value c, int64_t n) {
    Value place = e.add(to, c);
    e.storePart(e.mulf(e.loadPart(y, place, n), inverse), y, place, n);
  });
}

void zorro::emitRowOperation(Emitter &e, Operation *norm, const Memory &x, Value from,
                             const Memory &y, Value to, const Memory *scale, const Memory *bias) {
  int64_t columns = cast<RankedTensorType>(norm->getResult(0).getType()).getShape().back();
  if (auto op = dyn_cast<LayerNormOp>(norm))
    return emitNorm(e, columns, true, op.getEps().convertToDouble(), x, from, y, to, scale, bias);
  if (auto op = dyn_cast<RMSNormOp>(norm))
    return emitNorm(e, columns, false, op.getEps().convertToDouble(), x, from, y, to, scale, bias);
  emitSoftmax(e, columns, x, from, y, to);
}

//===----------------------------------------------------------------------------------------===//
// The row kernel
//===----------------------------------------------------------------------------------------===//

/// Rows of one task.
static constexpr int64_t kRowsPerTask = 8;

/// Scalars: rows in all, rows of a batch; batch and row stride of x and of the result.
EmittedKernel zorro::emitRow(KernelOp kernel, const CpuTarget &target, OpBuilder &builder) {
  Operation *root = kernel.getRoot();
  if (!isa<LayerNormOp, RMSNormOp, SoftmaxOp>(root))
    return kernel.emitOpError() << "expected a row operation but got " << root->getName();
  auto type = cast<RankedTensorType>(root->getResult(0).getType());
  for (Value operand : root->getOperands())
    if (getArgument(operand) < 0 || !getElementTypeOrSelf(operand.getType()).isF32())
      return kernel.emitOpError() << "expected arguments of type f32 as operands";
  if (type.getRank() < 1 || type.isDynamicDim(type.getRank() - 1))
    return kernel.emitOpError() << "expected a last axis of known size but got " << type;

  Emitter e(root->getLoc(), kernel.getContext(), target.lanes);
  KernelFrame frame(e, builder, kernel, /*tables=*/0, /*scalars=*/6);
  auto memoryOf = [&](Value value) { return value ? &frame.inputs[getArgument(value)] : nullptr; };
  const Memory *scale = nullptr, *bias = nullptr;
  if (auto op = dyn_cast<LayerNormOp>(root)) {
    scale = memoryOf(op.getScale());
    bias = memoryOf(op.getBias());
  } else if (auto op = dyn_cast<RMSNormOp>(root)) {
    scale = memoryOf(op.getScale());
  }
  const Memory &x = *memoryOf(root->getOperand(0));
  Value total = frame.scalars[0], rows = frame.scalars[1];
  Value first = e.mul(frame.begin, kRowsPerTask);
  Value last = e.min(e.mul(frame.end, kRowsPerTask), total);
  e.loop(first, last, e.idx(1), [&](Value m) {
    Value batch = e.div(m, rows), row = e.rem(m, rows);
    auto place = [&](int64_t scalar) {
      return e.add(e.mul(batch, frame.scalars[scalar]), e.mul(row, frame.scalars[scalar + 1]));
    };
    emitRowOperation(e, root, x, place(2), frame.result, place(4), scale, bias);
  });
  return frame.close();
}

FailureOr<LaunchPlan> zorro::planRow(KernelOp kernel, ArrayRef<Operand> inputs,
                                     const Operand &result) {
  Operation *root = kernel.getRoot();
  int64_t argument = getArgument(root->getOperand(0));
  FailureOr<RowStrides> from = getRowStrides(kernel, inputs[argument]);
  FailureOr<RowStrides> to = getRowStrides(kernel, result);
  if (failed(from) || failed(to))
    return failure();
  RowShape shape = getRowShape(result);
  RowStrides strides[] = {*from, *to};
  shape.merge(strides);
  LaunchPlan plan;
  plan.scalars = {shape.batches * shape.rows, shape.rows,       strides[0].batch,
                  strides[0].row,             strides[1].batch, strides[1].row};
  plan.tasks = llvm::divideCeil(shape.batches * shape.rows, kRowsPerTask);
  return plan;
}
