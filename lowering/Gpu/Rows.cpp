//===- Rows.cpp - Norms and softmax -------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A warp for each row. The row is cut into chunks of sixteen bytes as it lies in memory; lane l
// takes the chunks l, l + 32, … and keeps them in registers, if the row is not too long; then every
// pass reads it again. An element's place in its chunk has its own sum, over the lane's chunks in
// order; these are joined by halves, and so are the lanes. The order depends on the row's length
// and its type in memory alone, and a row without its last elements keeps it: where addresses do
// not allow sixteen bytes, the same elements are read one by one.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Emitters.h"
#include "lowering/Gpu/DeviceFrame.h"
#include "lowering/Gpu/Emitters.h"
#include "lowering/Gpu/Loops.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace zorro;

/// Rows of a block.
static constexpr int64_t kRowsOfBlock = 4;
/// Elements that a lane keeps in registers at most.
static constexpr int64_t kKept = 128;

namespace {

/// The static part of a row kernel.
///
/// Scalars of a launch: rows in all; rows of a batch, and how to divide by them (divisorWord);
/// batch and row stride of x and of the result, in bytes.
struct RowShapes {
  Operation *root = nullptr;
  int64_t columns = 0;
  int64_t x = -1, scale = -1, bias = -1; ///< argument numbers; -1: none
  double eps = 0;

  static FailureOr<RowShapes> get(KernelOp kernel);
};

/// Writes the code for one row.
class RowWriter {
public:
  RowWriter(DeviceFrame &frame, const RowShapes &shape)
      : frame(frame), e(frame.e), s(shape), x(frame.inputs[shape.x]),
        width(16 / bytesOf(x.element)), kept(llvm::divideCeil(shape.columns, 32) <= kKept) {}

  void write();

private:
  using Memory = DeviceFrame::Memory;
  using Sums = DeviceValues;
  /// The elements of one chunk in f32, the place of the first in the row, which of them exist
  /// (empty: all), and the number of the chunk among the lane's (-1 in a loop).
  struct Chunk {
    DeviceValues values;
    Value column;
    DeviceValues exist;
    int64_t group;
  };

  static int64_t bytesOf(Type type) { return type.getIntOrFloatBitWidth() / 8; }
  Value extend(Value value);
  Value round(Value value, Type type);
  Value exponential(Value x);

  Value alignment();
  /// Calls body(column, exist) for each of the lane's chunks in order; `init` goes through.
  Sums eachChunk(Sums init, function_ref<Sums(Value column, ArrayRef<Value> exist, int64_t group,
                                              ValueRange sums)> body);
  DeviceValues readChunk(const Memory &m, Value from, Value column, ArrayRef<Value> exist,
                         double filler);
  void writeChunk(ArrayRef<Value> values, Value column, ArrayRef<Value> exist);
  /// As eachChunk, with the elements of x; those that do not exist are `filler`.
  Sums eachOfRow(Sums init, function_ref<Sums(const Chunk &, ValueRange)> body);
  /// Joins sums of the elements of a chunk, then of the lanes.
  Value joinAll(Sums sums, function_ref<Value(Value, Value)> join);
  Value sum(function_ref<Value(Value sofar, Value element)> step, Value mean = nullptr);
  Value centred(const Chunk &chunk, size_t i, Value mean);

  void norm(bool centre);
  void softmax();

  DeviceFrame &frame;
  DeviceEmitter &e;
  const RowShapes &s;
  const Memory x;
  const int64_t width; ///< elements of a chunk
  const bool kept;
  double filler = 0;
  Value lane, aligned, from, to; ///< from, to: the row's offsets in bytes
  SmallVector<DeviceValues> registers;
};

} // namespace

