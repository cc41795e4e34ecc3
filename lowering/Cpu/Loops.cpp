//===- Loops.cpp - Maps, moves and reductions --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A loop nest of known rank and body over sizes and strides that come with the launch. Tasks are
// the outer parallel loops times chunks of the inner one. The inner loop runs on registers where
// the result's elements are neighbours and every input's are neighbours or all the same, which is
// asked at run time; else on scalars. Reductions run in loop order for every element on its own, so
// both ways give the same bits.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Loops.h"

#include "lowering/Cpu/KernelFrame.h"
#include "lowering/Cpu/VectorBody.h"
#include "lowering/Cpu/VectorMath.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;

int64_t LoopsShape::scalarCount() const {
  int64_t count = rank + 2 + rank * (inputs.size() + 1);
  auto kernel = linalg::LinalgOp(op)->getParentOfType<KernelOp>();
  Block *body = &kernel.getBody().front();
  for (int64_t argument : gathered)
    count += cast<RankedTensorType>(body->getArgument(argument).getType()).getRank();
  return count;
}

FailureOr<LoopsShape> LoopsShape::get(KernelOp kernel) {
  LoopsShape shape;
  auto fail = [&](const Twine &what) -> FailureOr<LoopsShape> {
    return kernel.emitOpError() << "expected " << what;
  };
  if (!isa<linalg::GenericOp, linalg::CopyOp>(kernel.getRoot()))
    return fail("a linalg.generic or linalg.copy as the root");
  linalg::LinalgOp op = shape.op = cast<linalg::LinalgOp>(kernel.getRoot());
  if (op.getNumDpsInits() != 1)
    return fail("one result");
  shape.rank = op.getNumLoops();
  if (shape.rank > 8)
    return fail("at most 8 loops but got " + Twine(shape.rank));

  AffineMap resultMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!resultMap.isProjectedPermutation())
    return fail("a result indexed by loops");
  if (resultMap.getNumResults())
    shape.inner = resultMap.getDimPosition(resultMap.getNumResults() - 1);
  for (auto [i, type] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (type == utils::IteratorType::reduction)
      shape.reductions.push_back(i);
    else if (i != shape.inner)
      shape.outer.push_back(i);
    if ((type == utils::IteratorType::parallel) != resultMap.isFunctionOfDim(i))
      return fail("a result with all parallel loops and no others");
  }

  for (OpOperand *operand : op.getDpsInputOperands()) {
    int64_t argument = getArgument(operand->get());
    BlockArgument scalar = op.getMatchingBlockArgument(operand);
    bool unread = operand->get().getDefiningOp<tensor::EmptyOp>() && scalar.use_empty();
    if (argument < 0 && !unread)
      return fail("arguments as inputs");
    shape.inputs.push_back(argument);
  }
  WalkResult walk = op.getBlock()->walk([&](tensor::ExtractOp extract) {
    int64_t argument = getArgument(extract.getTensor());
    if (argument < 0)
      return WalkResult::interrupt();
    if (!llvm::is_contained(shape.gathered, argument))
      shape.gathered.push_back(argument);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return fail("arguments as gathered tensors");
  if (failed(verifyBody(*op.getBlock(), /*places=*/true)))
    return failure();

  Value init = op.getDpsInits()[0];
  if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
    auto value = fill.getInputs()[0].getDefiningOp<arith::ConstantOp>();
    if (!value)
      return fail("a destination filled with a constant");
    shape.start = value.getValue();
  }
  return shape;
}

namespace {

/// Writes the loops of one kernel.
class LoopsEmitter {
public:
  LoopsEmitter(KernelFrame &frame, const LoopsShape &shape)
      : e(frame.e), frame(frame), s(shape), op(shape.op) {
    const Value *next = frame.scalars.data();
    auto take = [&](int64_t count) { return std::exchange(next, next + count); };
    sizes = take(s.rank);
    chunk = *take(1);
    chunks = *take(1);
    for (size_t i = 0; i < s.inputs.size(); ++i)
      inputStrides.push_back(take(s.rank));
    resultStrides = take(s.rank);
    auto kernel = op->getParentOfType<KernelOp>();
    for (int64_t argument : s.gathered) {
      Value tensor = kernel.getBody().front().getArgument(argument);
      gatherStrides.push_back(take(cast<RankedTensorType>(tensor.getType()).getRank()));
    }
  }

