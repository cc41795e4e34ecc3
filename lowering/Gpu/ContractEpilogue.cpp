//===- ContractEpilogue.cpp - From sums to results ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The sums of a block stand in shared memory. Each thread takes 16 bytes of a row of results at a
// time, always the same columns: what it reads and writes are whole lines, and what depends on
// columns alone (a bias) is read once.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Contract.h"
#include "lowering/Gpu/ScalarBody.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace zorro;

namespace {

class EpilogueEmitter {
public:
  EpilogueEmitter(DeviceFrame &frame, const DeviceContract &shape, Value sums, Value firstRow,
                  Value firstColumn)
      : e(frame.e), core(frame.e), frame(frame), s(shape), tile(shape.tile),
        width(frame.result.element.isBF16() ? 8 : 4), sums(sums), firstRow(firstRow),
        firstColumn(firstColumn) {}

  void emit();

private:
  using Memory = DeviceFrame::Memory;

  void storeOffsets();
  void emitRow(Value row, ArrayRef<DeviceValues> fixed);
  DeviceValues loadSums(Value row);
  DeviceValues loadColumns(const Memory &memory, Value address);
  void storeColumns(ValueRange values, Value address);

  static int64_t bytesOf(const Memory &memory) {
    return memory.element.getIntOrFloatBitWidth() / 8;
  }
  /// Whether the thread's columns can be read or written 16 bytes at a time.
  Value isEven(Value address);
  /// Where the offset of a row lies, of epilogue operand `operand` or of the result.
  Value offsetPlace(Value row, unsigned operand) {
    return e.add(e.add(sums, s.offsetsAt() + int64_t(operand) * tile.rows * 8), e.shl(row, 3));
  }
  bool hasRows(unsigned extra) const {
    ContractOp contract = s.contract;
    return cast<RankedTensorType>(contract.getExtras()[extra].getType()).getRank() > 1;
  }

  DeviceEmitter &e;
  TensorCore core;
  DeviceFrame &frame;
  const DeviceContract &s;
  const ContractTile &tile;
  const int64_t width; // columns of a thread
  Value sums, firstRow, firstColumn;
  Value piece, column, total;
};

} // namespace

Value zorro::swizzleSums(DeviceEmitter &e, Value piece) {
  return e.bitXor(piece, e.bitAnd(e.shr(piece, 3), 1));
}

void EpilogueEmitter::storeOffsets() {
  Value row = e.thread();
  assert(tile.rows <= ContractTile::kThreads && "one row for a thread");
  auto store = [&] {
    Value last = e.min(e.add(firstRow, row), e.sub(total, 1));
    auto storeOne = [&](unsigned operand, const Memory &memory) {
      Value offset = emitRowOffset(frame, last, 1 + operand, bytesOf(memory));
      e.store(offset, core.pointer(offsetPlace(row, operand)), 8);
    };
    for (auto [i, argument] : llvm::enumerate(s.extras))
      if (hasRows(i))
        storeOne(i, frame.inputs[argument]);
    storeOne(s.extras.size(), frame.result);
  };
  if (tile.rows == ContractTile::kThreads)
    return store();
  e.ifThen(e.lt(row, e.number(tile.rows)), store);
}

Value EpilogueEmitter::isEven(Value address) {
  Value bits = LLVM::PtrToIntOp::create(e, e.i64, address);
  Value even = e.eq(e.bitAnd(e.narrow(bits), 15), 0);
  if (s.n % width == 0)
    return even;
  return e.both(even, e.lt(e.add(column, width - 1), e.number(s.n)));
}

DeviceValues EpilogueEmitter::loadSums(Value row) {
  Value line = e.add(sums, e.mul(row, tile.sumsPitch()));
  DeviceValues values;
  for (int64_t i = 0; i < width / 4; ++i) {
    Value place = swizzleSums(e, e.add(e.mul(piece, width / 4), i));
    Value four = e.load(VectorType::get(4, e.f32), core.pointer(e.add(line, e.shl(place, 4))), 16);
    for (int64_t j = 0; j < 4; ++j)
      values.push_back(vector::ExtractOp::create(e, four, j));
  }
  return values;
}