FailureOr<RowShapes> RowShapes::get(KernelOp kernel) {
  RowShapes shape;
  Operation *root = shape.root = kernel.getRoot();
  if (!isa<LayerNormOp, RMSNormOp, SoftmaxOp>(root))
    return kernel.emitOpError() << "expected a row operation but got " << root->getName();
  auto stored = [](Type type) {
    Type element = getElementTypeOrSelf(type);
    return element.isF32() || element.isBF16() || element.isF16();
  };
  for (Value operand : root->getOperands()) {
    BlockArgument argument = KernelOp::getArgument(operand);
    if (!argument || !stored(argument.getType()) || !getElementTypeOrSelf(operand).isF32())
      return kernel.emitOpError() << "expected arguments of type f32, bf16 or f16 as operands";
  }
  if (!stored(kernel.getResultType()))
    return kernel.emitOpError() << "expected a result of type f32, bf16 or f16 but got "
                                << kernel.getResultType();
  auto type = cast<RankedTensorType>(root->getResult(0).getType());
  if (type.getRank() < 1 || type.isDynamicDim(type.getRank() - 1))
    return kernel.emitOpError() << "expected a last axis of known size but got " << type;
  shape.columns = type.getShape().back();
  auto numberOf = [](Value value) { return value ? getArgument(value) : -1; };
  shape.x = numberOf(root->getOperand(0));
  if (auto op = dyn_cast<LayerNormOp>(root)) {
    shape.scale = numberOf(op.getScale());
    shape.bias = numberOf(op.getBias());
    shape.eps = op.getEps().convertToDouble();
  } else if (auto op = dyn_cast<RMSNormOp>(root)) {
    shape.scale = numberOf(op.getScale());
    shape.eps = op.getEps().convertToDouble();
  }
  return shape;
}

//===----------------------------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------------------------===//

Value RowWriter::extend(Value value) {
  return value.getType() == e.f32 ? value : arith::ExtFOp::create(e, e.f32, value).getResult();
}

Value RowWriter::round(Value value, Type type) {
  return type == e.f32 ? value : arith::TruncFOp::create(e, type, value).getResult();
}

/// e^x for x <= 0: 2^(n + f), where the hardware raises to f, which is within a half, and n goes
/// into the exponent. Rounding x·log2(e) at once would lose what the exponent takes. Exactly 0
/// below -87.3 and for -inf; NaN stays NaN.
Value RowWriter::exponential(Value x) {
  constexpr double magic = 12582912.0 + 127.0; // leaves n + 127 in the low bits
  auto fma = [&](Value a, double b, Value c) -> Value {
    return math::FmaOp::create(e, a, e.real(b), c);
  };
  const double high = 1.44269502162933349609, low = 1.92596299112661746887e-8;
  Value biased = fma(x, high, e.real(magic));
  Value f = fma(x, low, fma(x, high, arith::SubFOp::create(e, e.real(magic), biased)));
  Value p = e.assembly(e.f32, "ex2.approx.ftz.f32 $0, $1;", "=f,f", f, /*effects=*/false);
  Value bits = arith::BitcastOp::create(e, e.i32, biased);
  Value power = arith::BitcastOp::create(e, e.f32, e.shl(bits, 23));
  Value small = arith::CmpFOp::create(e, arith::CmpFPredicate::OLT, x, e.real(-87.3));
  // A product, not a sum of exponents: whatever the bits of a NaN are, it stays one.
  return e.select(small, e.real(0), arith::MulFOp::create(e, p, power));
}

//===----------------------------------------------------------------------------------------===//
// Chunks
//===----------------------------------------------------------------------------------------===//

/// Whether every operand lets a lane take its chunk at once.
Value RowWriter::alignment() {
  Value places = e.number(e.i64, 0);
  auto add = [&](const Memory &m, ArrayRef<Value> strides) {
    int64_t mask = std::min<int64_t>(width * bytesOf(m.element), 16) - 1;
    Value all = LLVM::PtrToIntOp::create(e, e.i64, m.address);
    for (Value stride : strides)
      all = e.bitOr(all, stride);
    places = e.bitOr(places, e.bitAnd(all, mask));
  };
  ArrayRef<Value> scalars = frame.scalars;
  add(x, scalars.slice(3, 2));
  add(frame.result, scalars.slice(5, 2));
  for (int64_t argument : {s.scale, s.bias})
    if (argument >= 0)
      add(frame.inputs[argument], {});
  return e.eq(places, 0);
}

