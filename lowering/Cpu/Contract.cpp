//===- Contract.cpp - Rows times a packed matrix -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A register tile of rows × columns runs over all of K at once, so the order of every sum depends
// on K alone. Rows are read in place, the matrix in packed panels. Tiles go down a block of rows
// that stays in the second-level cache, while the next panel is fetched; then to the next panel.
//
// Rows are found through a table of offsets that is made once per block: rows past the end repeat
// the last real one when read and are not written.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Contract.h"

#include "lowering/Cpu/Emitters.h"
#include "lowering/Cpu/KernelFrame.h"
#include "lowering/Cpu/Rows.h"
#include "lowering/Cpu/VectorBody.h"
#include "lowering/Cpu/VectorMath.h"

using namespace mlir;
using namespace zorro;

FailureOr<ContractShape> ContractShape::get(KernelOp kernel, const CpuTarget &target) {
  ContractShape shape;
  auto fail = [&](const Twine &what) { return kernel.emitOpError() << "expected " << what; };
  shape.contract = dyn_cast<ContractOp>(kernel.getRoot());
  if (!shape.contract)
    return fail("a zorro.contract as the root"), failure();
  ContractOp contract = shape.contract;
  Value rows = contract.getA();
  if (Operation *norm = rows.getDefiningOp(); norm && isa<LayerNormOp, RMSNormOp>(norm)) {
    shape.norm = norm;
    rows = norm->getOperand(0);
    for (Value operand : norm->getOperands().drop_front())
      if (getArgument(operand) < 0)
        return fail("arguments as operands of the normalisation"), failure();
  }
  shape.rows = getArgument(rows);
  shape.matrix = getArgument(contract.getB());
  for (Value extra : contract.getExtras()) {
    shape.extras.push_back(getArgument(extra));
    auto type = cast<RankedTensorType>(extra.getType());
    if (type.getRank() < 1 || type.getRank() > 3 || type.getShape().back() != contract.getN())
      return fail("epilogue operands with all columns and at most two axes of rows"), failure();
  }
  if (shape.rows < 0 || shape.matrix < 0 || llvm::is_contained(shape.extras, -1))
    return fail("arguments as operands of the contraction"), failure();
  for (Type type : {contract.getA().getType(), contract.getB().getType(), contract.getType()})
    if (!getElementTypeOrSelf(type).isF32())
      return fail("values of type f32 in a contraction"), failure();
  if (contract.getB().getType().hasStaticShape() == false)
    return fail("a matrix of known size"), failure();
  if (contract.getType().getRank() > 3)
    return fail("at most two axes of rows"), failure();
  if (!contract.getEpilogue().empty() &&
      failed(verifyBody(contract.getEpilogue().front(), /*places=*/false)))
    return failure();

  shape.k = contract.getK();
  shape.n = contract.getN();
  shape.tileRows = target.tileRows();
  shape.tileColumns = target.tileColumns();
  shape.panels = llvm::divideCeil(shape.n, shape.tileColumns);
  int64_t blockRows = std::clamp<int64_t>((384 << 10) / (4 * std::max<int64_t>(shape.k, 1)),
                                          6 * shape.tileRows, 256);
  if (ScheduleAttr schedule = kernel.getScheduleAttr()) {
    if (schedule.getTile().size() != 2 || schedule.getTile()[1] != shape.tileColumns ||
        schedule.getTile()[0] < 1 || schedule.getBlock() < 1 || schedule.getUnroll() < 1)
      return fail("a schedule with tiles of " + Twine(shape.tileColumns) + " columns"), failure();
    shape.tileRows = schedule.getTile()[0];
    shape.unroll = schedule.getUnroll();
    blockRows = schedule.getBlock();
  }
  shape.blockStrips = std::max<int64_t>(blockRows / shape.tileRows, 1);
  return shape;
}

namespace {

/// Writes the parts of a contraction's function.
class ContractEmitter {
public:
  ContractEmitter(KernelFrame &frame, const ContractShape &shape)
      : e(frame.e), frame(frame), s(shape), lanes(frame.e.lanes),
        registers(shape.tileColumns / lanes), x(frame.inputs[shape.rows]),
        matrix(frame.inputs[shape.matrix]) {
    Value *next = frame.scalars.data();
    total = *next++;
    rows = *next++;
    groups = *next++;
    auto take = [&] { return std::exchange(next, next + 2); };
    from = take();
    for (size_t i = 0; i < s.extras.size(); ++i)
      extras.push_back(take());
    to = take();
    int64_t blockRows = s.blockStrips * s.tileRows;
    offsets = frame.scratchWords(blockRows * (2 + s.extras.size()));
    tile = frame.scratch(s.tileRows * s.tileColumns);
    if (s.norm)
      normalised = frame.scratch(blockRows * s.k);
  }

