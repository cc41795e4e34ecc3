//===- HopperAttention.cpp - Attention over runs of keys on sm_90a ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A block of threads computes a tile of queries of one head. One thread of the first warpgroup
// copies queries, then blocks of keys and of values; the other warpgroups take 64 queries each. The
// scores of a block are multiplied while the values of the one before it are; its exponentials are
// taken meanwhile.
//
// Blocks of 128 keys are counted from the first key and taken from the last to the first: so the
// one block that may be partial comes before the loop, which compares no places. Of a partial block
// the scores behind the end are dropped, and the values there are zero in shared memory, whatever
// lies there in the tensor. A row's bits depend on its run of keys alone.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/HopperAttention.h"

#include "lowering/Gpu/Hopper.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace zorro;

namespace {

using Shape = HopperAttention;

/// What a row of queries carries from block to block: a thread holds two rows.
struct RowState {
  Value greatest[2]; ///< score so far
  Value sums[2];     ///< of this thread's exponentials
};

class HopperAttentionEmitter {
public:
  HopperAttentionEmitter(HopperEmitter &e, DeviceFrame &frame, const Shape &shape)
      : e(e), frame(frame), s(shape) {}

  void emit();

private:
  /// Barriers: 8 bytes for the queries; then of each stage keys full, values full, keys empty,
  /// values empty.
  enum StageBarrier { kKeysFull, kValuesFull, kKeysEmpty, kValuesEmpty, kStageBarriers };

  void emitTile();
  void emitProducer();
  void emitConsumer();
  void emitRows();
  void emitEmpty();

  DeviceValues multiplyScores(Value stage);
  DeviceValues multiplyValues(ValueRange sums, ValueRange weights, Value stage);
  /// Turns scores into weights and updates `state`; gives by what earlier sums shrink.
  DeviceValues takeExponentials(MutableArrayRef<Value> scores, RowState &state);
  DeviceValues pack(ArrayRef<Value> weights, bool ordered);
  void release(StageBarrier which, Value stage) {
    e.ifThen(e.eq(lane, 0), [&] { e.arrive(barrier(which, stage)); });
  }

  Value barrier(StageBarrier which, Value stage) {
    return e.add(e.add(barriers, 8 + 8 * which), e.mul(stage, 8 * kStageBarriers));
  }
  Value word(Shape::TileWord which) {
    return e.narrow(e.load(e.i64, e.at(tile, 8 * which), 8));
  }
  /// The address of result row `row` of the tile, at column `column`.
  Value resultAt(Value row, Value column) {
    Value index = e.add(e.add(e.mul(e.wide(batch), frame.scalars[3]),
                              e.mul(e.wide(head), frame.scalars[4])),
                        e.add(e.mul(e.wide(e.add(first, row)), frame.scalars[5]), e.wide(column)));
    return e.at(frame.result.address, e.mul(index, 2));
  }
  Value half(ArrayRef<Value> rows, size_t i) { return rows[i / 2 % 2]; }

  HopperEmitter &e;
  DeviceFrame &frame;
  const Shape &s;
  Value barriers, queries, keys, values; // in shared memory
  Value tile, batch, head, first, count, begin, keyCount, blocks, end;
  Value consumer, warp, lane, factor;
};

} // namespace

void HopperAttentionEmitter::emitTile() {
  Value heads = e.narrow(frame.scalars[0]), all = e.narrow(frame.scalars[1]);
  // All heads of a tile, then those of the next one: tiles with most keys come first.
  Value number = e.div(e.block(), all), mine = e.rem(e.block(), all);
  batch = e.div(mine, heads);
  head = e.rem(mine, heads);
  tile = e.at(frame.tables[0], e.mul(number, 8 * Shape::kTileWords));
  first = word(Shape::kFirst);
  count = word(Shape::kCount);
  begin = word(Shape::kBegin);
  keyCount = word(Shape::kKeyCount);
  end = word(Shape::kEnd);
  blocks = e.shr(e.add(keyCount, Shape::kKeys - 1), 7);
}

