//===- Loops.cpp - Maps, moves and reductions ---------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A loop nest of known rank and body over sizes and strides that come with the launch. Neighbouring
// threads take neighbouring elements of the result, whose place in the nest they find by divisions
// that are products.
//
// A reduction runs in loop order for every element on its own, as on a CPU. One of f32 that has
// kSplitSteps steps or more is kept as kSplit sums: number i takes the steps i, i + kSplit, …; the
// first half is then joined with the second, element by element, and so on. The order depends on
// the number of steps alone.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Loops.h"

#include "lowering/Cpu/VectorBody.h"
#include "lowering/Cpu/VectorMath.h"
#include "lowering/Gpu/Emitters.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace zorro;

namespace {

/// Writes the code of one kernel.
class LoopsWriter {
public:
  LoopsWriter(DeviceFrame &frame, const DeviceLoopsShape &shape)
      : frame(frame), e(frame.e), s(shape), op(shape.op), body(*op.getBlock()),
        scalars(e.getLoc(), e.getContext(), /*lanes=*/1), position(shape.rank) {
    ArrayRef<Value> next = frame.scalars;
    auto take = [&](int64_t count, Type type) {
      DeviceValues values;
      for (Value scalar : next.take_front(count))
        values.push_back(type == e.i32 ? e.narrow(scalar) : scalar);
      next = next.drop_front(count);
      return values;
    };
    count = take(1, e.i32)[0];
    mode = take(1, e.i32)[0];
    sizes = take(s.rank, e.i32);
    divisors = take(s.rank, e.i64);
    for (size_t i = 0; i <= s.inputs.size(); ++i)
      strides.push_back(take(s.rank, e.i32));
    auto kernel = op->getParentOfType<KernelOp>();
    for (int64_t argument : s.gathered)
      gatherStrides.push_back(take(
          cast<RankedTensorType>(kernel.getBody().getArgument(argument).getType()).getRank(),
          e.i64));
  }

  void write();

private:
  Value is(int64_t which) { return e.eq(mode, which); }

  // The nest.
  /// Sets the positions of `loops`, the last of which runs fastest, for step `linear` of them all.
  void locate(Value linear, ArrayRef<unsigned> loops);
  /// The bytes from an operand's beginning to its element for the positions of `loops`.
  Value offsetOf(ArrayRef<Value> strides, ArrayRef<unsigned> loops, Value from = nullptr);

  // Elements.
  Type storage(Type type) { return type.isInteger(1) ? e.i8 : type; }
  int64_t bytesOf(Type type) { return storage(type).getIntOrFloatBitWidth() / 8; }
  Value load(const DeviceFrame::Memory &memory, Value offset);
  Value toStorage(Value value);
  Value start(Value offset);
  Value neutral();
  Value join(Value a, Value b);
  Value writeBody(ValueRange arguments);
  Value writePlace(Operation *operation, ValueRange operands);
  bool reads(size_t input) { return s.inputs[input] >= 0 && !body.getArgument(input).use_empty(); }
  /// One step of the body at the present positions.
  Value step(ArrayRef<Value> offsets, Value sofar);
  DeviceValues inputOffsets(ArrayRef<unsigned> loops);

  // Ways of running.
  void element(Value number);
  void vectors();
  void warps();

  DeviceFrame &frame;
  DeviceEmitter &e;
  const DeviceLoopsShape &s;
  linalg::LinalgOp op;
  Block &body;
  Emitter scalars; ///< writes bodies, as for a CPU
  Value count, mode;
  DeviceValues sizes, divisors;
  SmallVector<DeviceValues> strides, gatherStrides; ///< of the inputs, and last of the result
  SmallVector<Value> position;                      ///< per loop, i32
};

} // namespace

//===----------------------------------------------------------------------------------------===//
// The nest
//===----------------------------------------------------------------------------------------===//

