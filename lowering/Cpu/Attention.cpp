//===- Attention.cpp - Queries in lanes --------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A block of queries lies in the lanes of a few registers. Scores are computed transposed,
// S^T[key][query] = K·Q^T, and so is the output, O^T[column][query] += V^T·P^T: keys and values are
// read as scalars where they lie, one key after the other, so that intervals of keys begin and end
// anywhere and nothing of a masked key is ever read. Only the queries and the outputs are
// transposed. No operation crosses lanes: a row's bits do not depend on its neighbours, nor on the
// number of registers in a block.
//
// Keys are taken in blocks, counted from the start of each interval, with the running maximum m and
// sum l of the online softmax. m starts far below any score but is finite: a block of -inf scores
// then gives zeros, and a row without a key 0 · (1/0), which is NaN.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Attention.h"

#include "lowering/Cpu/KernelFrame.h"
#include "lowering/Cpu/VectorMath.h"

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

namespace {

/// What a call brings: operands with the offsets of one head, and its keys.
struct Head {
  Memory q, k, v, o;
  Value qBase, kBase, vBase, oBase;
  Value qRow, kRow, vRow, oRow; ///< strides from token to token
};

/// Scratch memory of one thread.
struct Workspace {
  Memory queries; ///< [head size][queries], scaled
  Memory outputs; ///< [value size][queries]
  Memory rows;    ///< [queries][value size]
  Memory scores;  ///< [keys of a block][queries]
  Memory keys;    ///< [gathered keys][head size]
  Memory values;  ///< [gathered keys][value size]
};

/// Writes the code for a block of `registers` registers of queries.
class BlockEmitter {
public:
  BlockEmitter(Emitter &e, const AttentionShape &shape, const Head &head, const Workspace &work,
               int64_t registers)
      : e(e), s(shape), head(head), work(work), lanes(shape.lanes), registers(registers),
        queries(registers * lanes), tile(registers == 1 ? s.narrowTile : s.wideTile) {}

  /// `count` queries from `first` on, against `intervals` pairs of words from `at` on in `table`;
  /// if `gathered`, their keys lie one after the other.
  void emit(Value first, Value count, Value table, Value at, Value intervals, Value gathered,
            Value scale);

private:
  void emitQueries(Value first, Value count, Value scale);
  Values emitTile(Value key, Value place, int64_t keys, Values most);
  Values emitScores(Value key, Value count, Values most);
  Values emitWeights(Value count, ArrayRef<Value> most, Values sums);
  void emitValues(Value key, Value count, ArrayRef<Value> decay);
  void emitOutputs(Value first, Value count, ArrayRef<Value> sums);

  Emitter &e;
  const AttentionShape &s;
  const Head &head;
  const Workspace &work;
  int64_t lanes, registers, queries, tile;
};

} // namespace

void BlockEmitter::emitQueries(Value first, Value count, Value scale) {
  Value last = e.sub(count, 1);
  e.loop(0, registers, 1, [&](Value v) {
    Values rows;
    for (int64_t i = 0; i < lanes; ++i) {
      Value row = e.min(e.add(e.mul(v, lanes), i), last);
      rows.push_back(e.add(head.qBase, e.mul(e.add(first, row), head.qRow)));
    }
    auto columns = [&](Value d, int64_t width) {
      Values square;
      for (Value row : rows)
        square.push_back(e.loadPart(head.q, e.add(row, d), width));
      emitTranspose(e, square);
      for (int64_t j = 0; j < width; ++j) {
        Value at = e.add(e.mul(e.add(d, j), queries), e.mul(v, lanes));
        e.storeVector(e.mulf(square[j], scale), work.queries, at);
      }
    };
    int64_t full = s.headSize / lanes * lanes;
    e.loop(0, full, lanes, [&](Value d) { columns(d, lanes); });
    if (s.headSize > full)
      columns(e.idx(full), s.headSize - full);
  });
}