void HopperAttentionEmitter::emit() {
  static_assert(Shape::kKeys == 128, "blocks are counted by a shift");
  barriers = e.address(frame.reserve(8 + 8 * kStageBarriers * Shape::kStages));
  queries = e.address(frame.reserve(s.tileBytes(Shape::kRows)));
  keys = e.address(frame.reserve(Shape::kStages * s.tileBytes(Shape::kKeys)));
  values = e.address(frame.reserve(Shape::kStages * s.tileBytes(Shape::kKeys)));
  Value thread = e.thread();
  Value group = e.uniform(e.shr(thread, 7));
  emitTile();
  e.ifThen(e.eq(thread, 0), [&] {
    e.initBarrier(barriers, 1);
    for (int64_t stage = 0; stage < Shape::kStages; ++stage)
      for (int64_t which = 0; which < kStageBarriers; ++which)
        e.initBarrier(barrier(StageBarrier(which), e.number(stage)),
                      which < kKeysEmpty ? 1 : 4 * Shape::kConsumers);
    e.fenceAsync();
  });
  e.barrier();
  e.ifThen(
      e.eq(group, 0),
      [&] {
        e.setRegisters(24, /*increase=*/false);
        Value works = e.both(e.eq(thread, 0), e.lt(e.number(0), blocks));
        e.ifThen(works, [&] { emitProducer(); });
      },
      [&] {
        e.setRegisters(240, /*increase=*/true);
        consumer = e.sub(group, 1);
        lane = e.lane();
        warp = e.bitAnd(e.warp(), 3);
        factor = arith::BitcastOp::create(e, e.f32, e.narrow(frame.scalars[2]));
        emitConsumer();
      });
}

void HopperAttentionEmitter::emitProducer() {
  e.arriveExpecting(barriers, s.tileBytes(Shape::kRows));
  for (int64_t group = 0; group < Shape::kConsumers; ++group)
    for (int64_t part = 0; part < s.parts(); ++part)
      e.copyTile(e.add(queries, group * s.tileBytes(64) + part * Shape::columnBytes(64)),
                 frame.maps[0],
                 {e.number(64 * part), e.add(first, 64 * group), head, batch}, barriers);
  // Keys and values behind the run's end read as zero: the map that ends there.
  auto mapOf = [&](int64_t from) {
    Value map = frame.maps[from];
    for (int64_t i = 1; i < Shape::kEnds; ++i)
      map = e.select(e.eq(end, i), frame.maps[from + i], map);
    return map;
  };
  Value keyMap = mapOf(1), valueMap = mapOf(1 + Shape::kEnds);
  e.loop(e.number(0), blocks, e.number(1), {e.number(0), e.number(1)},
         [&](Value step, ValueRange args) {
           RingPlace at{args[0], args[1]};
           Value block = e.sub(e.sub(blocks, step), 1);
           Value token = e.add(begin, e.mul(block, Shape::kKeys));
           auto copy = [&](StageBarrier empty, StageBarrier full, Value tiles, Value map) {
             e.wait(barrier(empty, at.stage), at.parity);
             Value counted = barrier(full, at.stage);
             e.arriveExpecting(counted, s.tileBytes(Shape::kKeys));
             Value to = e.add(tiles, e.mul(at.stage, s.tileBytes(Shape::kKeys)));
             for (int64_t part = 0; part < s.parts(); ++part)
               e.copyTile(e.add(to, part * Shape::columnBytes(Shape::kKeys)), map,
                          {e.number(64 * part), token, head, batch}, counted);
           };
           copy(kKeysEmpty, kKeysFull, keys, keyMap);
           copy(kValuesEmpty, kValuesFull, values, valueMap);
           RingPlace next = at.next(e, Shape::kStages);
           return DeviceValues{next.stage, next.parity};
         });
}

//===----------------------------------------------------------------------------------------===//
// Blocks of keys
//===----------------------------------------------------------------------------------------===//

/// Queries times keys, begun but not waited for.
DeviceValues HopperAttentionEmitter::multiplyScores(Value stage) {
  Value left = e.describe(e.add(queries, e.mul(consumer, s.tileBytes(64))));
  Value right = e.describe(e.add(keys, e.mul(stage, s.tileBytes(Shape::kKeys))));
  DeviceValues scores;
  for (int64_t i = 0; i < Shape::kKeys / 2; ++i)
    scores.push_back(LLVM::UndefOp::create(e, e.f32));
  e.beginProducts();
  for (int64_t d = 0; d < s.headSize; d += 16) {
    int64_t part = d / 64, inner = 2 * (d % 64);
    scores = e.product(scores, e.advance(left, part * Shape::columnBytes(64) + inner),
                       e.advance(right, part * Shape::columnBytes(Shape::kKeys) + inner),
                       /*transposed=*/false, /*first=*/d == 0);
  }
  e.commitProducts();
  return scores;
}

/// Adds weights times values, begun but not waited for.
DeviceValues HopperAttentionEmitter::multiplyValues(ValueRange sums, ValueRange weights,
                                                    Value stage) {
  DeviceValues results(sums);
  Value right = e.describeTransposed(e.add(values, e.mul(stage, s.tileBytes(Shape::kKeys))),
                                     Shape::columnBytes(Shape::kKeys));
  e.beginProducts();
  for (int64_t k = 0; k < Shape::kKeys / 16; ++k)
    results = e.product(results, weights.slice(4 * k, 4),
                        e.advance(right, k * 16 * HopperEmitter::kRowBytes), /*transposed=*/true,
                        /*first=*/false);
  e.commitProducts();
  return results;
}

