//===- AttentionKeys.cpp - Which keys come next, in device code --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/AttentionKeys.h"

using namespace mlir;
using namespace zorro;

using Shape = DeviceAttention;

Value AttentionKeys::word(Value index, Shape::BlockWord word) {
  Value at = e.add(tile.blocksAt, e.mul(index, Shape::kBlockWords));
  return e.load(e.i32, e.at(e.at(tile.table, e.shl(at, 3)), word * 8));
}

Value AttentionKeys::keyOf(Value key, Value listAt, Value row) {
  return e.ifValues(
      e.eq(listAt, 0), [&] { return DeviceValues{e.add(key, row)}; },
      [&] {
        return DeviceValues{e.load(e.i32, e.at(tile.table, e.shl(e.add(listAt, row), 3)))};
      })[0];
}

static Value isBelow(DeviceEmitter &e, Value a, Value b) { // without a sign
  return e.cmp(arith::CmpIPredicate::ult, a, b);
}

static Value isNot(DeviceEmitter &e, Value a, int64_t b) {
  return e.cmp(arith::CmpIPredicate::ne, a, e.number(b));
}

AttentionKeys::Limits AttentionKeys::limitsOf(Value index, Value shape) {
  Limits limits;
  limits.begin = e.bitAnd(shape, 255);
  limits.end = e.bitAnd(e.shr(shape, 8), 255);
  DeviceValues band = e.ifValues(
      isNot(e, e.shr(shape, 16), 0),
      [&] { return DeviceValues{word(index, Shape::kLow), word(index, Shape::kHigh)}; },
      [&] { return DeviceValues{e.number(-Shape::kFar), e.number(Shape::kFar)}; });
  limits.low = band[0];
  limits.high = band[1];
  return limits;
}

namespace {

/// Blocks as the table has them. State: number, kKey, kListAt, kShape.
class PlainKeys : public AttentionKeys {
public:
  PlainKeys(DeviceEmitter &e, const AttentionTile &tile) : AttentionKeys(e, tile) {}

  State first() override { return read(e.number(0)); }
  State next(ValueRange block) override { return read(e.add(block[0], 1)); }
  Value isBlock(ValueRange block) override { return e.lt(block[0], tile.blocks); }
  Row row(ValueRange block, Value row) override {
    Value begin = e.bitAnd(block[3], 255), end = e.bitAnd(e.shr(block[3], 8), 255);
    return {keyOf(block[1], block[2], row),
            isBelow(e, e.sub(row, begin), e.sub(end, begin))};
  }
  Value isPartial(ValueRange block) override { return isNot(e, block[3], Shape::kWhole); }
  Value isRagged(ValueRange block) override { return isNot(e, e.shr(block[3], 16), 0); }
  Limits limits(ValueRange block) override { return limitsOf(block[0], block[3]); }

private:
  State read(Value index) {
    DeviceValues words = e.ifValues(
        e.lt(index, tile.blocks),
        [&] {
          return DeviceValues{word(index, Shape::kKey), word(index, Shape::kListAt),
                              word(index, Shape::kShape)};
        },
        [&] { return DeviceValues(3, e.number(0)); });
    words.insert(words.begin(), index);
    return words;
  }
};

/// Blocks of the keys that padding leaves: those of the intervals move together, those of a band
/// stay in their places. A warp's list holds the keys of the block's rows; the bits say which rows
/// have one. State: where to go on among the keys of the intervals; keys in the list; the next block
/// of a band; 32 bits; 32 bits; number of a band's block; its kShape, or 0.
class PaddedKeys : public AttentionKeys {
public:
  PaddedKeys(DeviceEmitter &e, const AttentionTile &tile, Value padding, Value collected)
      : AttentionKeys(e, tile), padding(padding), lane(e.lane()),
        list(e.at(collected, e.mul(e.warp(), Shape::kCollected * 4))) {}

  State first() override;
  State next(ValueRange block) override;
  Value isBlock(ValueRange block) override {
    return isNot(e, e.bitOr(block[kLow], block[kHigh]), 0);
  }
  Row row(ValueRange block, Value row) override {
    Value bits = e.select(e.lt(row, e.number(32)), block[kLow], block[kHigh]);
    Value bit = arith::ShRUIOp::create(e, bits, e.bitAnd(row, 31));
    return {e.load(e.i32, place(row)), isNot(e, e.bitAnd(bit, 1), 0)};
  }
  Value isPartial(ValueRange block) override {
    return e.bitOr(isNot(e, arith::AndIOp::create(e, block[kLow], block[kHigh]), -1),
                   isRagged(block));
  }
  Value isRagged(ValueRange block) override { return isNot(e, e.shr(block[kShape], 16), 0); }
  Limits limits(ValueRange block) override {
    Limits limits = limitsOf(block[kNumber], block[kShape]);
    limits.begin = e.number(0); // the bits say more
    limits.end = e.number(Shape::kKeys);
    limits.bits[0] = block[kLow];
    limits.bits[1] = block[kHigh];
    return limits;
  }

private:
  enum { kGone, kHad, kBand, kLow, kHigh, kNumber, kShape };