RowWriter::Sums RowWriter::eachChunk(
    Sums init, function_ref<Sums(Value, ArrayRef<Value>, int64_t, ValueRange)> body) {
  int64_t group = 32 * width, whole = s.columns / group;
  Value first = e.mul(lane, width);
  if (kept) {
    for (int64_t j = 0; j < whole; ++j)
      init = body(e.add(first, j * group), {}, j, init);
  } else {
    init = e.loop(e.number(0), e.number(whole * group), e.number(group), init,
                  [&](Value column, ValueRange sums) {
                    return body(e.add(first, column), {}, -1, sums);
                  });
  }
  if (s.columns % group == 0)
    return init;
  Value column = e.add(first, whole * group);
  DeviceValues exist;
  // Where chunks are whole, one comparison is enough.
  for (int64_t w = 0; w < width; ++w)
    exist.push_back(s.columns % width == 0 && w > 0
                        ? exist[0]
                        : e.lt(e.add(column, w), e.number(s.columns)));
  return body(column, exist, whole, init);
}

DeviceValues RowWriter::readChunk(const Memory &m, Value from, Value column,
                                  ArrayRef<Value> exist, double filler) {
  int64_t bytes = bytesOf(m.element);
  Value offset = e.mul(e.wide(column), bytes);
  Value first = e.at(m.address, from ? e.add(from, offset) : offset);
  auto place = [&](int64_t w) { return e.at(first, w * bytes); };
  auto together = [&] {
    Value all = e.load(VectorType::get(width, m.element), place(0),
                       std::min<int64_t>(width * bytes, 16));
    DeviceValues values;
    for (int64_t w = 0; w < width; ++w)
      values.push_back(vector::ExtractOp::create(e, all, w));
    return values;
  };
  auto oneByOne = [&] {
    DeviceValues values;
    for (int64_t w = 0; w < width; ++w) {
      auto read = [&] { return DeviceValues{e.load(m.element, place(w), bytes)}; };
      auto fill = [&] { return DeviceValues{round(e.real(filler), m.element)}; };
      values.push_back(exist.empty() ? read()[0] : e.ifValues(exist[w], read, fill)[0]);
    }
    return values;
  };
  Value once = exist.empty() ? aligned : e.both(aligned, exist.back());
  DeviceValues values = e.ifValues(once, together, oneByOne);
  for (Value &value : values)
    value = extend(value);
  return values;
}

void RowWriter::writeChunk(ArrayRef<Value> values, Value column, ArrayRef<Value> exist) {
  const Memory &m = frame.result;
  int64_t bytes = bytesOf(m.element);
  DeviceValues rounded;
  for (Value value : values)
    rounded.push_back(round(value, m.element));
  Value first = e.at(m.address, e.add(to, e.mul(e.wide(column), bytes)));
  auto place = [&](int64_t w) { return e.at(first, w * bytes); };
  Value once = exist.empty() ? aligned : e.both(aligned, exist.back());
  e.ifThen(
      once,
      [&] {
        Value all =
            vector::FromElementsOp::create(e, VectorType::get(width, m.element), rounded);
        e.store(all, place(0), std::min<int64_t>(width * bytes, 16));
      },
      [&] {
        for (int64_t w = 0; w < width; ++w) {
          auto store = [&] { e.store(rounded[w], place(w), bytes); };
          if (exist.empty())
            store();
          else
            e.ifThen(exist[w], store);
        }
      });
}

RowWriter::Sums RowWriter::eachOfRow(Sums init,
                                     function_ref<Sums(const Chunk &, ValueRange)> body) {
  return eachChunk(init, [&](Value column, ArrayRef<Value> exist, int64_t group,
                             ValueRange sums) {
    Chunk chunk{{}, column, DeviceValues(exist), kept ? group : -1};
    if (kept && size_t(group) < registers.size())
      chunk.values = registers[group];
    else
      chunk.values = readChunk(x, from, column, exist, filler);
    if (kept && size_t(group) == registers.size())
      registers.push_back(chunk.values);
    return body(chunk, sums);
  });
}