/// Scores of `keys` keys from `key` on go to row `place` of the scratch; gives the new maxima.
Values BlockEmitter::emitTile(Value key, Value place, int64_t keys, Values most) {
  Values rows;
  for (int64_t r = 0; r < keys; ++r)
    rows.push_back(e.add(head.kBase, e.mul(e.add(key, r), head.kRow)));
  auto step = [&](Value d, Values sums) {
    Values q;
    for (int64_t v = 0; v < registers; ++v)
      q.push_back(e.loadVector(work.queries, e.add(e.mul(d, queries), v * lanes)));
    for (int64_t r = 0; r < keys; ++r) {
      Value scalar = e.broadcast(e.load(head.k, e.add(rows[r], d)));
      for (int64_t v = 0; v < registers; ++v)
        sums[r * registers + v] = e.fma(scalar, q[v], sums[r * registers + v]);
    }
    return sums;
  };
  constexpr int64_t unroll = 4;
  int64_t most4 = s.headSize / unroll * unroll;
  Values sums(keys * registers, e.splat(0.0));
  if (most4)
    sums = e.loop(e.idx(0), e.idx(most4), e.idx(unroll), sums, [&](Value d, ValueRange args) {
      Values next(args);
      for (int64_t u = 0; u < unroll; ++u)
        next = step(e.add(d, u), next);
      return next;
    });
  for (int64_t d = most4; d < s.headSize; ++d)
    sums = step(e.idx(d), sums);
  Value at = e.mul(place, queries);
  for (int64_t i = 0; i < keys * registers; ++i) {
    e.storeVector(sums[i], work.scores, e.add(at, i * lanes));
    most[i % registers] = e.maxf(sums[i], most[i % registers]);
  }
  return most;
}

/// Whole tiles, the last one moved back over its predecessor; fewer keys than a tile one by one.
Values BlockEmitter::emitScores(Value key, Value count, Values most) {
  Value fits = e.ge(count, e.idx(tile)), back = e.sub(count, tile);
  most = e.loop(e.idx(0), e.select(fits, count, e.idx(0)), e.idx(tile), most,
                [&](Value t, ValueRange args) {
                  Value place = e.min(t, back);
                  return emitTile(e.add(key, place), place, tile, Values(args));
                });
  return e.loop(e.idx(0), e.select(fits, e.idx(0), count), e.idx(1), most,
                [&](Value t, ValueRange args) {
                  return emitTile(e.add(key, t), t, 1, Values(args));
                });
}

/// Scores become weights, in place; they are added to the sums in the order of the keys.
Values BlockEmitter::emitWeights(Value count, ArrayRef<Value> most, Values sums) {
  return e.unrolledLoop(e.idx(0), count, 4, sums, [&](Value key, ValueRange args) {
    Values next(args);
    for (int64_t v = 0; v < registers; ++v) {
      Value at = e.add(e.mul(key, queries), v * lanes);
      Value weight = emitExp2(e, e.subf(e.loadVector(work.scores, at), most[v]));
      e.storeVector(weight, work.scores, at);
      next[v] = e.addf(next[v], weight);
    }
    return next;
  });
}

void BlockEmitter::emitValues(Value key, Value count, ArrayRef<Value> decay) {
  auto columns = [&](Value d, int64_t width) {
    Values places, sums;
    for (int64_t i = 0; i < width * registers; ++i) {
      places.push_back(e.add(e.mul(e.add(d, i / registers), queries), i % registers * lanes));
      sums.push_back(e.mulf(e.loadVector(work.outputs, places[i]), decay[i % registers]));
    }
    Value base = e.add(head.vBase, d);
    sums = e.unrolledLoop(e.idx(0), count, 4, sums, [&](Value j, ValueRange args) {
      Values next(args), weights;
      for (int64_t v = 0; v < registers; ++v)
        weights.push_back(e.loadVector(work.scores, e.add(e.mul(j, queries), v * lanes)));
      Value row = e.add(base, e.mul(e.add(key, j), head.vRow));
      for (int64_t r = 0; r < width; ++r) {
        Value scalar = e.broadcast(e.load(head.v, e.add(row, r)));
        for (int64_t v = 0; v < registers; ++v)
          next[r * registers + v] = e.fma(scalar, weights[v], next[r * registers + v]);
      }
      return next;
    });
    for (auto [sum, place] : llvm::zip(sums, places))
      e.storeVector(sum, work.outputs, place);
  };
  int64_t full = s.valueSize / tile * tile;
  e.loop(0, full, tile, [&](Value d) { columns(d, tile); });
  if (s.valueSize > full)
    columns(e.idx(full), s.valueSize - full);
}