Value zorro::divideByWord(DeviceEmitter &e, Value number, Value word) {
  Value multiplier = e.narrow(word), shift = e.narrow(e.shr(word, 32));
  auto product = arith::MulUIExtendedOp::create(e, number, multiplier);
  return arith::ShRUIOp::create(e, e.add(product.getHigh(), number), shift);
}

void LoopsWriter::locate(Value linear, ArrayRef<unsigned> loops) {
  for (unsigned loop : llvm::reverse(loops.drop_front(loops.empty() ? 0 : 1))) {
    Value rest = divideByWord(e, linear, divisors[loop]);
    position[loop] = e.sub(linear, e.mul(rest, sizes[loop]));
    linear = rest;
  }
  if (!loops.empty())
    position[loops.front()] = linear;
}

Value LoopsWriter::offsetOf(ArrayRef<Value> strides, ArrayRef<unsigned> loops, Value from) {
  // Numbers of 32 bits, their products and sums of 64: one instruction for each loop.
  Value sum = from ? from : e.number(e.i64, 0);
  for (unsigned loop : loops)
    sum = e.add(sum, e.mul(e.wide(position[loop]), e.wide(strides[loop])));
  return sum;
}

DeviceValues LoopsWriter::inputOffsets(ArrayRef<unsigned> loops) {
  DeviceValues offsets;
  for (size_t i = 0; i < s.inputs.size(); ++i)
    offsets.push_back(reads(i) ? offsetOf(strides[i], loops) : Value());
  return offsets;
}

//===----------------------------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------------------------===//

/// A byte is true where it is not zero.
static Value fromStorage(DeviceEmitter &e, Value value, Type type) {
  if (!type.isInteger(1))
    return value;
  return e.cmp(arith::CmpIPredicate::ne, value, e.number(e.i8, 0));
}

Value LoopsWriter::load(const DeviceFrame::Memory &memory, Value offset) {
  Value value = e.load(storage(memory.element), e.at(memory.address, offset));
  return fromStorage(e, value, memory.element);
}

Value LoopsWriter::toStorage(Value value) {
  Type type = frame.result.element;
  if (type.isInteger(1))
    return arith::ExtUIOp::create(e, e.i8, value);
  if (value.getType() == type)
    return value;
  return arith::TruncFOp::create(e, type, value);
}

/// What the element at `offset` of the result starts from.
Value LoopsWriter::start(Value offset) {
  if (s.start)
    return arith::ConstantOp::create(e, s.start);
  BlockArgument sofar = body.getArguments().back();
  if (!s.isReduction() && sofar.use_empty())
    return nullptr;
  Value value = load(frame.result, offset);
  return value.getType() == sofar.getType()
             ? value
             : arith::ExtFOp::create(e, sofar.getType(), value).getResult();
}

Value LoopsWriter::neutral() {
  double infinity = std::numeric_limits<double>::infinity();
  return e.real(llvm::TypeSwitch<Operation *, double>(s.combiner)
                    .Case([](arith::AddFOp) { return -0.0; })
                    .Case([](arith::MulFOp) { return 1.0; })
                    .Case<arith::MaximumFOp, arith::MaxNumFOp>([&](auto) { return -infinity; })
                    .Default([&](Operation *) { return infinity; }));
}

Value LoopsWriter::join(Value a, Value b) {
  OperationState state(e.getLoc(), s.combiner->getName());
  state.addOperands({a, b});
  state.addTypes(a.getType());
  state.addAttributes(s.combiner->getAttrs());
  return e.create(state)->getResult(0);
}

Value LoopsWriter::writePlace(Operation *operation, ValueRange operands) {
  if (auto index = dyn_cast<linalg::IndexOp>(operation))
    return arith::IndexCastUIOp::create(e, e.getIndexType(), position[index.getDim()]);
  int64_t argument = getArgument(cast<tensor::ExtractOp>(operation).getTensor());
  size_t number = llvm::find(s.gathered, argument) - s.gathered.begin();
  Value offset = e.number(e.i64, 0);
  for (auto [index, stride] : llvm::zip(operands.drop_front(), gatherStrides[number])) {
    Value wide = arith::IndexCastOp::create(e, e.i64, index);
    offset = e.add(offset, e.mul(wide, stride));
  }
  return load(frame.inputs[argument], offset);
}

