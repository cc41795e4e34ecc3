//===- Attention.cpp - The tasks of an attention kernel ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A task is a block of queries of one head. Its keys and values are read where they lie, or
// gathered into the thread's scratch memory first.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/AttentionBlock.h"

using namespace mlir;
using namespace zorro;

FailureOr<AttentionShape> AttentionShape::get(KernelOp kernel, const CpuTarget &target) {
  auto fail = [&](const Twine &what) -> FailureOr<AttentionShape> {
    return kernel.emitOpError() << "expected " << what;
  };
  AttentionShape shape;
  shape.attention = dyn_cast<AttentionOp>(kernel.getRoot());
  AttentionOp op = shape.attention;
  if (!op)
    return fail("a zorro.attention as the root");
  if (op.getMask())
    return fail("a mask at the call, not in the kernel");
  Value operands[] = {op.getQ(), op.getK(), op.getV()};
  for (auto [i, operand] : llvm::enumerate(operands)) {
    auto type = cast<RankedTensorType>(operand.getType());
    shape.arguments[i] = getArgument(operand);
    if (shape.arguments[i] < 0 || !type.getElementType().isF32() || type.getRank() != 4 ||
        type.isDynamicDim(3))
      return fail("arguments [batch, heads, tokens, head size] of type f32 and known head size");
  }
  if (op.getPadding() && (shape.padding = getArgument(op.getPadding())) < 0)
    return fail("the padding as an argument");
  shape.headSize = cast<RankedTensorType>(op.getQ().getType()).getDimSize(3);
  shape.valueSize = cast<RankedTensorType>(op.getV().getType()).getDimSize(3);
  shape.lanes = target.lanes;
  shape.wideTile = target.avx512 ? 8 : 4;
  shape.narrowTile = target.avx512 ? 16 : 8;
  shape.keyBlock = target.avx512 ? 128 : 64;
  if (ScheduleAttr schedule = kernel.getScheduleAttr()) {
    if (schedule.getTile().size() != 2 || schedule.getTile()[1] != shape.queryBlock() ||
        schedule.getTile()[0] < 1 || schedule.getBlock() < schedule.getTile()[0])
      return fail("a schedule with tiles of " + Twine(shape.queryBlock()) +
                  " queries and blocks of at least one tile of keys");
    shape.wideTile = schedule.getTile()[0];
    shape.keyBlock = schedule.getBlock();
  }
  return shape;
}

/// Copies the keys and values of `intervals` pairs of words from `at` on in `table`, one after the
/// other; a padded key leaves a gap.
static void emitGather(Emitter &e, const AttentionShape &s, const AttentionHead &head,
                       const AttentionWorkspace &work, Value table, Value at, Value intervals) {
  auto copy = [&](const Memory &from, Value source, const Memory &to, Value place, int64_t size) {
    for (int64_t d = 0; d < size; d += s.lanes) {
      int64_t width = std::min(s.lanes, size - d);
      e.storePart(e.loadPart(from, e.add(source, d), width), to, e.add(place, d), width);
    }
  };
  auto copyKey = [&](Value key, Value place, Value end) {
    // Rows that lie pages apart are not foreseen by the machine.
    Value ahead = e.min(e.add(key, 8), e.sub(end, 1));
    Value kAhead = e.add(head.kBase, e.mul(ahead, head.kRow));
    Value vAhead = e.add(head.vBase, e.mul(ahead, head.vRow));
    for (int64_t d = 0; d < s.headSize; d += 16)
      e.prefetch(head.k, e.add(kAhead, d));
    for (int64_t d = 0; d < s.valueSize; d += 16)
      e.prefetch(head.v, e.add(vAhead, d));
    copy(head.k, e.add(head.kBase, e.mul(key, head.kRow)), work.keys, e.mul(place, s.headSize),
         s.headSize);
    copy(head.v, e.add(head.vBase, e.mul(key, head.vRow)), work.values,
         e.mul(place, s.valueSize), s.valueSize);
  };
  e.loop(e.idx(0), intervals, e.idx(1), {e.idx(0)}, [&](Value i, ValueRange args) {
    Value pair = e.add(at, e.mul(i, 2)), done = args[0];
    Value begin = e.word(table, pair), end = e.word(table, e.add(pair, 1));
    e.loop(begin, end, e.idx(1), [&](Value key) {
      Value place = e.add(e.sub(key, begin), done);
      if (s.padding < 0)
        copyKey(key, place, end);
      else
        e.ifThen(e.load(head.padding, e.add(head.paddingBase, key)),
                 [&] { copyKey(key, place, end); });
    });
    return Values{e.add(done, e.sub(end, begin))};
  });
}

