//===- AttentionBlock.cpp - A warp's queries and a block of keys, in device code ---*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The online softmax. The running maximum starts far below any score but is finite: keys that a row
// does not see, as scores of -inf, then weigh exactly 0, and a block of them changes no bit of the
// row. A row whose sum stays 0 saw no key.
//
// No operation is contracted but by name: the bits are those of this code, in every kernel.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/AttentionBlock.h"

#include <limits>

using namespace mlir;
using namespace zorro;

AttentionBlock::AttentionBlock(DeviceEmitter &e, TensorCore &core, const DeviceAttention &shape,
                               int64_t groups, Value queries, Value scale)
    : e(e), core(core), s(shape), groups(groups), keyGroups(DeviceAttention::kKeys / 8),
      columns(shape.filledValue() / 8), steps(shape.filledHead() * shape.numberBytes() / 32),
      queries(queries), scale(scale) {}

Value AttentionBlock::row(int64_t group, int64_t half) {
  return e.add(e.add(firstRow(), e.shr(lane, 2)), group * 16 + half * 8);
}

DeviceValues AttentionBlock::begin() {
  lane = e.lane();
  pair = e.shl(e.bitAnd(lane, 3), 1);
  TensorCore::LanePlace rows = core.rowsPlace(), between = core.columnsPlace();
  auto place = [&](const TensorCore::LanePlace &at, int64_t pitch) {
    return e.add(e.mul(at.row, pitch), e.shl(at.half, 4));
  };
  queryAt = e.add(e.add(queries, e.mul(firstRow(), s.headPitch())), place(rows, s.headPitch()));
  keyAt = place(between, s.headPitch());
  // bf16: as rows, transposed by the load. tf32: rows 2t of a step, column g.
  if (s.precision == Precision::Bf16)
    valueAt = place(rows, s.valuePitch());
  else
    valueAt = e.add(e.mul(pair, s.valuePitch()), e.bitAnd(lane, -4));
  valueAt = e.add(valueAt, DeviceAttention::kKeys * s.headPitch());
  if (s.keepsQueries())
    for (int64_t i = 0; i < groups * steps; ++i)
      kept.push_back(loadQueries(i / steps, i % steps));
  DeviceValues state(outputs(), e.real(0));
  state.append(groups * 2, e.real(-1e30));
  state.append(groups * 2, e.real(0));
  return state;
}

DeviceValues AttentionBlock::loadQueries(int64_t group, int64_t step) {
  DeviceValues fragment =
      core.loadMatrices(queryAt, group * 16 * s.headPitch() + step * 32);
  for (Value &bits : fragment)
    bits = rounded(bits);
  return fragment;
}

//===----------------------------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------------------------===//

/// Fragments [group][8 keys].
DeviceValues AttentionBlock::scores(Value word) {
  DeviceValues sums(groups * keyGroups * 4, e.real(0));
  Value from = e.add(word, keyAt);
  for (int64_t step = 0; step < steps; ++step) {
    SmallVector<DeviceValues> rows;
    for (int64_t m = 0; m < groups; ++m)
      rows.push_back(s.keepsQueries() ? kept[m * steps + step] : loadQueries(m, step));
    for (int64_t n = 0; n < keyGroups; n += 2) {
      DeviceValues keys = core.loadMatrices(from, n * 8 * s.headPitch() + step * 32);
      for (Value &bits : keys)
        bits = rounded(bits);
      for (int64_t m = 0; m < groups; ++m)
        for (int64_t i = 0; i < 2; ++i) {
          MutableArrayRef<Value> sum =
              MutableArrayRef(sums).slice((m * keyGroups + n + i) * 4, 4);
          llvm::copy(core.multiply(s.precision, rows[m], ArrayRef(keys).slice(2 * i, 2), sum),
                     sum.begin());
        }
    }
  }
  return sums;
}