/// The f32 of `width` columns; `address` is that of the first one.
DeviceValues EpilogueEmitter::loadColumns(const Memory &memory, Value address) {
  int64_t bytes = bytesOf(memory);
  auto whole = [&] {
    DeviceValues values;
    for (int64_t at = 0; at < width * bytes; at += 16) {
      int64_t words = std::min<int64_t>(4, (width * bytes - at) / 4);
      Value four = e.load(VectorType::get(words, bytes == 4 ? e.f32 : e.i32), e.at(address, at),
                          words * 4);
      for (int64_t j = 0; j < words; ++j) {
        Value word = vector::ExtractOp::create(e, four, j);
        if (bytes == 4) {
          values.push_back(word);
          continue;
        }
        auto [low, high] = core.unpackBf16(word);
        values.append({low, high});
      }
    }
    return values;
  };
  auto single = [&] {
    DeviceValues values;
    for (int64_t i = 0; i < width; ++i) {
      // Past the last column, the last one again: nothing is written there.
      Value step = e.number(i);
      if (s.n % width)
        step = e.min(step, e.sub(e.number(s.n - 1), column));
      Value source = e.at(address, e.wide(e.mul(step, bytes)));
      if (bytes == 4) {
        values.push_back(e.load(e.f32, source, 4));
        continue;
      }
      Value bits = arith::ExtUIOp::create(e, e.i32, e.load(e.getI16Type(), source, 2));
      values.push_back(arith::BitcastOp::create(e, e.f32, e.shl(bits, 16)));
    }
    return values;
  };
  return e.ifValues(isEven(address), whole, single);
}

void EpilogueEmitter::storeColumns(ValueRange values, Value address) {
  int64_t bytes = bytesOf(frame.result);
  DeviceValues words(values);
  if (bytes == 2) {
    words.clear();
    for (int64_t i = 0; i < width; i += 2)
      words.push_back(core.packBf16(values[i], values[i + 1]));
  }
  auto whole = [&] {
    auto type = VectorType::get(4, words[0].getType());
    e.store(vector::FromElementsOp::create(e, type, words), address, 16);
  };
  auto single = [&] {
    for (int64_t i = 0; i < width; ++i) {
      auto store = [&] {
        Value value = values[i];
        if (bytes == 2) {
          Value word = i % 2 ? e.shr(words[i / 2], 16) : words[i / 2];
          value = arith::TruncIOp::create(e, e.getI16Type(), word);
        }
        e.store(value, e.at(address, i * bytes), bytes);
      };
      if (s.n % width)
        e.ifThen(e.lt(e.add(column, i), e.number(s.n)), store);
      else
        store();
    }
  };
  e.ifThen(isEven(address), whole, single);
}

void EpilogueEmitter::emitRow(Value row, ArrayRef<DeviceValues> fixed) {
  DeviceValues values = loadSums(row);
  auto addressOf = [&](const Memory &memory, unsigned operand) {
    Value offset = e.load(e.i64, core.pointer(offsetPlace(row, operand)), 8);
    return e.at(e.at(memory.address, offset), e.wide(e.mul(column, bytesOf(memory))));
  };
  SmallVector<DeviceValues> extras(fixed);
  for (auto [i, argument] : llvm::enumerate(s.extras))
    if (hasRows(i))
      extras[i] = loadColumns(frame.inputs[argument], addressOf(frame.inputs[argument], i));
  ContractOp contract = s.contract;
  if (!contract.getEpilogue().empty())
    for (auto [i, value] : llvm::enumerate(values)) {
      DeviceValues operands = {value};
      for (const DeviceValues &extra : extras)
        operands.push_back(extra[i]);
      value = emitScalarBody(e, contract.getEpilogue().front(), operands);
    }
  storeColumns(values, addressOf(frame.result, s.extras.size()));
}

void EpilogueEmitter::emit() {
  total = e.narrow(frame.scalars[0]);
  storeOffsets();
  int64_t pieces = tile.columns / width, step = ContractTile::kThreads / pieces;
  Value thread = e.thread();
  piece = e.rem(thread, pieces);
  column = e.add(firstColumn, e.mul(piece, width));
  e.barrier(); // sums and offsets are there
  auto rows = [&] {
    SmallVector<DeviceValues> fixed(s.extras.size());
    for (auto [i, argument] : llvm::enumerate(s.extras)) {
      const Memory &memory = frame.inputs[argument];
      if (!hasRows(i))
        fixed[i] = loadColumns(
            memory, e.at(memory.address, e.wide(e.mul(column, bytesOf(memory)))));
    }
    Value end = e.min(e.number(tile.rows), e.sub(total, firstRow));
    e.loop(e.div(thread, pieces), end, e.number(step), [&](Value row) { emitRow(row, fixed); });
  };
  if (s.n % tile.columns == 0)
    return rows();
  e.ifThen(e.lt(column, e.number(s.n)), rows);
}

void zorro::emitContractEpilogue(DeviceFrame &frame, const DeviceContract &shape, Value sums,
                                 Value firstRow, Value firstColumn) {
  EpilogueEmitter(frame, shape, sums, firstRow, firstColumn).emit();
}
