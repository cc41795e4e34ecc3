//===- AttentionBlock.cpp - One block of queries and all its keys ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A block of queries lies in the lanes of a few registers. Scores are computed transposed,
// S^T[key][query] = K·Q^T, and so is the output, O^T[column][query] += V^T·P^T: keys and values are
// read as scalars where they lie, one key after the other. Only the queries and the outputs are
// transposed. No operation crosses lanes: a row's bits do not depend on its neighbours, nor on the
// number of registers in a block.
//
// The keys of a block are collected first, those that padding leaves, as places of rows: what no
// query of the block sees is never read. Where a band is ragged, a query's lane keeps its maximum,
// its sum and its outputs as they were at a key that it does not see.
//
// Blocks of keys follow each other with the running maximum m and sum l of the online softmax. m
// starts far below any score but is finite: a block of -inf scores then gives zeros. A row whose l
// stays 0 saw no key.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/AttentionBlock.h"

#include "lowering/Cpu/VectorMath.h"

#include <limits>

using namespace mlir;
using namespace zorro;

AttentionWorkspace::AttentionWorkspace(KernelFrame &frame, const AttentionShape &s) {
  int64_t width = llvm::alignTo(s.valueSize, s.lanes), queries = s.queryBlock();
  this->queries = frame.scratch(s.headSize * queries);
  outputs = frame.scratch(width * queries);
  rows = frame.scratch(width * (queries + 1));
  scores = frame.scratch(std::max<int64_t>(s.keyBlock, 2) * queries);
  sees = frame.scratchBools(s.keyBlock * queries);
  keys = frame.scratch(s.gatheredKeys() * s.headSize);
  values = frame.scratch(s.gatheredKeys() * s.valueSize);
  keyAt = frame.scratchWords(s.keyBlock);
  valueAt = frame.scratchWords(s.keyBlock);
  numbers = frame.scratchWords(s.keyBlock);
}

namespace {

class BlockEmitter {
public:
  BlockEmitter(Emitter &e, const AttentionShape &shape, const AttentionHead &head,
               const AttentionHead &near, Value keys, const AttentionWorkspace &work,
               int64_t registers, const AttentionQueries &block)
      : e(e), s(shape), head(head), near(near), keys(keys), work(work), block(block),
        lanes(shape.lanes), registers(registers), queries(registers * lanes),
        tile(registers == 1 ? s.narrowTile : s.wideTile) {}

  void emit();

private:
  /// A band's limits, where some query of the block does not see every key.
  struct Band {
    Value low, high;
  };

  void emitQueries();
  Values emitSpan(Value span, ValueRange state);
  Value emitCollect(Value begin, Value end, Value shift, Value count);
  Values emitKeys(Value count, Value full, Band band, ValueRange state);
  Values emitTile(Value place, int64_t keys, Values most);
  Values emitScores(Value count, Values most);
  Values emitRagged(Value count, Band band, Values most);
  Values emitWeights(Value count, ArrayRef<Value> most, Values sums);
  void emitValues(Value count, Value full, ArrayRef<Value> decay);
  void emitEmptyRow(Value at);
  void emitOutputs(ArrayRef<Value> sums);

  Emitter &e;
  const AttentionShape &s;
  const AttentionHead &head, &near;
  Value keys;
  const AttentionWorkspace &work;
  const AttentionQueries &block;
  int64_t lanes, registers, queries, tile;
};

} // namespace

void BlockEmitter::emitQueries() {
  Value last = e.sub(block.count, 1);
  e.loop(0, registers, 1, [&](Value v) {
    Values rows;
    for (int64_t i = 0; i < lanes; ++i) {
      Value row = e.min(e.add(e.mul(v, lanes), i), last);
      rows.push_back(e.add(head.qBase, e.mul(e.add(block.first, row), head.qRow)));
    }
    auto columns = [&](Value d, int64_t width) {
      Values square;
      for (Value row : rows)
        square.push_back(e.loadPart(head.q, e.add(row, d), width));
      emitTranspose(e, square);
      for (int64_t j = 0; j < width; ++j) {
        Value at = e.add(e.mul(e.add(d, j), queries), e.mul(v, lanes));
        e.storeVector(e.mulf(square[j], block.scale), work.queries, at);
      }
    };
    int64_t full = s.headSize / lanes * lanes;
    e.loop(0, full, lanes, [&](Value d) { columns(d, lanes); });
    if (s.headSize > full)
      columns(e.idx(full), s.headSize - full);
  });
}