EmittedKernel zorro::emitAttention(KernelOp kernel, const CpuTarget &target, OpBuilder &builder) {
  FailureOr<AttentionShape> found = AttentionShape::get(kernel, target);
  if (failed(found))
    return failure();
  const AttentionShape &s = *found;
  Emitter e(s.attention->getLoc(), kernel.getContext(), target.lanes);
  KernelFrame frame(e, builder, kernel, /*tables=*/1, s.scalars());
  AttentionHead head;
  head.q = frame.inputs[s.arguments[0]];
  head.k = frame.inputs[s.arguments[1]];
  head.v = frame.inputs[s.arguments[2]];
  head.o = frame.result;
  if (s.padding >= 0)
    head.padding = frame.inputs[s.padding];
  Value heads = frame.scalars[0], blocks = frame.scalars[1], keys = frame.scalars[2];
  auto bits = arith::TruncIOp::create(
      e, e.getI32Type(), arith::IndexCastOp::create(e, e.getI64Type(), frame.scalars[3]));
  Value scale = e.broadcast(e.bitcast(bits, e.getF32Type()));
  AttentionWorkspace work(frame, s);
  Value table = frame.tables[0];

  // What is gathered stays for the tasks that follow, as long as they read the same.
  e.loop(frame.begin, frame.end, e.idx(1), {e.idx(-1)}, [&](Value task, ValueRange args) {
    Value entry = e.mul(e.rem(task, blocks), AttentionShape::kBlockWords);
    Value outer = e.div(task, blocks), batch = e.div(outer, heads), h = e.rem(outer, heads);
    auto base = [&](int64_t scalar, Value &row) {
      row = frame.scalars[scalar + 2];
      return e.add(e.mul(batch, frame.scalars[scalar]), e.mul(h, frame.scalars[scalar + 1]));
    };
    head.qBase = base(4, head.qRow);
    head.kBase = base(7, head.kRow);
    head.vBase = base(10, head.vRow);
    head.oBase = base(13, head.oRow);
    if (s.padding >= 0)
      head.paddingBase = e.mul(batch, frame.scalars[AttentionShape::kScalars]);
    auto word = [&](AttentionShape::BlockWord i) { return e.word(table, e.add(entry, i)); };
    Value at = word(AttentionShape::kGatherAt), intervals = word(AttentionShape::kGather);
    Value gathered = e.lt(e.idx(0), intervals), key = e.add(e.mul(outer, int64_t(1) << 32), at);
    Value stale = e.both(gathered, e.cmp(arith::CmpIPredicate::ne, key, args[0]));
    e.ifThen(stale, [&] { emitGather(e, s, head, work, table, at, intervals); });
    AttentionHead near = head;
    auto choose = [&](const Memory &copy, int64_t size, Memory &from, Value &base, Value &row) {
      Value cast = memref::CastOp::create(e, from.memref.getType(), copy.memref);
      from.memref = e.select(gathered, cast, from.memref);
      base = e.select(gathered, e.idx(0), base);
      row = e.select(gathered, e.idx(size), row);
    };
    choose(work.keys, s.headSize, near.k, near.kBase, near.kRow);
    choose(work.values, s.valueSize, near.v, near.vBase, near.vRow);
    AttentionQueries all{word(AttentionShape::kFirst),   word(AttentionShape::kCount), table,
                         word(AttentionShape::kSpansAt), word(AttentionShape::kSpans),
                         word(AttentionShape::kEmpty),   scale};
    e.ifThen(
        e.lt(e.idx(2 * s.lanes), all.count),
        [&] { emitAttentionBlock(e, s, head, near, keys, work, AttentionShape::kRegisters, all); },
        [&] {
          e.loop(e.idx(0), all.count, e.idx(s.lanes), [&](Value q) {
            AttentionQueries part = all;
            part.first = e.add(all.first, q);
            part.count = e.min(e.sub(all.count, q), e.idx(s.lanes));
            emitAttentionBlock(e, s, head, near, keys, work, 1, part);
          });
        });
    return Values{e.select(gathered, key, args[0])};
  });
  return frame.close();
}