  void emit();

private:
  void emitTask(ArrayRef<Value> digits, Value wide);
  /// Elements [i, i + ways · width) of the inner loop.
  void emitElements(Value i, bool wide, int64_t ways);
  Value emitPlace(Operation *op, ValueRange operands, Value i, bool wide);
  Value emitRead(const Memory &m, Value base, Value stride, Value i, bool wide);
  Value stride(const Value *strides) { return s.inner ? strides[*s.inner] : e.idx(0); }

  Emitter &e;
  KernelFrame &frame;
  const LoopsShape &s;
  linalg::LinalgOp op;
  const Value *sizes, *resultStrides;
  Value chunk, chunks;
  SmallVector<const Value *> inputStrides, gatherStrides;
  // Of the task at hand: the loops' values (those that are set), and where the operands begin.
  SmallVector<Value> position;
  Values bases;
  Value resultBase;
};

} // namespace

void LoopsEmitter::emit() {
  position.assign(s.rank, Value());
  Value wide = e.cmp(arith::CmpIPredicate::eq, stride(resultStrides), e.idx(1));
  for (const Value *strides : inputStrides)
    wide = e.both(wide, e.lt(stride(strides), e.idx(2)));
  if (!s.inner || !isLanewise(*op.getBlock()))
    wide = nullptr;

  // The digits of the first task; from then on they are counted, without a division.
  Values limits;
  for (unsigned loop : s.outer)
    limits.push_back(sizes[loop]);
  limits.push_back(chunks);
  Values digits(limits.size());
  Value left = frame.begin;
  for (int64_t i = limits.size() - 1; i >= 0; --i) {
    digits[i] = i ? e.rem(left, limits[i]) : left;
    left = i ? e.div(left, limits[i]) : left;
  }
  e.loop(frame.begin, frame.end, e.idx(1), digits, [&](Value, ValueRange args) {
    Values now(args), next(args);
    emitTask(now, wide);
    Value carry = e.idx(1);
    for (int64_t i = limits.size() - 1; i >= 0; --i) {
      Value sum = e.add(next[i], carry);
      Value over = e.ge(sum, limits[i]);
      next[i] = e.select(over, e.idx(0), sum);
      carry = e.select(over, carry, e.idx(0));
    }
    return next;
  });
}

void LoopsEmitter::emitTask(ArrayRef<Value> digits, Value wide) {
  auto base = [&](const Value *strides) {
    Value sum = e.idx(0);
    for (auto [i, loop] : llvm::enumerate(s.outer))
      sum = e.add(sum, e.mul(digits[i], strides[loop]));
    return sum;
  };
  for (auto [i, loop] : llvm::enumerate(s.outer))
    position[loop] = digits[i];
  bases.clear();
  for (const Value *strides : inputStrides)
    bases.push_back(base(strides));
  resultBase = base(resultStrides);
  Value begin = e.mul(digits.back(), chunk);
  Value end = s.inner ? e.min(e.add(begin, chunk), sizes[*s.inner]) : e.idx(1);
  if (wide) {
    // Several registers of a reduction at once, since each sum waits for its last step.
    for (int64_t ways = s.isReduction() ? 4 : 1; ways > 0; ways = ways == 4 ? 1 : 0) {
      int64_t width = ways * e.lanes;
      Value count = e.mul(e.div(e.sub(end, begin), width), width);
      Value most = e.select(wide, e.add(begin, count), begin);
      e.loop(begin, most, e.idx(width), [&](Value i) { emitElements(i, /*wide=*/true, ways); });
      begin = most;
    }
  }
  e.loop(begin, end, e.idx(1), [&](Value i) { emitElements(i, /*wide=*/false, 1); });
}

Value LoopsEmitter::emitRead(const Memory &m, Value base, Value stride, Value i, bool wide) {
  if (!wide)
    return e.load(m, e.add(base, e.mul(i, stride)));
  return e.ifValues(
      e.eq(stride, 1), [&] { return Values{e.loadVector(m, e.add(base, i))}; },
      [&] { return Values{e.broadcast(e.load(m, base))}; })[0];
}