Value LoopsWriter::writeBody(ValueRange arguments) {
  // Both builders write before the same place.
  scalars.restoreInsertionPoint(e.saveInsertionPoint());
  return emitBody(scalars, body, arguments, /*wide=*/false,
                  [&](Operation *operation, ValueRange operands) {
                    e.restoreInsertionPoint(scalars.saveInsertionPoint());
                    return writePlace(operation, operands);
                  });
}

Value LoopsWriter::step(ArrayRef<Value> offsets, Value sofar) {
  DeviceValues arguments;
  for (auto [i, argument] : llvm::enumerate(s.inputs))
    arguments.push_back(reads(i) ? load(frame.inputs[argument], offsets[i]) : Value());
  arguments.push_back(sofar);
  return writeBody(arguments);
}

//===----------------------------------------------------------------------------------------===//
// Ways of running
//===----------------------------------------------------------------------------------------===//

/// Element `number` of the result, by one thread.
void LoopsWriter::element(Value number) {
  locate(number, s.parallel);
  Value to = offsetOf(strides.back(), s.parallel);
  std::function<Value(size_t, ArrayRef<Value>, Value)> nest =
      [&](size_t depth, ArrayRef<Value> offsets, Value sofar) -> Value {
    if (depth == s.reductions.size())
      return step(offsets, sofar);
    unsigned loop = s.reductions[depth];
    return e.loop(e.number(0), sizes[loop], e.number(1), {sofar}, [&](Value r, ValueRange args) {
      position[loop] = r;
      DeviceValues moved;
      for (auto [i, offset] : llvm::enumerate(offsets))
        moved.push_back(offset ? offsetOf(strides[i], {loop}, offset) : Value());
      return DeviceValues{nest(depth + 1, moved, args[0])};
    })[0];
  };
  Value result = nest(0, inputOffsets(s.parallel), start(to));
  e.store(toStorage(result), e.at(frame.result.address, to));
}

/// s.vector neighbours for each thread, or as many elements one by one where addresses do not
/// allow more.
void LoopsWriter::vectors() {
  int64_t width = s.vector;
  Value places = e.number(e.i64, 0);
  auto addPlace = [&](const DeviceFrame::Memory &memory) {
    // Aligned to its own access: 16 bytes of the widest operand are fewer of another.
    int64_t mask = width * bytesOf(memory.element) - 1;
    Value address = LLVM::PtrToIntOp::create(e, e.i64, memory.address);
    places = e.bitOr(places, e.bitAnd(address, mask));
  };
  for (auto [i, argument] : llvm::enumerate(s.inputs))
    if (reads(i))
      addPlace(frame.inputs[argument]);
  addPlace(frame.result);
  Value aligned = e.eq(places, 0);

  Value block = e.mul(e.block(), kLoopThreads * width);
  Value first = e.add(block, e.select(aligned, e.mul(e.thread(), width), e.thread()));
  Value pace = e.select(aligned, e.number(1), e.number(kLoopThreads));
  Value whole = e.both(aligned, e.cmp(arith::CmpIPredicate::sle, e.add(first, width), count));
  e.ifThen(
      whole,
      [&] {
        locate(first, s.parallel);
        DeviceValues offsets = inputOffsets(s.parallel);
        SmallVector<DeviceValues> read(s.inputs.size());
        for (auto [i, argument] : llvm::enumerate(s.inputs)) {
          if (!reads(i))
            continue;
          const DeviceFrame::Memory &memory = frame.inputs[argument];
          // One value for all, or neighbours.
          Value same = e.eq(strides[i][*s.inner], 0);
          read[i] = e.ifValues(
              same,
              [&, i = i] { return DeviceValues(width, load(memory, offsets[i])); },
              [&, i = i] {
                Type element = storage(memory.element);
                Value all = e.load(VectorType::get(width, element),
                                   e.at(memory.address, offsets[i]),
                                   width * bytesOf(element));
                DeviceValues values;
                for (int64_t w = 0; w < width; ++w)
                  values.push_back(
                      fromStorage(e, vector::ExtractOp::create(e, all, w), memory.element));
                return values;
              });
        }
        DeviceValues results;
        Value to = offsetOf(strides.back(), s.parallel);
        unsigned inner = *s.inner;
        Value base = position[inner];
        for (int64_t w = 0; w < width; ++w) {
          position[inner] = e.add(base, w);
          DeviceValues arguments;
          for (size_t i = 0; i < s.inputs.size(); ++i)
            arguments.push_back(reads(i) ? read[i][w] : Value());
          int64_t bytes = bytesOf(frame.result.element);
          arguments.push_back(start(e.add(to, w * bytes)));
          results.push_back(toStorage(writeBody(arguments)));
        }
        Type type = VectorType::get(width, results[0].getType());
        Value all = vector::FromElementsOp::create(e, type, results);
        e.store(all, e.at(frame.result.address, to), width * bytesOf(frame.result.element));
      },
      [&] {
        e.loop(e.number(0), e.number(width), e.number(1), [&](Value w) {
          Value number = e.add(first, e.mul(w, pace));
          e.ifThen(e.lt(number, count), [&] { element(number); });
        });
      });
}