  void emit();

private:
  void emitRectangle(Value firstStrip, Value lastStrip, Value firstPanel, Value lastPanel);
  void emitOffsets(Value strip, Value count);
  void emitTile(Value panel, Value nextPanel, Value strip);
  void emitEpilogue(Value panel, Value strip, Value count, int64_t columns);
  /// Part `part` of the table of offsets: 0 rows read, 1 rows written, then the extras.
  Value offset(int64_t part, Value row) {
    return e.add(row, part * s.blockStrips * s.tileRows);
  }

  Emitter &e;
  KernelFrame &frame;
  const ContractShape &s;
  const int64_t lanes, registers;
  const Memory &x, &matrix;
  Value total, rows, groups, offsets;
  Value *from, *to;
  SmallVector<Value *> extras;
  Memory tile, normalised;
};

} // namespace

/// Tasks are strips × groups of panels, strips first. A range of them is cut into rectangles: the
/// rest of a group, whole groups, the beginning of a group.
void ContractEmitter::emit() {
  Value strips = e.ceilDiv(total, e.idx(s.tileRows));
  e.whileBelow(frame.begin, frame.end, [&](Value task) {
    Value group = e.div(task, strips), first = e.rem(task, strips);
    Value left = e.sub(frame.end, task);
    Value whole = e.both(e.eq(first, 0), e.ge(left, strips));
    Value count = e.select(whole, e.div(left, strips), e.idx(1));
    Value last = e.min(strips, e.add(first, left));
    auto panel = [&](Value g) { return e.div(e.mul(g, s.panels), groups); };
    emitRectangle(first, last, panel(group), panel(e.add(group, count)));
    return e.add(task, e.mul(count, e.sub(last, first)));
  });
}

void ContractEmitter::emitRectangle(Value firstStrip, Value lastStrip, Value firstPanel,
                                    Value lastPanel) {
  // Blocks of equal size, so that none is left with a few rows for a whole pass over the panels.
  Value count = e.sub(lastStrip, firstStrip);
  Value blocks = e.ceilDiv(count, e.idx(s.blockStrips));
  Value size = e.ceilDiv(count, blocks);
  e.loop(firstStrip, lastStrip, size, [&](Value begin) {
    Value strips = e.sub(e.min(e.add(begin, size), lastStrip), begin);
    emitOffsets(begin, strips);
    e.loop(firstPanel, lastPanel, e.idx(1), [&](Value panel) {
      Value next = e.add(panel, 1);
      next = e.select(e.lt(next, lastPanel), next, firstPanel);
      e.loop(e.idx(0), strips, e.idx(1), [&](Value strip) {
        emitTile(panel, next, strip);
        Value row = e.mul(e.add(begin, strip), s.tileRows);
        Value real = e.min(e.sub(total, row), e.idx(s.tileRows));
        int64_t rest = s.n % s.tileColumns;
        auto epilogue = [&](int64_t columns) { emitEpilogue(panel, strip, real, columns); };
        if (rest == 0 || s.panels == 1)
          return epilogue(rest ? rest : s.tileColumns);
        e.ifThen(e.eq(panel, s.panels - 1), [&] { epilogue(rest); },
                 [&] { epilogue(s.tileColumns); });
      });
    });
  });
}

void ContractEmitter::emitOffsets(Value strip, Value count) {
  const Memory *scale = nullptr, *bias = nullptr;
  if (s.norm) {
    auto memoryOf = [&](Value v) { return v ? &frame.inputs[getArgument(v)] : nullptr; };
    if (auto op = dyn_cast<LayerNormOp>(s.norm)) {
      scale = memoryOf(op.getScale());
      bias = memoryOf(op.getBias());
    } else {
      scale = memoryOf(cast<RMSNormOp>(s.norm).getScale());
    }
  }
  Value last = e.sub(total, 1), base = e.mul(strip, s.tileRows);
  e.loop(e.idx(0), e.mul(count, s.tileRows), e.idx(1), [&](Value row) {
    Value m = e.min(e.add(base, row), last);
    Value batch = e.div(m, rows), inner = e.rem(m, rows);
    auto place = [&](Value *strides) {
      return e.add(e.mul(batch, strides[0]), e.mul(inner, strides[1]));
    };
    Value source = place(from);
    if (s.norm) {
      Value packed = e.mul(row, s.k);
      emitRowOperation(e, s.norm, x, source, normalised, packed, scale, bias);
      source = packed;
    }
    e.setWord(source, offsets, offset(0, row));
    e.setWord(place(to), offsets, offset(1, row));
    for (auto [i, strides] : llvm::enumerate(extras))
      e.setWord(place(strides), offsets, offset(2 + i, row));
  });
}