/// Of each row that this lane has: [group][half].
SmallVector<AttentionBlock::Window> AttentionBlock::windows(const AttentionKeys::Limits &limits) {
  SmallVector<Window> all;
  for (int64_t i = 0; i < groups * 2; ++i) {
    Value own = row(i / 2, i % 2);
    Value least = e.max(limits.begin, e.add(own, limits.low));
    Value end = e.min(limits.end, e.add(e.add(own, limits.high), 1));
    all.push_back({least, e.max(e.sub(end, least), e.number(0))});
  }
  return all;
}

/// Scores that a row does not have become -inf.
DeviceValues AttentionBlock::dropUnseen(ValueRange scores, const AttentionKeys::Limits &limits) {
  SmallVector<Window> seen = windows(limits);
  DeviceValues kept(scores);
  Value nothing = e.real(-std::numeric_limits<double>::infinity());
  Value words[2];
  for (int64_t i = 0; i < 2 && limits.bits[0]; ++i)
    words[i] = arith::ShRUIOp::create(e, limits.bits[i], pair);
  for (int64_t n = 0; n < keyGroups; ++n)
    for (int64_t b = 0; b < 2; ++b) {
      Value exists;
      if (words[0]) {
        Value bit = e.bitAnd(words[n / 4], int64_t(1) << (n % 4 * 8 + b));
        exists = e.cmp(arith::CmpIPredicate::ne, bit, e.number(0));
      }
      for (int64_t i = 0; i < groups * 2; ++i) {
        Value column = e.add(e.sub(pair, seen[i].least), n * 8 + b);
        Value sees = isBelow(column, seen[i].width);
        if (exists)
          sees = e.both(sees, exists);
        Value &score = kept[(i / 2 * keyGroups + n) * 4 + i % 2 * 2 + b];
        score = e.select(sees, score, nothing);
      }
    }
  return kept;
}

void AttentionBlock::weigh(MutableArrayRef<Value> scores, MutableArrayRef<Value> out,
                           MutableArrayRef<Value> most, MutableArrayRef<Value> sums) {
  for (int64_t half = 0; half < 2; ++half) {
    auto at = [&](int64_t i) -> Value & { return scores[i / 2 * 4 + half * 2 + i % 2]; };
    Value greatest = at(0);
    for (int64_t i = 1; i < keyGroups * 2; ++i)
      greatest = maxf(greatest, at(i));
    for (int64_t other : {1, 2})
      greatest = maxf(greatest, e.shuffleXor(greatest, other));
    greatest = maxf(greatest, most[half]);
    // Both products are rounded: the same maximum decays by exactly 1.
    Value before = mulf(most[half], scale), now = mulf(greatest, scale);
    Value decay = exp2(subf(before, now));
    Value negative = arith::NegFOp::create(e, now);
    most[half] = greatest;
    Value sum;
    for (int64_t i = 0; i < keyGroups * 2; ++i) {
      at(i) = exp2(fma(at(i), scale, negative));
      sum = sum ? addf(sum, at(i)) : at(i);
    }
    sums[half] = fma(sums[half], decay, sum);
    for (int64_t i = 0; i < columns * 2; ++i) {
      Value &output = out[i / 2 * 4 + half * 2 + i % 2];
      output = mulf(output, decay);
    }
  }
}

//===----------------------------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------------------------===//

SmallVector<DeviceValues> AttentionBlock::packWeights(ArrayRef<Value> w) {
  SmallVector<DeviceValues> all;
  auto bits = [&](Value number) -> Value {
    return core.roundTf32(arith::BitcastOp::create(e, e.i32, number));
  };
  if (s.precision == Precision::Bf16)
    for (; !w.empty(); w = w.drop_front(8))
      all.push_back({core.packBf16(w[0], w[1]), core.packBf16(w[2], w[3]),
                     core.packBf16(w[4], w[5]), core.packBf16(w[6], w[7])});
  else // the order of keys in a step: 0, 2, 4, 6, 1, 3, 5, 7
    for (; !w.empty(); w = w.drop_front(4))
      all.push_back({bits(w[0]), bits(w[2]), bits(w[1]), bits(w[3])});
  return all;
}