//===----------------------------------------------------------------------------------------===//
// A block of keys
//===----------------------------------------------------------------------------------------===//

/// Appends the keys of [begin, end) that padding leaves to the `count` collected ones; gives their
/// new number.
Value BlockEmitter::emitCollect(Value begin, Value end, Value shift, Value count) {
  auto put = [&](Value key, Value at) {
    Value row = e.sub(key, shift);
    e.setWord(e.add(near.kBase, e.mul(row, near.kRow)), work.keyAt, at);
    e.setWord(e.add(near.vBase, e.mul(row, near.vRow)), work.valueAt, at);
    e.setWord(key, work.numbers, at);
  };
  if (s.padding < 0) {
    e.loop(begin, end, e.idx(1),
           [&](Value key) { put(key, e.add(count, e.sub(key, begin))); });
    return e.add(count, e.sub(end, begin));
  }
  return e.loop(begin, end, e.idx(1), {count}, [&](Value key, ValueRange args) {
    put(key, args[0]); // the next one overwrites it if it is padded
    Value keep = e.load(head.padding, e.add(head.paddingBase, key));
    return Values{e.add(args[0], arith::IndexCastUIOp::create(e, e.getIndexType(), keep))};
  })[0];
}

/// Scores of `keys` collected keys from number `place` on; gives the new maxima.
Values BlockEmitter::emitTile(Value place, int64_t keys, Values most) {
  Values rows;
  for (int64_t r = 0; r < keys; ++r)
    rows.push_back(e.word(work.keyAt, e.add(place, r)));
  auto step = [&](Value d, Values sums) {
    Values q;
    for (int64_t v = 0; v < registers; ++v)
      q.push_back(e.loadVector(work.queries, e.add(e.mul(d, queries), v * lanes)));
    for (int64_t r = 0; r < keys; ++r) {
      Value scalar = e.broadcast(e.load(near.k, e.add(rows[r], d)));
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
Values BlockEmitter::emitScores(Value count, Values most) {
  Value fits = e.ge(count, e.idx(tile)), back = e.sub(count, tile);
  most = e.loop(e.idx(0), e.select(fits, count, e.idx(0)), e.idx(tile), most,
                [&](Value t, ValueRange args) {
                  return emitTile(e.min(t, back), tile, Values(args));
                });
  return e.loop(e.idx(0), e.select(fits, e.idx(0), count), e.idx(1), most,
                [&](Value t, ValueRange args) { return emitTile(t, 1, Values(args)); });
}

/// Scores that a query's band does not have become -inf; gives the maxima of the others, from
/// `most` on, and notes who sees whom.
Values BlockEmitter::emitRagged(Value count, Band band, Values most) {
  auto narrow = [&](Value word) -> Value {
    return e.broadcast(arith::IndexCastOp::create(e, e.getI32Type(), word));
  };
  Values query; // as the queries of emitQueries: past the last one it repeats
  for (int64_t v = 0; v < registers; ++v) {
    SmallVector<int32_t> lane;
    for (int64_t i = 0; i < lanes; ++i)
      lane.push_back(v * lanes + i);
    Value number = arith::ConstantOp::create(
        e, DenseElementsAttr::get(e.vec(e.getI32Type()), ArrayRef(lane)));
    number = arith::MinSIOp::create(e, number, narrow(e.sub(block.count, 1)));
    query.push_back(arith::AddIOp::create(e, number, narrow(block.first)));
  }
  return e.loop(e.idx(0), count, e.idx(1), most, [&](Value i, ValueRange args) {
    Value key = e.word(work.numbers, i);
    Value least = narrow(e.sub(key, band.high)), last = narrow(e.sub(key, band.low));
    Values next(args);
    for (int64_t v = 0; v < registers; ++v) {
      Value sees = e.both(e.ge(query[v], least), e.ge(last, query[v]));
      Value at = e.add(e.mul(i, queries), v * lanes);
      Value score = e.select(sees, e.loadVector(work.scores, at),
                             e.splat(-std::numeric_limits<double>::infinity()));
      e.storeVector(score, work.scores, at);
      e.storeVector(sees, work.sees, at);
      next[v] = e.maxf(score, next[v]);
    }
    return next;
  });
}

/// Scores become weights, in place; they are added to the sums in the order of the keys. What a
/// query does not see weighs exactly 0.
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

/// Values of keys behind the first `full` reach only the queries that see them: a product with a
/// weight of 0 would bring a NaN along.
void BlockEmitter::emitValues(Value count, Value full, ArrayRef<Value> decay) {
  auto columns = [&](Value d, int64_t width) {
    Values places, sums;
    for (int64_t i = 0; i < width * registers; ++i) {
      places.push_back(e.add(e.mul(e.add(d, i / registers), queries), i % registers * lanes));
      sums.push_back(e.mulf(e.loadVector(work.outputs, places[i]), decay[i % registers]));
    }
    auto addKey = [&](Value j, ValueRange args, bool ragged) {
      Values next(args), weights, sees;
      for (int64_t v = 0; v < registers; ++v) {
        Value at = e.add(e.mul(j, queries), v * lanes);
        weights.push_back(e.loadVector(work.scores, at));
        if (ragged)
          sees.push_back(e.loadVector(work.sees, at));
      }
      Value row = e.add(e.word(work.valueAt, j), d);
      for (int64_t r = 0; r < width; ++r) {
        Value scalar = e.broadcast(e.load(near.v, e.add(row, r)));
        for (int64_t v = 0; v < registers; ++v) {
          Value &sum = next[r * registers + v];
          Value more = e.fma(scalar, weights[v], sum);
          sum = ragged ? e.select(sees[v], more, sum) : more;
        }
      }
      return next;
    };
    sums = e.unrolledLoop(e.idx(0), full, 4, sums, [&](Value j, ValueRange args) {
      return addKey(j, args, /*ragged=*/false);
    });
    sums = e.loop(full, count, e.idx(1), sums, [&](Value j, ValueRange args) {
      return addKey(j, args, /*ragged=*/true);
    });
    for (auto [sum, place] : llvm::zip(sums, places))
      e.storeVector(sum, work.outputs, place);
  };
  int64_t whole = s.valueSize / tile * tile;
  e.loop(0, whole, tile, [&](Value d) { columns(d, tile); });
  if (s.valueSize > whole)
    columns(e.idx(whole), s.valueSize - whole);
}

/// The `count` collected keys, of which all queries see the first `full`.
Values BlockEmitter::emitKeys(Value count, Value full, Band band, ValueRange state) {
  Values before(state.take_front(registers)), sums(state.drop_front(registers)), decay;
  Values most = emitScores(count, before);
  most = e.ifValues(
      e.lt(full, count), [&] { return emitRagged(count, band, before); }, [&] { return most; });
  for (int64_t v = 0; v < registers; ++v) {
    decay.push_back(emitExp2(e, e.subf(before[v], most[v])));
    sums[v] = e.mulf(sums[v], decay[v]);
  }
  sums = emitWeights(count, most, sums);
  emitValues(count, full, decay);
  most.append(sums);
  return most;
}

//===----------------------------------------------------------------------------------------===//
// All keys of a block of queries
//===----------------------------------------------------------------------------------------===//

/// One span of the table. The state is m, l and the number of keys that are collected already.
Values BlockEmitter::emitSpan(Value span, ValueRange state) {
  auto word = [&](AttentionShape::SpanWord which) {
    return e.word(block.table, e.add(span, which));
  };
  Value kind = word(AttentionShape::kKind), from = word(AttentionShape::kFrom);
  Value end = word(AttentionShape::kEnd), full = word(AttentionShape::kFull);
  Value shift = word(AttentionShape::kShift);
  Band band{word(AttentionShape::kLow), word(AttentionShape::kHigh)};
  Value isBand = e.eq(kind, AttentionShape::kBand);
  Value closes = e.eq(kind, AttentionShape::kCloses);

  Values begin{word(AttentionShape::kBegin)};
  llvm::append_range(begin, state);
  Values done = e.whileLoop(
      begin, [&](ValueRange args) { return e.lt(args[0], end); },
      [&](ValueRange args) {
        Value key = args[0], had = args.back();
        ValueRange online = args.drop_front().drop_back();
        Value room = e.sub(e.idx(s.keyBlock),
                           e.select(isBand, e.rem(e.sub(key, from), e.idx(s.keyBlock)), had));
        Value stop = e.min(end, e.add(key, room));
        Value split = e.max(key, e.min(full, stop));
        Value clear = emitCollect(key, split, shift, had);
        Value count = emitCollect(split, stop, shift, clear);
        Value last = e.either(isBand, e.both(closes, e.ge(stop, end)));
        Value ready = e.both(e.lt(e.idx(0), count),
                             e.either(last, e.ge(count, e.idx(s.keyBlock))));
        Values next = e.ifValues(
            ready,
            [&] {
              Values after = emitKeys(count, clear, band, online);
              after.push_back(e.idx(0));
              return after;
            },
            [&] {
              Values same(online);
              same.push_back(count);
              return same;
            });
        next.insert(next.begin(), stop);
        return next;
      });
  return Values(ArrayRef(done).drop_front());
}

/// What a query without a key gives, as a row of the scratch.
void BlockEmitter::emitEmptyRow(Value at) {
  auto is = [&](EmptyRow kind) { return e.eq(block.empty, int64_t(kind)); };
  Value value = e.select(is(EmptyRow::Zero), e.splat(0.0),
                         e.splat(std::numeric_limits<double>::quiet_NaN()));
  for (int64_t d = 0; d < s.valueSize; d += lanes)
    e.storeVector(value, work.rows, e.add(at, d));
  e.ifThen(is(EmptyRow::Uniform), [&] {
    Value number = arith::SIToFPOp::create(
        e, e.getF32Type(), arith::IndexCastOp::create(e, e.getI64Type(), keys));
    for (int64_t d = 0; d < s.valueSize; d += lanes) {
      int64_t width = std::min(lanes, s.valueSize - d);
      Values sum = e.loop(e.idx(0), keys, e.idx(1), {e.splat(0.0)},
                          [&](Value key, ValueRange args) {
        Value from = e.add(e.add(head.vBase, e.mul(key, head.vRow)), d);
        return Values{e.addf(args[0], e.loadPart(head.v, from, width))};
      });
      e.storeVector(e.divf(sum[0], e.broadcast(number)), work.rows, e.add(at, d));
    }
  });
}

void BlockEmitter::emitOutputs(ArrayRef<Value> sums) {
  int64_t width = llvm::alignTo(s.valueSize, lanes);
  // The scores are no longer needed: their place holds 1/l for the loop over registers, and l.
  Value empty = e.splat(0.0);
  for (int64_t v = 0; v < registers; ++v) {
    e.storeVector(e.divf(e.splat(1.0), sums[v]), work.scores, e.idx(v * lanes));
    e.storeVector(sums[v], work.scores, e.idx(queries + v * lanes));
    empty = e.select(e.cmpf(arith::CmpFPredicate::OEQ, sums[v], e.splat(0.0)), e.splat(1.0), empty);
  }
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
  Value fallback = e.idx(queries * width);
  e.ifThen(e.cmpf(arith::CmpFPredicate::OGT, e.maxLanes(empty), e.f32(0.0)),
           [&] { emitEmptyRow(fallback); });
  e.loop(e.idx(0), block.count, e.idx(1), [&](Value r) {
    Value sum = e.load(work.scores, e.add(r, queries));
    Value isEmpty = e.cmpf(arith::CmpFPredicate::OEQ, sum, e.f32(0.0));
    Value from = e.select(isEmpty, fallback, e.mul(r, width));
    Value to = e.add(head.oBase, e.mul(e.add(block.first, r), head.oRow));
    for (int64_t d = 0; d < s.valueSize; d += lanes)
      e.storePart(e.loadVector(work.rows, e.add(from, d)), head.o, e.add(to, d),
                  std::min(lanes, s.valueSize - d));
  });
}

void BlockEmitter::emit() {
  emitQueries();
  int64_t rows = llvm::alignTo(s.valueSize, lanes);
  e.loop(0, rows * queries, lanes,
         [&](Value i) { e.storeVector(e.splat(0.0), work.outputs, i); });
  Values state(registers, e.splat(-3.0e38));
  state.append(registers, e.splat(0.0));
  state.push_back(e.idx(0));
  state = e.loop(e.idx(0), block.spans, e.idx(1), state, [&](Value i, ValueRange args) {
    return emitSpan(e.add(block.spansAt, e.mul(i, AttentionShape::kSpanWords)), args);
  });
  emitOutputs(ArrayRef(state).slice(registers, registers));
}

void zorro::emitAttentionBlock(Emitter &e, const AttentionShape &shape, const AttentionHead &head,
                               const AttentionHead &near, Value keys,
                               const AttentionWorkspace &work, int64_t registers,
                               const AttentionQueries &queries) {
  BlockEmitter(e, shape, head, near, keys, work, registers, queries).emit();
}