  Value place(Value row) { return e.at(list, e.shl(row, 2)); }
  void syncWarp() { NVVM::SyncWarpOp::create(e, e.number(-1)); }
  Value ballot(Value predicate) {
    return NVVM::VoteSyncOp::create(e, e.i32, e.number(-1), predicate,
                                    NVVM::VoteSyncKind::ballot);
  }
  Value countBits(Value bits) { return LLVM::CtPopOp::create(e, e.i32, bits); }
  /// `count` ones, at most 32; none if `count` is negative.
  Value ones(Value count) {
    Value one = arith::ShLIOp::create(e, e.number(e.i64, 1),
                                      e.wide(e.max(e.min(count, e.number(32)), e.number(0))));
    return e.narrow(e.sub(one, 1));
  }
  Value isKept(Value key, Value exists) {
    return e.ifValues(
        exists,
        [&] {
          Value byte = e.load(e.i8, e.at(padding, key));
          return DeviceValues{e.cmp(arith::CmpIPredicate::ne, byte, e.number(e.i8, 0))};
        },
        [&] { return DeviceValues{e.number(e.getI1Type(), 0)}; })[0];
  }
  DeviceValues collect(Value gone, Value had);
  DeviceValues findBand(Value band);

  Value padding, lane, list;
};

} // namespace

PaddedKeys::State PaddedKeys::first() {
  for (int64_t i = 0; i < Shape::kCollected; i += 32)
    e.store(e.number(0), place(e.add(lane, i)));
  State none(7, e.number(0));
  return next(none);
}

/// Appends keys of the intervals to the list until it holds a block, or there are no more.
DeviceValues PaddedKeys::collect(Value gone, Value had) {
  return e.whileLoop(
      {gone, had},
      [&](ValueRange args) {
        return e.both(e.lt(args[0], tile.plain), e.lt(args[1], e.number(Shape::kKeys)));
      },
      [&](ValueRange args) {
        Value at = e.add(args[0], lane), exists = e.lt(at, tile.plain);
        // A step of 32 keys lies in one record.
        Value index = e.shr(args[0], 6);
        Value key = keyOf(word(index, Shape::kKey), word(index, Shape::kListAt), e.bitAnd(at, 63));
        Value kept = isKept(key, exists), bits = ballot(kept);
        Value before = e.sub(arith::ShLIOp::create(e, e.number(1), lane), 1);
        Value rank = countBits(arith::AndIOp::create(e, bits, before));
        e.ifThen(kept, [&] { e.store(key, place(e.add(args[1], rank))); });
        return DeviceValues{e.add(args[0], 32), e.add(args[1], countBits(bits))};
      });
}

/// The first block of a band from number `band` on of which padding leaves something: what follows
/// it, the bits, its number and its kShape; no bits if there is none.
DeviceValues PaddedKeys::findBand(Value band) {
  Value zero = e.number(0);
  return e.whileLoop(
      {band, zero, zero, zero, zero},
      [&](ValueRange args) {
        return e.both(e.lt(args[0], tile.blocks), e.eq(e.bitOr(args[1], args[2]), 0));
      },
      [&](ValueRange args) {
        Value key = word(args[0], Shape::kKey), shape = word(args[0], Shape::kShape);
        Value begin = e.bitAnd(shape, 255), end = e.bitAnd(e.shr(shape, 8), 255);
        DeviceValues values{e.add(args[0], 1)};
        for (int64_t half = 0; half < Shape::kKeys; half += 32) {
          Value row = e.add(lane, half), mine = e.add(key, row);
          Value exists = isBelow(e, e.sub(row, begin), e.sub(end, begin));
          values.push_back(ballot(isKept(mine, exists)));
          e.store(mine, place(row));
        }
        values.append({args[0], shape});
        return values;
      });
}

PaddedKeys::State PaddedKeys::next(ValueRange block) {
  // What the last step found beyond the block moves to the front. All lanes have read by now.
  Value left = e.max(e.sub(block[kHad], Shape::kKeys), e.number(0));
  Value moved = e.load(e.i32, place(e.add(lane, Shape::kKeys)));
  syncWarp();
  e.ifThen(e.lt(lane, left), [&] { e.store(moved, place(lane)); });
  syncWarp();
  DeviceValues plain = collect(block[kGone], left);
  syncWarp();
  State state = e.ifValues(
      e.lt(e.number(0), plain[1]),
      [&] {
        return DeviceValues{plain[0],
                            plain[1],
                            block[kBand],
                            ones(plain[1]),
                            ones(e.sub(plain[1], 32)),
                            e.number(0),
                            e.number(0)};
      },
      [&] {
        // The blocks of bands follow those of the intervals.
        Value bands = e.shr(e.add(tile.plain, Shape::kKeys - 1), 6);
        DeviceValues found = findBand(e.max(block[kBand], bands));
        return DeviceValues{plain[0], plain[1], found[0], found[1], found[2], found[3], found[4]};
      });
  syncWarp();
  return state;
}

std::unique_ptr<AttentionKeys> AttentionKeys::get(DeviceEmitter &e, const DeviceAttention &shape,
                                                  const AttentionTile &tile, Value padding,
                                                  Value collected) {
  if (shape.padding < 0)
    return std::make_unique<PlainKeys>(e, tile);
  return std::make_unique<PaddedKeys>(e, tile, padding, collected);
}