/// Adds weights · values to the outputs. Unless all values are `finite`, the others count as zero.
DeviceValues AttentionBlock::addValues(Value word, ArrayRef<SmallVector<DeviceValues>> weights,
                                       ValueRange out, bool finite) {
  DeviceValues sums(out);
  Value from = e.add(word, valueAt);
  bool half = s.precision == Precision::Bf16;
  auto clean = [&](Value bits) -> Value {
    if (finite)
      return bits;
    auto part = [&](int64_t exponent, int64_t all) {
      Value wrong = e.eq(e.bitAnd(bits, exponent), exponent);
      return e.select(wrong, e.number(0), e.bitAnd(bits, all));
    };
    if (!half)
      return part(0x7f800000, -1);
    return e.bitOr(part(0x7f80, 0xffff), part(0x7f800000, int32_t(0xffff0000)));
  };
  auto add = [&](int64_t step, int64_t n, ValueRange values) {
    for (int64_t m = 0; m < groups; ++m) {
      MutableArrayRef<Value> sum = MutableArrayRef(sums).slice((m * columns + n) * 4, 4);
      llvm::copy(core.multiply(s.precision, weights[m][step], values, sum), sum.begin());
    }
  };
  for (int64_t step = 0; step < int64_t(weights[0].size()); ++step)
    for (int64_t n = 0; n < columns; n += half ? 2 : 1) {
      DeviceValues values;
      if (half) {
        values = core.loadMatrices(from, step * 16 * s.valuePitch() + n * 16, /*transposed=*/true);
      } else {
        for (int64_t i = 0; i < 2; ++i) {
          Value at = core.pointer(from, (step * 8 + i) * s.valuePitch() + n * 32);
          values.push_back(e.load(e.i32, at));
        }
      }
      for (Value &bits : values)
        bits = rounded(clean(bits));
      add(step, n, ArrayRef(values).take_front(2));
      if (half)
        add(step, n + 1, ArrayRef(values).drop_front(2));
    }
  return sums;
}

Value AttentionBlock::isNotFinite(Value number) {
  Value bits = arith::BitcastOp::create(e, e.i32, number);
  return e.eq(e.bitAnd(bits, 0x7f800000), 0x7f800000);
}

/// Columns `column` + 2t and its neighbour of the value of row `key` of the block.
std::pair<Value, Value> AttentionBlock::loadPair(Value word, Value key, int64_t column) {
  Value at = e.add(word, e.add(e.mul(key, s.valuePitch()), e.mul(pair, s.numberBytes())));
  int64_t bytes = DeviceAttention::kKeys * s.headPitch() + column * s.numberBytes();
  if (s.precision == Precision::Bf16)
    return core.unpackBf16(e.load(e.i32, core.pointer(at, bytes)));
  return {e.load(e.f32, core.pointer(at, bytes)), e.load(e.f32, core.pointer(at, bytes + 4))};
}

/// Whether any value of the block is infinite or NaN; the same in all lanes.
Value AttentionBlock::anyNotFinite(Value word) {
  Value none = e.number(e.getI1Type(), 0);
  Value wrong = e.loop(e.number(0), e.number(DeviceAttention::kKeys), e.number(8), {none},
                       [&](Value key, ValueRange args) {
    Value found = args[0], own = e.add(key, e.shr(lane, 2));
    for (int64_t n = 0; n < columns; ++n) {
      auto [a, b] = loadPair(word, own, n * 8);
      found = e.bitOr(found, e.bitOr(isNotFinite(a), isNotFinite(b)));
    }
    return DeviceValues{found};
  })[0];
  return NVVM::VoteSyncOp::create(e, e.getI1Type(), e.number(-1), wrong, NVVM::VoteSyncKind::any);
}