void BlockEmitter::emitOutputs(Value first, Value count, ArrayRef<Value> sums) {
  int64_t width = llvm::alignTo(s.valueSize, lanes);
  // The scores are no longer needed: their place holds 1/l for the loop over registers.
  for (int64_t v = 0; v < registers; ++v)
    e.storeVector(e.divf(e.splat(1.0), sums[v]), work.scores, e.idx(v * lanes));
  e.loop(0, registers, 1, [&](Value v) {
    Value inverse = e.loadVector(work.scores, e.mul(v, lanes));
    e.loop(0, width, lanes, [&](Value d) {
      Values square;
      for (int64_t j = 0; j < lanes; ++j) {
        Value at = e.add(e.mul(e.add(d, j), queries), e.mul(v, lanes));
        square.push_back(e.mulf(e.loadVector(work.outputs, at), inverse));
      }
      emitTranspose(e, square);
      for (int64_t j = 0; j < lanes; ++j)
        e.storeVector(square[j], work.rows,
                      e.add(e.mul(e.add(e.mul(v, lanes), j), width), d));
    });
  });
  e.loop(e.idx(0), count, e.idx(1), [&](Value r) {
    Value from = e.mul(r, width);
    Value to = e.add(head.oBase, e.mul(e.add(first, r), head.oRow));
    for (int64_t d = 0; d < s.valueSize; d += lanes)
      e.storePart(e.loadVector(work.rows, e.add(from, d)), head.o, e.add(to, d),
                  std::min(lanes, s.valueSize - d));
  });
}

void BlockEmitter::emit(Value first, Value count, Value table, Value at, Value intervals,
                        Value gathered, Value scale) {
  emitQueries(first, count, scale);
  int64_t rows = llvm::alignTo(s.valueSize, lanes);
  e.loop(0, rows * queries, lanes,
         [&](Value i) { e.storeVector(e.splat(0.0), work.outputs, i); });
  Values state(registers, e.splat(-3.0e38));
  state.append(registers, e.splat(0.0));
  state.push_back(e.idx(0)); // keys of the intervals before
  state = e.loop(e.idx(0), intervals, e.idx(1), state, [&](Value i, ValueRange args) {
    Value pair = e.add(at, e.mul(i, 2));
    Value begin = e.word(table, pair), end = e.word(table, e.add(pair, 1));
    Value done = args.back(), length = e.sub(end, begin);
    begin = e.select(gathered, done, begin);
    end = e.add(begin, length);
    Values next = e.loop(begin, end, e.idx(s.keyBlock), args.drop_back(),
                         [&](Value key, ValueRange args) {
      Values before(args.take_front(registers)), sums(args.drop_front(registers));
      Value count = e.min(e.sub(end, key), e.idx(s.keyBlock));
      Values most = emitScores(key, count, before), decay;
      for (int64_t v = 0; v < registers; ++v) {
        decay.push_back(emitExp2(e, e.subf(before[v], most[v])));
        sums[v] = e.mulf(sums[v], decay[v]);
      }
      sums = emitWeights(count, most, sums);
      emitValues(key, count, decay);
      most.append(sums);
      return most;
    });
    next.push_back(e.add(done, length));
    return next;
  });
  emitOutputs(first, count, ArrayRef(state).drop_front(registers));
}

/// Copies the keys and values of all intervals, one after the other.
static void emitGather(Emitter &e, const AttentionShape &s, const Head &head,
                       const Workspace &work, Value table, Value at, Value intervals) {
  auto copy = [&](const Memory &from, Value source, const Memory &to, Value place, int64_t size) {
    for (int64_t d = 0; d < size; d += s.lanes) {
      int64_t width = std::min(s.lanes, size - d);
      e.storePart(e.loadPart(from, e.add(source, d), width), to, e.add(place, d), width);
    }
  };
  e.loop(e.idx(0), intervals, e.idx(1), {e.idx(0)}, [&](Value i, ValueRange args) {
    Value pair = e.add(at, e.mul(i, 2)), done = args[0];
    Value begin = e.word(table, pair), end = e.word(table, e.add(pair, 1));
    e.loop(begin, end, e.idx(1), [&](Value key) {
      Value place = e.add(e.sub(key, begin), done);
      // Rows that lie pages apart are not foreseen by the machine.
      Value ahead = e.min(e.add(key, 8), e.sub(end, 1));
      Value kAhead = e.add(head.kBase, e.mul(ahead, head.kRow));
      Value vAhead = e.add(head.vBase, e.mul(ahead, head.vRow));
      for (int64_t d = 0; d < s.headSize; d += 16)
        e.prefetch(head.k, e.add(kAhead, d));
      for (int64_t d = 0; d < s.valueSize; d += 16)
        e.prefetch(head.v, e.add(vAhead, d));
      copy(head.k, e.add(head.kBase, e.mul(key, head.kRow)), work.keys,
           e.mul(place, s.headSize), s.headSize);
      copy(head.v, e.add(head.vBase, e.mul(key, head.vRow)), work.values,
           e.mul(place, s.valueSize), s.valueSize);
    });
    return Values{e.add(done, e.sub(end, begin))};
  });
}

