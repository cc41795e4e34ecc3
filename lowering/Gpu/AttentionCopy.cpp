//===- AttentionCopy.cpp - Rows of heads into shared memory -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A row is pieces of 16 bytes; 128 threads take 128 pieces at a time, neighbours in a row by
// neighbouring threads.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/AttentionCopy.h"

using namespace mlir;
using namespace zorro;

namespace {

class CopyEmitter {
public:
  CopyEmitter(TensorCore &core, DeviceEmitter &e, const DeviceAttention &shape,
              const HeadMemory &head, Value word, int64_t rows,
              llvm::function_ref<AttentionKeys::Row(Value)> rowAt)
      : core(core), e(e), s(shape), head(head), word(word), rowAt(rowAt),
        filled(llvm::alignTo(head.size, 16)), pieces(filled / s.perPiece()),
        pitch(filled * s.numberBytes() + 16), steps(rows * pieces / s.kThreads) {}

  /// 16 bytes at a time, without passing through registers.
  void emitAsync();
  /// Number by number, converted.
  void emitPlain();

private:
  Value loadNumber(Value row, Value column);

  TensorCore &core;
  DeviceEmitter &e;
  const DeviceAttention &s;
  const HeadMemory &head;
  Value word;
  llvm::function_ref<AttentionKeys::Row(Value)> rowAt;
  int64_t filled, pieces, pitch, steps;
};

} // namespace

void CopyEmitter::emitAsync() {
  bool even = s.kThreads % pieces == 0; // then a thread keeps its column
  Value row0 = e.div(e.thread(), pieces), piece0 = e.rem(e.thread(), pieces);
  Value to0 = e.add(word, e.add(e.mul(row0, pitch), e.shl(piece0, 4)));
  for (int64_t i = 0; i < steps; ++i) {
    Value row = row0, piece = piece0, to = to0;
    int64_t bytes = 0;
    if (even) {
      row = e.add(row0, i * (s.kThreads / pieces));
      bytes = i * (s.kThreads / pieces) * pitch;
    } else if (i > 0) {
      Value id = e.add(e.thread(), i * s.kThreads);
      row = e.div(id, pieces);
      piece = e.sub(id, e.mul(row, pieces));
      to = e.add(word, e.add(e.mul(row, pitch), e.shl(piece, 4)));
    }
    AttentionKeys::Row source = rowAt(row);
    Value whole = e.number(16);
    if (filled > head.size) {
      Value left = e.sub(e.number(head.size * head.bytes()), e.shl(piece, 4));
      whole = e.max(e.min(left, e.number(16)), e.number(0));
    }
    Value from = e.at(head.row(e, source.key), e.shl(piece, 4));
    core.copy(to, bytes, from, 16, e.select(source.live, whole, e.number(0)));
  }
}

/// An f32; zero behind the head.
Value CopyEmitter::loadNumber(Value row, Value column) {
  bool checked = filled > head.size;
  Value at = checked ? e.min(column, e.number(head.size - 1)) : column;
  Value from = e.at(row, e.mul(at, head.bytes()));
  Value number;
  if (head.element.isF32()) {
    number = e.load(e.f32, from);
  } else {
    Value bits = arith::ExtUIOp::create(e, e.i32, e.load(e.getI16Type(), from));
    number = arith::BitcastOp::create(e, e.f32, e.shl(bits, 16));
  }
  return checked ? e.select(e.lt(column, e.number(head.size)), number, e.real(0)) : number;
}

void CopyEmitter::emitPlain() {
  e.loop(e.number(0), e.number(steps), e.number(1), [&](Value i) {
    Value id = e.add(e.mul(i, s.kThreads), e.thread());
    Value row = e.div(id, pieces), piece = e.sub(id, e.mul(row, pieces));
    AttentionKeys::Row source = rowAt(row);
    int64_t count = s.perPiece();
    DeviceValues numbers = e.ifValues(
        source.live,
        [&] {
          DeviceValues values;
          Value from = head.row(e, source.key);
          for (int64_t n = 0; n < count; ++n)
            values.push_back(loadNumber(from, e.add(e.mul(piece, count), n)));
          return values;
        },
        [&] { return DeviceValues(count, e.real(0)); });
    Value bits = LLVM::PoisonOp::create(e, VectorType::get(4, e.i32));
    for (int64_t n = 0; n < 4; ++n) {
      Value part = s.precision == Precision::Bf16
                       ? core.packBf16(numbers[2 * n], numbers[2 * n + 1])
                       : Value(arith::BitcastOp::create(e, e.i32, numbers[n]));
      bits = LLVM::InsertElementOp::create(e, bits, part, e.number(n));
    }
    Value to = e.add(word, e.add(e.mul(row, pitch), e.shl(piece, 4)));
    e.store(bits, core.pointer(to), 16);
  });
}

void zorro::emitCopy(DeviceEmitter &e, TensorCore &core, const DeviceAttention &shape,
                     const HeadMemory &head, Value word, int64_t rows,
                     llvm::function_ref<AttentionKeys::Row(Value)> rowAt) {
  CopyEmitter copy(core, e, shape, head, word, rows, rowAt);
  if (head.bytes() == shape.numberBytes())
    e.ifThen(head.aligned, [&] { copy.emitAsync(); }, [&] { copy.emitPlain(); });
  else
    copy.emitPlain();
}