//===----------------------------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------------------------===//

Value RowWriter::joinAll(Sums sums, function_ref<Value(Value, Value)> join) {
  for (size_t half = sums.size() / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; ++i)
      sums[i] = join(sums[i], sums[i + half]);
  Value all = sums[0];
  for (int64_t mask = 16; mask > 0; mask /= 2)
    all = join(all, e.shuffleXor(all, mask));
  return all;
}

/// The element less the mean; zero where there is none.
Value RowWriter::centred(const Chunk &chunk, size_t i, Value mean) {
  if (!mean)
    return chunk.values[i];
  Value value = arith::SubFOp::create(e, chunk.values[i], mean);
  return chunk.exist.empty() ? value : e.select(chunk.exist[i], value, e.real(0));
}

Value RowWriter::sum(function_ref<Value(Value, Value)> step, Value mean) {
  Sums sums = eachOfRow(Sums(width, e.real(0)), [&](const Chunk &chunk, ValueRange sofar) {
    Sums next;
    for (int64_t w = 0; w < width; ++w)
      next.push_back(step(sofar[w], centred(chunk, w, mean)));
    return next;
  });
  return joinAll(sums, [&](Value a, Value b) { return arith::AddFOp::create(e, a, b); });
}

void RowWriter::norm(bool centre) {
  Value count = e.real(double(s.columns)), mean;
  if (centre) {
    Value all = sum([&](Value a, Value b) { return arith::AddFOp::create(e, a, b); });
    mean = arith::DivFOp::create(e, all, count);
  }
  Value squares =
      sum([&](Value a, Value b) -> Value { return math::FmaOp::create(e, b, b, a); }, mean);
  Value variance = arith::AddFOp::create(e, arith::DivFOp::create(e, squares, count),
                                         e.real(s.eps));
  Value inverse = arith::DivFOp::create(e, e.real(1), math::SqrtOp::create(e, variance));
  eachOfRow({}, [&](const Chunk &chunk, ValueRange) {
    DeviceValues scale, bias, results;
    if (s.scale >= 0)
      scale = readChunk(frame.inputs[s.scale], nullptr, chunk.column, chunk.exist, 0);
    if (s.bias >= 0)
      bias = readChunk(frame.inputs[s.bias], nullptr, chunk.column, chunk.exist, 0);
    for (int64_t w = 0; w < width; ++w) {
      Value y = arith::MulFOp::create(e, centred(chunk, w, mean), inverse);
      if (s.scale >= 0)
        y = arith::MulFOp::create(e, y, scale[w]);
      if (s.bias >= 0)
        y = arith::AddFOp::create(e, y, bias[w]);
      results.push_back(y);
    }
    writeChunk(results, chunk.column, chunk.exist);
    return Sums();
  });
}

void RowWriter::softmax() {
  // A NaN is left out of the maximum and comes back through its own exponential; a row of -inf
  // gives -inf - -inf, which is one too.
  auto larger = [&](Value a, Value b) { return arith::MaxNumFOp::create(e, a, b); };
  filler = -std::numeric_limits<double>::infinity();
  Value most = joinAll(eachOfRow(Sums(width, e.real(filler)),
                                 [&](const Chunk &chunk, ValueRange sofar) {
                                   Sums next;
                                   for (int64_t w = 0; w < width; ++w)
                                     next.push_back(larger(sofar[w], chunk.values[w]));
                                   return next;
                                 }),
                       larger);
  auto power = [&](const Chunk &chunk, int64_t w) {
    return exponential(arith::SubFOp::create(e, chunk.values[w], most));
  };
  auto add = [&](Value a, Value b) { return arith::AddFOp::create(e, a, b); };
  Sums sums = eachOfRow(Sums(width, e.real(0)), [&](const Chunk &chunk, ValueRange sofar) {
    Sums next;
    DeviceValues powers;
    for (int64_t w = 0; w < width; ++w) {
      powers.push_back(power(chunk, w));
      next.push_back(add(sofar[w], powers[w]));
    }
    if (kept)
      registers[chunk.group] = powers;
    return next;
  });
  Value inverse = arith::DivFOp::create(e, e.real(1), joinAll(sums, add));
  eachOfRow({}, [&](const Chunk &chunk, ValueRange) {
    DeviceValues results;
    for (int64_t w = 0; w < width; ++w) {
      Value p = kept ? chunk.values[w] : power(chunk, w);
      results.push_back(arith::MulFOp::create(e, p, inverse));
    }
    writeChunk(results, chunk.column, chunk.exist);
    return Sums();
  });
}