void ContractEmitter::emitTile(Value panel, Value nextPanel, Value strip) {
  const Memory &a = s.norm ? normalised : x;
  int64_t steps = s.k / s.unroll;
  Value base = e.mul(panel, s.k * s.tileColumns), row = e.mul(strip, s.tileRows);
  // Each tile fetches its share of the next panel, a line for every unrolled step.
  Value ahead = e.add(e.mul(nextPanel, s.k * s.tileColumns), e.mul(strip, steps * 16));
  Values starts;
  for (int64_t r = 0; r < s.tileRows; ++r)
    starts.push_back(e.word(offsets, offset(0, e.add(row, r))));
  auto step = [&](Value k, Values sums) {
    Value at = e.add(base, e.mul(k, s.tileColumns));
    Values columns;
    for (int64_t v = 0; v < registers; ++v)
      columns.push_back(e.loadVector(matrix, e.add(at, v * lanes)));
    for (int64_t r = 0; r < s.tileRows; ++r) {
      Value scalar = e.broadcast(e.load(a, e.add(starts[r], k)));
      for (int64_t v = 0; v < registers; ++v)
        sums[r * registers + v] = e.fma(scalar, columns[v], sums[r * registers + v]);
    }
    return sums;
  };
  Values sums(s.tileRows * registers, e.splat(0.0));
  if (steps)
    sums = e.loop(e.idx(0), e.idx(steps * s.unroll), e.idx(s.unroll), sums,
                  [&](Value k, ValueRange args) {
                    e.prefetch(matrix, e.add(ahead, e.mul(e.div(k, s.unroll), 16)));
                    Values next(args);
                    for (int64_t u = 0; u < s.unroll; ++u)
                      next = step(e.add(k, u), next);
                    return next;
                  });
  for (int64_t k = steps * s.unroll; k < s.k; ++k)
    sums = step(e.idx(k), sums);
  for (auto [i, sum] : llvm::enumerate(sums))
    e.storeVector(sum, tile, e.idx(i * lanes));
}

void ContractEmitter::emitEpilogue(Value panel, Value strip, Value count, int64_t columns) {
  Value first = e.mul(panel, s.tileColumns), base = e.mul(strip, s.tileRows);
  e.loop(e.idx(0), count, e.idx(1), [&](Value r) {
    Value row = e.add(base, r), at = e.mul(r, s.tileColumns);
    Value target = e.add(e.word(offsets, offset(1, row)), first);
    Values sources;
    for (size_t i = 0; i < extras.size(); ++i)
      sources.push_back(e.add(e.word(offsets, offset(2 + i, row)), first));
    for (int64_t c = 0; c < columns; c += lanes) {
      int64_t width = std::min(lanes, columns - c);
      Values operands = {e.loadVector(tile, e.add(at, c))};
      for (auto [i, source] : llvm::enumerate(sources))
        operands.push_back(e.loadPart(frame.inputs[s.extras[i]], e.add(source, c), width));
      Value value = operands[0];
      ContractOp contract = s.contract;
      if (!contract.getEpilogue().empty())
        value = emitBody(e, contract.getEpilogue().front(), operands, /*wide=*/true);
      e.storePart(value, frame.result, e.add(target, c), width);
    }
  });
}

EmittedKernel zorro::emitContract(KernelOp kernel, const CpuTarget &target, OpBuilder &builder) {
  FailureOr<ContractShape> shape = ContractShape::get(kernel, target);
  if (failed(shape))
    return failure();
  Emitter e(shape->contract.getLoc(), kernel.getContext(), target.lanes);
  KernelFrame frame(e, builder, kernel, /*tables=*/0, shape->scalarCount());
  ContractEmitter(frame, *shape).emit();
  func::FuncOp func = frame.close();
  if (failed(expandMath(func)))
    return failure();
  return func;
}