/// Adds what is not finite to the outputs of the rows that see it, and to no others: a product would
/// bring it to all.
DeviceValues AttentionBlock::addNotFinite(Value word, const AttentionKeys::Limits &limits,
                                          ValueRange out) {
  SmallVector<Window> seen = windows(limits);
  return e.loop(e.number(0), e.number(DeviceAttention::kKeys), e.number(1), out,
                [&](Value key, ValueRange args) {
    DeviceValues sums(args), sees;
    for (const Window &window : seen)
      sees.push_back(isBelow(e.sub(key, window.least), window.width));
    if (limits.bits[0]) {
      Value word = e.select(e.lt(key, e.number(32)), limits.bits[0], limits.bits[1]);
      Value bit = e.bitAnd(arith::ShRUIOp::create(e, word, e.bitAnd(key, 31)), 1);
      for (Value &one : sees)
        one = e.both(one, e.cmp(arith::CmpIPredicate::ne, bit, e.number(0)));
    }
    for (int64_t n = 0; n < columns; ++n) {
      auto [a, b] = loadPair(word, key, n * 8);
      Value numbers[] = {a, b};
      for (int64_t i = 0; i < 2; ++i) {
        Value wrong = isNotFinite(numbers[i]);
        for (int64_t r = 0; r < groups * 2; ++r) {
          Value &sum = sums[(r / 2 * columns + n) * 4 + r % 2 * 2 + i];
          sum = e.select(e.both(wrong, sees[r]), addf(sum, numbers[i]), sum);
        }
      }
    }
    return sums;
  });
}

DeviceValues AttentionBlock::add(Value word, AttentionKeys &keys, ValueRange block,
                                 ValueRange state) {
  DeviceValues all = scores(word);
  all = e.ifValues(
      keys.isPartial(block), [&] { return dropUnseen(all, keys.limits(block)); },
      [&] { return all; });
  DeviceValues out(state.take_front(outputs()));
  DeviceValues most(state.slice(outputs(), groups * 2)), sums(state.take_back(groups * 2));
  SmallVector<SmallVector<DeviceValues>> weights;
  for (int64_t m = 0; m < groups; ++m) {
    MutableArrayRef<Value> group = MutableArrayRef(all).slice(m * keyGroups * 4, keyGroups * 4);
    weigh(group, MutableArrayRef(out).slice(m * columns * 4, columns * 4),
          MutableArrayRef(most).slice(m * 2, 2), MutableArrayRef(sums).slice(m * 2, 2));
    weights.push_back(packWeights(group));
  }
  Value apart = e.ifValues(
      keys.isRagged(block), [&] { return DeviceValues{anyNotFinite(word)}; },
      [&] { return DeviceValues{e.number(e.getI1Type(), 0)}; })[0];
  DeviceValues next = e.ifValues(
      apart,
      [&] {
        DeviceValues added = addNotFinite(word, keys.limits(block), out);
        return addValues(word, weights, added, /*finite=*/false);
      },
      [&] { return addValues(word, weights, out, /*finite=*/true); });
  next.append(most);
  next.append(sums);
  return next;
}

//===----------------------------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------------------------===//

/// This lane's columns of the mean of all values.
DeviceValues AttentionBlock::averages(const HeadMemory &values, Value keys) {
  DeviceValues zeros(columns * 2, e.real(0));
  DeviceValues sums = e.loop(e.number(0), keys, e.number(1), zeros,
                             [&](Value key, ValueRange args) {
    DeviceValues next;
    Value from = values.row(e, key);
    for (int64_t i = 0; i < columns * 2; ++i) {
      Value column = e.min(e.add(pair, i / 2 * 8 + i % 2), e.number(values.size - 1));
      Value at = e.at(from, e.mul(column, values.bytes())), number;
      if (values.element.isF32()) {
        number = e.load(e.f32, at);
      } else {
        Value bits = arith::ExtUIOp::create(e, e.i32, e.load(e.getI16Type(), at));
        number = arith::BitcastOp::create(e, e.f32, e.shl(bits, 16));
      }
      next.push_back(addf(args[i], number));
    }
    return next;
  });
  Value count = arith::SIToFPOp::create(e, e.f32, keys);
  for (Value &sum : sums)
    sum = arith::DivFOp::create(e, sum, count);
  return sums;
}