void RowWriter::write() {
  ArrayRef<Value> scalars = frame.scalars;
  Value number = e.add(e.mul(e.block(), kRowsOfBlock), e.warp());
  aligned = alignment();
  e.ifThen(e.lt(number, e.narrow(scalars[0])), [&] {
    lane = e.lane();
    Value rows = e.narrow(scalars[1]);
    Value batch = divideByWord(e, number, scalars[2]);
    Value row = e.sub(number, e.mul(batch, rows));
    auto place = [&](int64_t first) {
      auto part = [&](Value index, Value stride) {
        return e.mul(e.wide(index), e.wide(e.narrow(stride)));
      };
      return e.add(part(batch, scalars[first]), part(row, scalars[first + 1]));
    };
    from = place(3);
    to = place(5);
    if (isa<SoftmaxOp>(s.root))
      softmax();
    else
      norm(isa<LayerNormOp>(s.root));
  });
}

DeviceKernel zorro::emitDeviceRow(KernelOp kernel, const GpuTarget &target, OpBuilder &builder) {
  FailureOr<RowShapes> shape = RowShapes::get(kernel);
  if (failed(shape))
    return failure();
  DeviceEmitter e(shape->root->getLoc(), kernel.getContext());
  DeviceFrame frame(e, builder, kernel, /*tables=*/0, /*scalars=*/7);
  RowWriter(frame, *shape).write();
  return frame.close(kRowsOfBlock * 32);
}

FailureOr<LaunchPlan> zorro::planDeviceRow(KernelOp kernel, const GpuTarget &target,
                                           ArrayRef<Operand> inputs, const Operand &result) {
  FailureOr<RowShapes> shape = RowShapes::get(kernel);
  if (failed(shape))
    return failure();
  FailureOr<RowStrides> from = getRowStrides(kernel, inputs[shape->x]);
  FailureOr<RowStrides> to = getRowStrides(kernel, result);
  if (failed(from) || failed(to))
    return failure();
  for (int64_t argument : {shape->scale, shape->bias})
    if (argument >= 0 && failed(getRowStrides(kernel, inputs[argument])))
      return failure();
  RowShape rows = getRowShape(result);
  RowStrides strides[] = {*from, *to};
  rows.merge(strides);

  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  int64_t total = rows.batches * rows.rows;
  if (total > most - kRowsOfBlock)
    return kernel.emitOpError() << "limit: expected fewer than 2^31 rows but got " << total;
  LaunchPlan plan;
  plan.scalars = {total, rows.rows, divisorWord(rows.rows)};
  Type types[] = {kernel.getBody().getArgument(shape->x).getType(), kernel.getResultType()};
  for (auto [s, type] : llvm::zip(strides, types))
    for (int64_t stride : {s.batch, s.row}) {
      int64_t bytes = stride * (getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8);
      if (bytes > most)
        return kernel.emitOpError() << "limit: expected strides below 2 GiB but got " << bytes
                                    << " bytes";
      plan.scalars.push_back(bytes);
    }
  plan.tasks = llvm::divideCeil(total, kRowsOfBlock);
  return plan;
}