/// A warp for each element of a reduction.
void LoopsWriter::warps() {
  Value number = e.add(e.mul(e.block(), kLoopThreads / kSplit), e.warp());
  e.ifThen(e.lt(number, count), [&] {
    locate(number, s.parallel);
    Value to = offsetOf(strides.back(), s.parallel), lane = e.lane();
    DeviceValues offsets = inputOffsets(s.parallel);
    Value steps = e.number(1);
    for (unsigned loop : s.reductions)
      steps = e.mul(steps, sizes[loop]);
    Value sum = e.select(e.eq(lane, 0), start(to), neutral());
    sum = e.loop(lane, steps, e.number(kSplit), {sum}, [&](Value r, ValueRange args) {
      locate(r, s.reductions);
      DeviceValues moved;
      for (auto [i, offset] : llvm::enumerate(offsets))
        moved.push_back(offset ? offsetOf(strides[i], s.reductions, offset) : Value());
      return DeviceValues{step(moved, args[0])};
    })[0];
    for (int64_t mask = kSplit / 2; mask > 0; mask /= 2)
      sum = join(sum, e.shuffleXor(sum, mask));
    e.ifThen(e.eq(lane, 0),
             [&] { e.store(toStorage(sum), e.at(frame.result.address, to)); });
  });
}

void LoopsWriter::write() {
  auto plain = [&] {
    Value number = e.add(e.mul(e.block(), kLoopThreads), e.thread());
    e.ifThen(e.lt(number, count), [&] { element(number); });
  };
  if (s.combiner)
    e.ifThen(is(DeviceLoopsShape::PerWarp), [&] { warps(); }, plain);
  else if (s.vector > 1)
    e.ifThen(is(DeviceLoopsShape::PerVector), [&] { vectors(); }, plain);
  else
    plain();
}

DeviceKernel zorro::emitDeviceLoops(KernelOp kernel, const GpuTarget &target, OpBuilder &builder) {
  FailureOr<DeviceLoopsShape> shape = DeviceLoopsShape::get(kernel);
  if (failed(shape))
    return failure();
  DeviceEmitter e(shape->op.getLoc(), kernel.getContext());
  DeviceFrame frame(e, builder, kernel, /*tables=*/0, shape->scalarCount());
  LoopsWriter(frame, *shape).write();
  LLVM::LLVMFuncOp func = frame.close(kLoopThreads);
  if (failed(expandMath(func, /*bf16=*/false)))
    return failure();
  return func;
}