/// Writes columns `column` + 2t and its neighbour of a row.
void AttentionBlock::storePair(const HeadMemory &result, Value row, int64_t column, Value a,
                               Value b) {
  Value first = e.add(pair, column);
  Value at = e.at(row, e.mul(first, result.bytes()));
  bool f32 = result.element.isF32();
  auto bits = [&](Value low, Value high) -> Value {
    if (!f32)
      return core.packBf16(low, high);
    Value both = LLVM::PoisonOp::create(e, VectorType::get(2, e.f32));
    both = LLVM::InsertElementOp::create(e, both, low, e.number(0));
    return LLVM::InsertElementOp::create(e, both, high, e.number(1));
  };
  auto storeOne = [&](Value number, int64_t i) {
    auto write = [&] {
      Value to = e.at(at, i * result.bytes());
      if (f32)
        e.store(number, to);
      else
        e.store(arith::TruncIOp::create(e, e.getI16Type(), core.packBf16(number, number)), to);
    };
    if (column + 8 <= result.size)
      write();
    else
      e.ifThen(e.lt(first, e.number(result.size - i)), write);
  };
  auto storeEach = [&] {
    storeOne(a, 0);
    storeOne(b, 1);
  };
  if (column + 8 > result.size) // a fragment that the head ends in
    return storeEach();
  e.ifThen(result.aligned, [&] { e.store(bits(a, b), at, 2 * result.bytes()); }, storeEach);
}

void AttentionBlock::end(ValueRange state, const AttentionTile &tile, const HeadMemory &values,
                         const HeadMemory &result, Value keys) {
  DeviceValues sums(state.take_back(groups * 2)), inverses, isEmpty;
  Value any = e.number(e.getI1Type(), 0);
  for (Value &sum : sums) {
    for (int64_t other : {1, 2})
      sum = addf(sum, e.shuffleXor(sum, other));
    Value exists = e.lt(row(inverses.size() / 2, inverses.size() % 2), tile.count);
    inverses.push_back(arith::DivFOp::create(e, e.real(1), sum));
    isEmpty.push_back(arith::CmpFOp::create(e, arith::CmpFPredicate::OEQ, sum, e.real(0)));
    any = e.bitOr(any, e.both(isEmpty.back(), exists));
  }
  auto is = [&](EmptyRow kind) { return e.eq(tile.empty, int64_t(kind)); };
  Value plain = e.select(is(EmptyRow::Zero), e.real(0),
                         e.real(std::numeric_limits<double>::quiet_NaN()));
  DeviceValues instead = e.ifValues(
      e.both(any, is(EmptyRow::Uniform)), [&] { return averages(values, keys); },
      [&] { return DeviceValues(columns * 2, plain); });
  for (int64_t r = 0; r < groups * 2; ++r) {
    Value own = row(r / 2, r % 2);
    e.ifThen(e.lt(own, tile.count), [&] {
      Value to = result.row(e, e.add(tile.first, own));
      for (int64_t n = 0; n * 8 < result.size; ++n) {
        Value numbers[2];
        for (int64_t i = 0; i < 2; ++i)
          numbers[i] = e.select(isEmpty[r], instead[n * 2 + i],
                                mulf(state[(r / 2 * columns + n) * 4 + r % 2 * 2 + i],
                                     inverses[r]));
        storePair(result, to, n * 8, numbers[0], numbers[1]);
      }
    });
  }
}