/// Each thread adds up its own exponentials, in the order of its numbers.
DeviceValues HopperAttentionEmitter::takeExponentials(MutableArrayRef<Value> scores,
                                                      RowState &state) {
  auto contract = arith::FastMathFlags::contract;
  DeviceValues shrink, offsets;
  for (int64_t row = 0; row < 2; ++row) {
    Value greatest;
    for (size_t i = 0; i < scores.size(); ++i)
      if (int64_t(i / 2 % 2) == row)
        greatest = greatest ? Value(arith::MaxNumFOp::create(e, greatest, scores[i])) : scores[i];
    for (int64_t mask : {1, 2})
      greatest = arith::MaxNumFOp::create(e, greatest, e.shuffleXor(greatest, mask));
    greatest = arith::MaxNumFOp::create(e, state.greatest[row], greatest);
    Value offset = arith::MulFOp::create(e, greatest, factor, contract);
    Value before = arith::MulFOp::create(e, state.greatest[row], factor, contract);
    shrink.push_back(e.exp2(arith::SubFOp::create(e, before, offset, contract)));
    offsets.push_back(offset);
    state.greatest[row] = greatest;
  }
  for (auto [i, score] : llvm::enumerate(scores)) {
    Value scaled = arith::MulFOp::create(e, score, factor, contract);
    score = e.exp2(arith::SubFOp::create(e, scaled, half(offsets, i), contract));
  }
  for (int64_t row = 0; row < 2; ++row) {
    Value sum;
    for (size_t i = 0; i < scores.size(); ++i)
      if (int64_t(i / 2 % 2) == row)
        sum = sum ? Value(arith::AddFOp::create(e, sum, scores[i])) : scores[i];
    Value shrunk = arith::MulFOp::create(e, state.sums[row], shrink[row]);
    state.sums[row] = arith::AddFOp::create(e, shrunk, sum);
  }
  return shrink;
}

DeviceValues HopperAttentionEmitter::pack(ArrayRef<Value> weights, bool ordered) {
  DeviceValues registers;
  for (size_t i = 0; i < weights.size(); i += 2)
    registers.push_back(e.packPair(weights[i], weights[i + 1], ordered));
  return registers;
}

void HopperAttentionEmitter::emitConsumer() {
  e.ifThen(e.lt(e.number(0), blocks), [&] { emitRows(); }, [&] { emitEmpty(); });
}