Value LoopsEmitter::emitPlace(Operation *op, ValueRange operands, Value i, bool wide) {
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    bool runs = s.inner && index.getDim() == *s.inner;
    Value value = runs ? i : position[index.getDim()];
    if (!wide)
      return value;
    Value all = e.broadcast(value);
    return runs ? e.add(all, vector::StepOp::create(e, e.vec(e.getIndexType()))) : all;
  }
  int64_t argument = getArgument(cast<tensor::ExtractOp>(op).getTensor());
  const Value *strides = gatherStrides[llvm::find(s.gathered, argument) - s.gathered.begin()];
  Value at = e.idx(0);
  for (auto [j, index] : llvm::enumerate(operands.drop_front()))
    at = e.add(at, e.mul(index, strides[j]));
  return e.load(frame.inputs[argument], at);
}

void LoopsEmitter::emitElements(Value i, bool wide, int64_t ways) {
  Block &body = *op.getBlock();
  int64_t width = wide ? e.lanes : 1;
  Values firsts, results;
  for (int64_t w = 0; w < ways; ++w)
    firsts.push_back(e.add(i, w * width));
  auto resultAt = [&](Value first) {
    return e.add(resultBase, wide ? first : e.mul(first, stride(resultStrides)));
  };

  // What every result starts from: a constant, or what lies there if the body reads it.
  for (Value first : firsts) {
    Value value;
    if (s.start) {
      TypedAttr attr = s.start;
      if (wide)
        attr = DenseElementsAttr::get(e.vec(attr.getType()), static_cast<Attribute>(attr));
      value = arith::ConstantOp::create(e, attr);
    } else if (s.isReduction() || !body.getArguments().back().use_empty()) {
      value = wide ? e.loadVector(frame.result, resultAt(first))
                   : e.load(frame.result, resultAt(first));
    }
    results.push_back(value);
  }

  auto step = [&](ArrayRef<Value> starts, Values accumulators) {
    for (int64_t w = 0; w < ways; ++w) {
      Values arguments;
      for (auto [n, argument] : llvm::enumerate(s.inputs)) {
        bool read = argument >= 0 && !body.getArgument(n).use_empty();
        arguments.push_back(read ? emitRead(frame.inputs[argument], starts[n],
                                            stride(inputStrides[n]), firsts[w], wide)
                                 : Value());
      }
      arguments.push_back(accumulators[w]);
      accumulators[w] = emitBody(e, body, arguments, wide, [&](Operation *op, ValueRange operands) {
        return emitPlace(op, operands, firsts[w], wide);
      });
    }
    return accumulators;
  };
  std::function<Values(size_t, ArrayRef<Value>, Values)> nest =
      [&](size_t depth, ArrayRef<Value> starts, Values accumulators) -> Values {
    if (depth == s.reductions.size())
      return step(starts, accumulators);
    unsigned loop = s.reductions[depth];
    return e.loop(e.idx(0), sizes[loop], e.idx(1), accumulators, [&](Value r, ValueRange args) {
      position[loop] = r;
      Values moved;
      for (auto [n, start] : llvm::enumerate(starts))
        moved.push_back(e.add(start, e.mul(r, inputStrides[n][loop])));
      return nest(depth + 1, moved, Values(args));
    });
  };
  results = nest(0, bases, results);
  for (int64_t w = 0; w < ways; ++w)
    if (wide)
      e.storeVector(results[w], frame.result, resultAt(firsts[w]));
    else
      e.store(results[w], frame.result, resultAt(firsts[w]));
}

EmittedKernel zorro::emitLoops(KernelOp kernel, const CpuTarget &target, OpBuilder &builder) {
  FailureOr<LoopsShape> shape = LoopsShape::get(kernel);
  if (failed(shape))
    return failure();
  Emitter e(shape->op.getLoc(), kernel.getContext(), target.lanes);
  KernelFrame frame(e, builder, kernel, /*tables=*/0, shape->scalarCount());
  LoopsEmitter(frame, *shape).emit();
  func::FuncOp func = frame.close();
  if (failed(expandMath(func)))
    return failure();
  return func;
}