/// Rows without a live key: the mean of all values, or zeros.
static void emitEmptyRows(Emitter &e, const AttentionShape &s, const Head &head, Value first,
                          Value count, Value keys, bool uniform) {
  int64_t lanes = s.lanes;
  for (int64_t d = 0; d < s.valueSize; d += lanes) {
    int64_t width = std::min(lanes, s.valueSize - d);
    Value value = e.splat(0.0);
    if (uniform) {
      Values sum = e.loop(e.idx(0), keys, e.idx(1), {value}, [&](Value key, ValueRange args) {
        Value at = e.add(e.add(head.vBase, e.mul(key, head.vRow)), d);
        return Values{e.addf(args[0], e.loadPart(head.v, at, width))};
      });
      Value number = arith::SIToFPOp::create(
          e, e.getF32Type(), arith::IndexCastOp::create(e, e.getI64Type(), keys));
      value = e.divf(sum[0], e.broadcast(number));
    }
    e.loop(e.idx(0), count, e.idx(1), [&](Value r) {
      Value at = e.add(e.add(head.oBase, e.mul(e.add(first, r), head.oRow)), d);
      e.storePart(value, head.o, at, width);
    });
  }
}

EmittedKernel zorro::emitAttention(KernelOp kernel, const CpuTarget &target, OpBuilder &builder) {
  FailureOr<AttentionShape> found = AttentionShape::get(kernel, target);
  if (failed(found))
    return failure();
  const AttentionShape &s = *found;
  Emitter e(s.attention->getLoc(), kernel.getContext(), target.lanes);
  KernelFrame frame(e, builder, kernel, /*tables=*/1, AttentionShape::kScalars);
  Head head;
  head.q = frame.inputs[s.arguments[0]];
  head.k = frame.inputs[s.arguments[1]];
  head.v = frame.inputs[s.arguments[2]];
  head.o = frame.result;
  Value heads = frame.scalars[0], blocks = frame.scalars[1], keys = frame.scalars[2];
  auto bits = arith::TruncIOp::create(
      e, e.getI32Type(), arith::IndexCastOp::create(e, e.getI64Type(), frame.scalars[3]));
  Value scale = e.broadcast(e.bitcast(bits, e.getF32Type()));
  int64_t width = llvm::alignTo(s.valueSize, s.lanes), most = s.queryBlock();
  int64_t gatheredKeys = s.gatheredKeys();
  Workspace work{frame.scratch(s.headSize * most),         frame.scratch(width * most),
                 frame.scratch(width * most),              frame.scratch(s.keyBlock * most),
                 frame.scratch(gatheredKeys * s.headSize), frame.scratch(gatheredKeys * s.valueSize)};
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
    auto word = [&](int64_t i) { return e.word(table, e.add(entry, i)); };
    Value first = word(0), count = word(1), at = word(2), intervals = word(3);
    Value gathered = e.eq(word(4), 1), key = e.add(e.mul(outer, int64_t(1) << 32), at);
    Value stale = e.both(gathered, e.cmp(arith::CmpIPredicate::ne, key, args[0]));
    e.ifThen(stale, [&] { emitGather(e, s, head, work, table, at, intervals); });
    Head near = head;
    auto choose = [&](const Memory &copy, int64_t size, Memory &from, Value &base, Value &row) {
      Value cast = memref::CastOp::create(e, from.memref.getType(), copy.memref);
      from.memref = e.select(gathered, cast, from.memref);
      base = e.select(gathered, e.idx(0), base);
      row = e.select(gathered, e.idx(size), row);
    };
    choose(work.keys, s.headSize, near.k, near.kBase, near.kRow);
    choose(work.values, s.valueSize, near.v, near.vBase, near.vRow);
    e.ifThen(
        e.lt(intervals, e.idx(0)),
        [&] {
          e.ifThen(
              e.eq(intervals, AttentionShape::kUniform),
              [&] { emitEmptyRows(e, s, head, first, count, keys, /*uniform=*/true); },
              [&] { emitEmptyRows(e, s, head, first, count, keys, /*uniform=*/false); });
        },
        [&] {
          e.ifThen(
              e.lt(e.idx(2 * s.lanes), count),
              [&] {
                BlockEmitter(e, s, near, work, AttentionShape::kRegisters)
                    .emit(first, count, table, at, intervals, gathered, scale);
              },
              [&] {
                e.loop(e.idx(0), count, e.idx(s.lanes), [&](Value q) {
                  Value left = e.min(e.sub(count, q), e.idx(s.lanes));
                  BlockEmitter(e, s, near, work, 1)
                      .emit(e.add(first, q), left, table, at, intervals, gathered, scale);
                });
              });
        });
    return Values{e.select(gathered, key, args[0])};
  });
  return frame.close();
}