void HopperAttentionEmitter::emitRows() {
  int64_t outputs = s.headSize / 2, packed = Shape::kKeys / 4;
  Value zero = e.number(0);
  e.wait(barriers, zero);
  // The last block, of which keys behind the end are dropped.
  e.wait(barrier(kKeysFull, zero), zero);
  DeviceValues scores = multiplyScores(zero);
  e.waitProducts(0);
  release(kKeysEmpty, zero);
  Value live = e.sub(keyCount, e.mul(e.sub(blocks, 1), Shape::kKeys));
  live = e.sub(live, e.shl(e.bitAnd(lane, 3), 1)); // from this thread's first column on
  Value dropped = arith::ConstantOp::create(
      e, e.getF32FloatAttr(-std::numeric_limits<float>::infinity()));
  for (auto [i, score] : llvm::enumerate(scores))
    score = e.select(e.lt(e.number(8 * (i / 4) + i % 2), live), score, dropped);
  // A finite beginning: rows whose scores are all -inf give 0 / 0, not inf - inf on the way.
  RowState state{{e.real(-1e30), e.real(-1e30)}, {e.real(0), e.real(0)}};
  takeExponentials(scores, state);
  DeviceValues weights = pack(scores, /*ordered=*/false);

  DeviceValues init(outputs, e.real(0));
  init.append({state.greatest[0], state.greatest[1], state.sums[0], state.sums[1]});
  llvm::append_range(init, weights);
  RingPlace next = RingPlace{zero, zero}.next(e, Shape::kStages);
  init.append({next.stage, next.parity, zero, zero});
  DeviceValues results = e.loop(
      e.number(1), blocks, e.number(1), init, [&](Value, ValueRange args) {
        auto take = [&](int64_t size) {
          ValueRange part = args.take_front(size);
          args = args.drop_front(size);
          return part;
        };
        ValueRange sums = take(outputs);
        RowState state{{args[0], args[1]}, {args[2], args[3]}};
        take(4);
        ValueRange weights = take(packed);
        RingPlace here{args[0], args[1]}, last{args[2], args[3]};
        e.wait(barrier(kKeysFull, here.stage), here.parity);
        DeviceValues scores = multiplyScores(here.stage);
        e.wait(barrier(kValuesFull, last.stage), last.parity);
        DeviceValues output = multiplyValues(sums, weights, last.stage);
        e.waitProducts(1);
        release(kKeysEmpty, here.stage);
        DeviceValues shrink = takeExponentials(scores, state);
        e.waitProducts(0);
        release(kValuesEmpty, last.stage);
        // Not earlier: the registers of the weights before were being read.
        DeviceValues packed = pack(scores, /*ordered=*/true);
        for (auto [i, sum] : llvm::enumerate(output))
          sum = arith::MulFOp::create(e, sum, half(shrink, i));
        RingPlace next = here.next(e, Shape::kStages);
        output.append({state.greatest[0], state.greatest[1], state.sums[0], state.sums[1]});
        llvm::append_range(output, packed);
        output.append({next.stage, next.parity, here.stage, here.parity});
        return output;
      });
  ArrayRef<Value> rest = ArrayRef(results).drop_front(outputs + 2);
  RingPlace last{results[results.size() - 2], results[results.size() - 1]};
  e.wait(barrier(kValuesFull, last.stage), last.parity);
  DeviceValues output = multiplyValues(ArrayRef(results).take_front(outputs),
                                       rest.slice(2, packed), last.stage);
  e.waitProducts(0);
  DeviceValues inverse;
  for (int64_t row = 0; row < 2; ++row) {
    Value sum = rest[row];
    for (int64_t mask : {1, 2})
      sum = arith::AddFOp::create(e, sum, e.shuffleXor(sum, mask));
    inverse.push_back(arith::DivFOp::create(e, e.real(1), sum));
  }
  for (auto [i, value] : llvm::enumerate(output))
    value = arith::MulFOp::create(e, value, half(inverse, i));
  // All warps of the group have read its queries: their place is free.
  e.meet(e.add(consumer, 1), HopperEmitter::kGroup);
  Value place = e.add(e.add(queries, e.mul(consumer, s.tileBytes(64))),
                      e.mul(warp, 16 * HopperEmitter::kRowBytes));
  Value top = e.add(e.mul(consumer, 64), e.mul(warp, 16));
  for (int64_t part = 0; part < s.parts(); ++part)
    e.storeRows(e.add(place, part * Shape::columnBytes(64)),
                pack(ArrayRef(output).slice(32 * part, 32), /*ordered=*/false),
                [&](Value row, Value piece, llvm::function_ref<Value()> load) {
                  Value mine = e.add(top, row);
                  e.ifThen(e.lt(mine, count), [&] {
                    Value column = e.add(e.shl(piece, 3), 64 * part);
                    e.store(load(), resultAt(mine, column), 16);
                  });
                });
}

/// Rows without a key.
void HopperAttentionEmitter::emitEmpty() {
  Value nan = e.number(0x7fc07fc0);
  Value pair = e.select(e.eq(word(Shape::kZero), 0), nan, e.number(0));
  Value value = LLVM::UndefOp::create(e, VectorType::get(4, e.i32));
  for (int64_t i = 0; i < 4; ++i)
    value = LLVM::InsertElementOp::create(e, value, pair, e.number(i));
  Value top = e.add(e.mul(consumer, 64), e.mul(warp, 16));
  Value piece = e.bitAnd(lane, 7);
  for (int64_t r = 0; r < 16; r += 4) {
    Value mine = e.add(top, e.add(e.shr(lane, 3), r));
    e.ifThen(e.lt(mine, count), [&] {
      for (int64_t part = 0; part < s.parts(); ++part)
        e.store(value, resultAt(mine, e.add(e.shl(piece, 3), 64 * part)), 16);
    });
  }
}

DeviceKernel zorro::emitHopperAttention(KernelOp kernel, OpBuilder &builder) {
  std::string why;
  std::optional<Shape> shape = Shape::get(kernel, why);
  if (!shape)
    return kernel.emitOpError() << "expected " << why;
  HopperEmitter e(kernel.getLoc(), kernel.getContext());
  DeviceFrame frame(e, builder, kernel, /*tables=*/1, Shape::kScalars, Shape::kMaps);
  HopperAttentionEmitter(e, frame, *shape).emit();
  LLVM::LLVMFuncOp func = frame.close(HopperEmitter::kGroup * (Shape::kConsumers + 1));
  func->setAttr(kHopperAttr, builder.getUnitAttr());
  func->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(1));
  return func;
}
