//===- Contract.cpp - Rows times a packed matrix on tensor cores --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A block multiplies a tile of rows with a tile of the matrix (its columns as rows of K). Both come
// in steps of 128 bytes of K into a ring of stages; while one is multiplied, the next are copied.
//
// Rows past the end repeat the last real one when read and are not written. Past K, rows are filled
// with zeros; the matrix was filled when it was packed. Rows that cannot be copied in pieces (their
// addresses are not even, or memory holds f32 that is multiplied as bf16) go through registers.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Contract.h"

#include "lowering/Cpu/Emitters.h" // RowShape
#include "lowering/Cpu/VectorBody.h"
#include "lowering/Cpu/VectorMath.h"
#include "lowering/Gpu/Emitters.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Shape
//===----------------------------------------------------------------------------------------===//

int64_t DeviceContract::sharedBytes() const {
  int64_t offsets = tile.rows * 8 * (int64_t(extras.size()) + 1);
  return std::max(tile.stages * tile.stageBytes(), offsetsAt() + offsets);
}

static LogicalResult readSchedule(KernelOp kernel, ContractTile &tile) {
  ScheduleAttr schedule = kernel.getScheduleAttr();
  if (!schedule)
    return success();
  ArrayRef<int64_t> sizes = schedule.getTile();
  if (sizes.size() != 2 || !llvm::is_contained({16, 32, 64, 128}, sizes[0]) ||
      !llvm::is_contained({64, 128}, sizes[1]) || schedule.getBlock() < 2 ||
      schedule.getBlock() > 8 || schedule.getUnroll() != 1)
    return kernel.emitOpError() << "expected a schedule with a tile of 16, 32, 64 or 128 rows and "
                                   "64 or 128 columns, a block of 2 to 8 stages and an unroll of 1 "
                                   "but got " << schedule;
  tile = {sizes[0], sizes[1], schedule.getBlock()};
  return success();
}

FailureOr<DeviceContract> DeviceContract::get(KernelOp kernel, const GpuTarget &target) {
  DeviceContract shape;
  auto fail = [&](const Twine &what) -> FailureOr<DeviceContract> {
    return kernel.emitOpError() << "expected " << what;
  };
  shape.contract = dyn_cast<ContractOp>(kernel.getRoot());
  if (!shape.contract)
    return fail("a zorro.contract as the root");
  ContractOp contract = shape.contract;
  if (isa_and_nonnull<LayerNormOp, RMSNormOp>(contract.getA().getDefiningOp()))
    return kernel.emitOpError() << "unsupported: a norm inside a contraction, on a GPU";
  shape.rows = getArgument(contract.getA());
  shape.matrix = getArgument(contract.getB());
  for (Value extra : contract.getExtras()) {
    shape.extras.push_back(getArgument(extra));
    auto type = cast<RankedTensorType>(extra.getType());
    if (type.getRank() < 1 || type.getRank() > 3 || type.getShape().back() != contract.getN())
      return fail("epilogue operands with all columns and at most two axes of rows");
    if (!type.getElementType().isF32())
      return fail("epilogue operands of f32 or bf16");
  }
  if (shape.rows < 0 || shape.matrix < 0 || llvm::is_contained(shape.extras, -1))
    return fail("arguments as operands of the contraction");
  for (Type type : {contract.getA().getType(), contract.getB().getType(), contract.getType()})
    if (!getElementTypeOrSelf(type).isF32())
      return fail("values of type f32 in a contraction");
  if (!contract.getB().getType().hasStaticShape() || contract.getB().getType().getDimSize(0) < 1)
    return fail("a matrix of known size");
  if (contract.getType().getRank() > 3)
    return fail("at most two axes of rows");
  if (!contract.getEpilogue().empty() &&
      failed(verifyBody(contract.getEpilogue().front(), /*places=*/false)))
    return failure();

  // What memory holds says what is multiplied.
  auto stored = [&](int64_t argument) {
    return getElementTypeOrSelf(kernel.getInputArguments()[argument].getType());
  };
  shape.precision = stored(shape.matrix).isBF16() ? Precision::Bf16 : Precision::Tf32;
  if (shape.precision != target.precision)
    return kernel.emitOpError() << "unsupported: a matrix of " << stored(shape.matrix)
                                << " where products take another precision";
  if (shape.precision == Precision::Tf32 && !stored(shape.rows).isF32())
    return fail("rows of f32 beside a matrix of f32");
  shape.k = contract.getK();
  shape.n = contract.getN();
  if (failed(readSchedule(kernel, shape.tile)))
    return failure();
  if (shape.sharedBytes() > target.sharedLimit())
    return kernel.emitOpError() << "unsupported: " << shape.sharedBytes()
                                << " bytes of shared memory where " << target.arch << " has "
                                << target.sharedLimit();
  return shape;
}

//===----------------------------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------------------------===//

namespace {

/// Writes the products of a contraction's function.
class ContractEmitter {
public:
  ContractEmitter(DeviceFrame &frame, const DeviceContract &shape)
      : e(frame.e), core(frame.e), frame(frame), s(shape), tile(shape.tile),
        rows(frame.inputs[shape.rows]), matrix(frame.inputs[shape.matrix]),
        // Filled by a copy: memory holds what is multiplied, in pieces of 16, 8 or 4 bytes.
        copySize(rows.element.getIntOrFloatBitWidth() == 8 * s.elementBytes()
                     ? std::min<int64_t>(16, (s.k * s.elementBytes()) & -(s.k * s.elementBytes()))
                     : 0) {}

  void emit();

private:
  void findTile();
  void findRows();
  void findFragments();
  void fill(Value step, Value stage);
  void fillMatrix(Value step, Value stage);
  void copyRows(Value step, Value stage);
  void convertRows(Value step, Value stage, bool even);
  DeviceValues multiplyStage(Value stage, ValueRange sums);
  void storeSums(ValueRange sums);

  Value rowAddress(Value row) {
    Value last = e.min(row, e.sub(total, 1));
    int64_t bytes = rows.element.getIntOrFloatBitWidth() / 8;
    return e.at(rows.address, emitRowOffset(frame, last, 0, bytes));
  }
  /// Rows that one pass of the block's threads fills, a 16-byte piece each.
  static constexpr int64_t kPassRows = ContractTile::kThreads / 8;

  DeviceEmitter &e;
  TensorCore core;
  DeviceFrame &frame;
  const DeviceContract &s;
  const ContractTile &tile;
  const DeviceFrame::Memory &rows, &matrix;
  const int64_t copySize;

  Value total, firstRow, firstColumn, ring;
  Value piece, passRow, target; // of this thread's copies
  Value even;                   // rows may be read in pieces
  DeviceValues rowAddresses;
  Value matrixAddress;
  DeviceValues rowPlaces, columnPlaces; // of this lane's fragments, for each step in a stage
};

} // namespace

Value zorro::emitRowOffset(DeviceFrame &frame, Value row, unsigned operand, int64_t elementBytes) {
  DeviceEmitter &e = frame.e;
  Value rows = e.narrow(frame.scalars[1]);
  Value batch = e.wide(e.div(row, rows)), inner = e.wide(e.rem(row, rows));
  Value offset = e.add(e.mul(batch, frame.scalars[2 + 2 * operand]),
                       e.mul(inner, frame.scalars[3 + 2 * operand]));
  return e.mul(offset, elementBytes);
}

/// Tiles of rows in groups: the tiles of a group go through its columns together, so that what runs
/// at one time reads few rows and few columns.
void ContractEmitter::findTile() {
  constexpr int64_t group = 8;
  total = e.narrow(frame.scalars[0]);
  Value rowTiles = e.div(e.add(total, tile.rows - 1), tile.rows);
  int64_t columnTiles = s.columnTiles();
  Value block = e.block();
  Value first = e.mul(e.div(block, group * columnTiles), group);
  Value inner = e.rem(block, group * columnTiles);
  Value size = e.min(e.sub(rowTiles, first), e.number(group));
  firstRow = e.mul(e.add(first, e.rem(inner, size)), tile.rows);
  firstColumn = e.mul(e.div(inner, size), tile.columns);
}

void ContractEmitter::findRows() {
  Value thread = e.thread();
  piece = e.bitAnd(thread, 7);
  passRow = e.shr(thread, 3);
  // kPassRows is a multiple of 8: every pass has the same permutation of pieces.
  target = e.add(ring, e.add(e.shl(passRow, 7), core.swizzle(passRow, piece)));
  if (copySize >= 4)
    for (int64_t row = 0; row < tile.rows; row += kPassRows)
      rowAddresses.push_back(
          e.at(rowAddress(e.add(e.add(firstRow, passRow), row)), e.wide(e.shl(piece, 4))));
  int64_t pitch = llvm::alignTo(s.k, kPackK) * s.elementBytes();
  Value column = e.wide(e.add(firstColumn, passRow));
  matrixAddress = e.at(e.at(matrix.address, e.mul(column, pitch)), e.wide(e.shl(piece, 4)));
  // How rows lie is known when they are there: all strides and the first address decide.
  int64_t bytes = rows.element.getIntOrFloatBitWidth() / 8;
  int64_t size = copySize ? copySize : 16;
  Value steps = e.mul(e.bitOr(frame.scalars[2], frame.scalars[3]), bytes);
  Value address = LLVM::PtrToIntOp::create(e, e.i64, rows.address);
  even = e.eq(e.bitAnd(e.bitOr(address, steps), size - 1), 0);
}

void ContractEmitter::findFragments() {
  Value warp = e.warp();
  Value across = e.rem(warp, tile.warpsAcross()), down = e.div(warp, tile.warpsAcross());
  auto find = [&](TensorCore::LanePlace place, Value first, Value begin, DeviceValues &places) {
    Value line = e.add(begin, e.shl(e.add(first, place.row), 7));
    Value offset = core.swizzle(place.row, place.half);
    for (int64_t step = 0; step < 4; ++step)
      places.push_back(e.add(line, e.bitXor(offset, step * 32)));
  };
  find(core.rowsPlace(), e.mul(down, tile.warpRows()), ring, rowPlaces);
  find(core.columnsPlace(), e.mul(across, tile.warpColumns()),
       e.add(ring, tile.rows * ContractTile::kRowBytes), columnPlaces);
}

/// Fills `stage` (bytes from the ring's begin) with step `step` of K.
void ContractEmitter::fill(Value step, Value stage) {
  fillMatrix(step, stage);
  auto slow = [&] { convertRows(step, stage, /*even=*/false); };
  if (copySize >= 4)
    return e.ifThen(even, [&] { copyRows(step, stage); }, slow);
  // Four f32 at a time, where no row ends within them.
  if (copySize == 0 && s.k % 4 == 0)
    return e.ifThen(even, [&] { convertRows(step, stage, /*even=*/true); }, slow);
  slow();
}

void ContractEmitter::fillMatrix(Value step, Value stage) {
  int64_t pitch = llvm::alignTo(s.k, kPackK) * s.elementBytes();
  Value source = e.at(matrixAddress, e.wide(e.shl(step, 7)));
  Value to = e.add(target, stage);
  for (int64_t row = 0; row < tile.columns; row += kPassRows)
    core.copy(to, (tile.rows + row) * ContractTile::kRowBytes, e.at(source, row * pitch));
}

void ContractEmitter::copyRows(Value step, Value stage) {
  Value from = e.shl(step, 7);
  DeviceValues valid(16 / copySize);
  if (s.k % s.depth()) {
    // Bytes of this piece that are left before K; a multiple of copySize.
    Value left = e.sub(e.sub(e.number(s.k * s.elementBytes()), from), e.shl(piece, 4));
    for (auto [i, size] : llvm::enumerate(valid))
      size = e.select(e.lt(e.number(i * copySize), left), e.number(copySize), e.number(0));
  }
  Value to = e.add(target, stage);
  for (auto [pass, address] : llvm::enumerate(rowAddresses)) {
    Value source = e.at(address, e.wide(from));
    for (auto [i, size] : llvm::enumerate(valid))
      core.copy(to, pass * kPassRows * ContractTile::kRowBytes + i * copySize,
                e.at(source, i * copySize), copySize, size);
  }
}

/// Fills a stage's rows through registers: element by element, or four f32 at a time.
void ContractEmitter::convertRows(Value step, Value stage, bool even) {
  int64_t count = 16 / s.elementBytes(); // elements of a piece
  int64_t bytes = rows.element.getIntOrFloatBitWidth() / 8;
  bool narrow = s.precision == Precision::Bf16, convert = copySize == 0;
  Value first = e.add(e.mul(step, s.depth()), e.mul(piece, count));
  Type word = convert ? e.f32 : e.getIntegerType(8 * bytes);
  Value zero = convert ? e.real(0) : e.number(word, 0);
  e.loop(e.number(0), e.number(tile.rows), e.number(kPassRows), [&](Value row) {
    Value source = rowAddress(e.add(e.add(firstRow, passRow), row));
    DeviceValues elements;
    // Past K the last element is read again, and not taken.
    int64_t width = even ? 4 : 1;
    for (int64_t i = 0; i < count; i += width) {
      Value at = e.add(first, i), last = e.min(at, e.number(s.k - width));
      Value inside = e.lt(at, e.number(s.k));
      Value address = e.at(source, e.wide(e.mul(last, bytes)));
      if (!even) {
        elements.push_back(e.select(inside, e.load(word, address, bytes), zero));
        continue;
      }
      Value four = e.load(VectorType::get(width, word), address, 16);
      for (int64_t j = 0; j < width; ++j)
        elements.push_back(e.select(inside, vector::ExtractOp::create(e, four, j), zero));
    }
    DeviceValues words;
    for (int64_t i = 0; narrow && i < count; i += 2) {
      Value low = elements[i], high = elements[i + 1];
      auto widen = [&](Value v) -> Value { return arith::ExtUIOp::create(e, e.i32, v); };
      words.push_back(convert ? core.packBf16(low, high)
                              : e.bitOr(widen(low), e.shl(widen(high), 16)));
    }
    Value whole = vector::FromElementsOp::create(e, VectorType::get(4, e.i32),
                                                 narrow ? words : elements);
    e.store(whole, core.pointer(e.add(e.add(target, stage), e.shl(row, 7))), 16);
  });
}

DeviceValues ContractEmitter::multiplyStage(Value stage, ValueRange sums) {
  int64_t down = tile.warpRows() / 16, across = tile.warpColumns() / 8;
  DeviceValues result(sums);
  auto load = [&](Value place, int64_t fragment) {
    DeviceValues registers =
        core.loadMatrices(e.add(place, stage), fragment * 16 * ContractTile::kRowBytes);
    if (s.precision == Precision::Tf32)
      for (Value &bits : registers)
        bits = core.roundTf32(bits);
    return registers;
  };
  for (int64_t step = 0; step < 4; ++step) {
    SmallVector<DeviceValues> left, right;
    for (int64_t i = 0; i < down; ++i)
      left.push_back(load(rowPlaces[step], i));
    for (int64_t j = 0; j < across / 2; ++j)
      right.push_back(load(columnPlaces[step], j));
    for (int64_t i = 0; i < down; ++i)
      for (int64_t j = 0; j < across; ++j) {
        auto place = MutableArrayRef(result).slice((i * across + j) * 4, 4);
        DeviceValues next = core.multiply(s.precision, left[i],
                                          ArrayRef(right[j / 2]).slice(j % 2 * 2, 2), place);
        llvm::copy(next, place.begin());
      }
  }
  return result;
}

/// Puts the sums into shared memory, over the ring.
void ContractEmitter::storeSums(ValueRange sums) {
  Value warp = e.warp(), lane = e.lane();
  Value across = e.rem(warp, tile.warpsAcross()), down = e.div(warp, tile.warpsAcross());
  Value row = e.add(e.mul(down, tile.warpRows()), e.shr(lane, 2));
  Value line = e.add(ring, e.mul(row, tile.sumsPitch()));
  Value quad = e.bitAnd(lane, 3);
  Value first = e.add(e.mul(across, tile.warpColumns() / 4), e.shr(quad, 1));
  Value half = e.shl(e.bitAnd(quad, 1), 3);
  int64_t rowsDown = tile.warpRows() / 16, columns = tile.warpColumns() / 8;
  auto pair = VectorType::get(2, e.f32);
  for (int64_t j = 0; j < columns; ++j) {
    Value place = e.add(e.add(line, e.shl(swizzleSums(e, e.add(first, 2 * j)), 4)), half);
    for (int64_t i = 0; i < rowsDown; ++i)
      for (int64_t h = 0; h < 2; ++h) {
        auto two = sums.slice((i * columns + j) * 4 + 2 * h, 2);
        e.store(vector::FromElementsOp::create(e, pair, two),
                core.pointer(place, (i * 16 + h * 8) * tile.sumsPitch()), 8);
      }
  }
}

void ContractEmitter::emit() {
  ring = core.word(frame.reserve(s.sharedBytes()));
  findTile();
  findRows();
  findFragments();
  int64_t steps = s.depthTiles(), ahead = tile.stages - 1;
  for (int64_t i = 0; i < ahead; ++i) {
    if (i < steps)
      fill(e.number(i), e.number(i * tile.stageBytes()));
    core.commit();
  }
  int64_t end = tile.stages * tile.stageBytes();
  auto next = [&](Value stage) {
    Value after = e.add(stage, tile.stageBytes());
    return e.select(e.eq(after, end), e.number(0), after);
  };
  // Carried: the sums, the stage to multiply, the stage to fill.
  DeviceValues state(tile.warpRows() / 16 * (tile.warpColumns() / 8) * 4, e.real(0));
  state.append({e.number(0), e.number(ahead * tile.stageBytes())});
  auto body = [&](Value step, ValueRange carried) {
    Value read = carried[carried.size() - 2], write = carried.back();
    core.wait(ahead - 1);
    e.barrier(); // all see the copies, and nobody reads the stage to fill any more
    Value later = e.add(step, ahead);
    e.ifThen(e.lt(later, e.number(steps)), [&] { fill(later, write); });
    core.commit();
    DeviceValues result = multiplyStage(read, carried.drop_back(2));
    result.append({next(read), next(write)});
    return result;
  };
  state = e.loop(e.number(0), e.number(steps), e.number(1), state, body);
  core.wait(0);
  e.barrier(); // the sums take the place of the ring
  storeSums(ValueRange(state).drop_back(2));
  emitContractEpilogue(frame, s, ring, firstRow, firstColumn);
}

DeviceKernel zorro::emitDeviceContract(KernelOp kernel, const GpuTarget &target,
                                       OpBuilder &builder) {
  FailureOr<DeviceContract> shape = DeviceContract::get(kernel, target);
  if (failed(shape))
    return failure();
  DeviceEmitter e(shape->contract.getLoc(), kernel.getContext());
  DeviceFrame frame(e, builder, kernel, /*tables=*/0, shape->scalarCount());
  ContractEmitter(frame, *shape).emit();
  LLVM::LLVMFuncOp func = frame.close(ContractTile::kThreads);
  // What the epilogue has besides GELU.
  if (failed(expandMath(func)))
    return failure();
  return func;
}

//===----------------------------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------------------------===//

FailureOr<LaunchPlan> zorro::planDeviceContract(KernelOp kernel, const GpuTarget &target,
                                                ArrayRef<Operand> inputs, const Operand &result) {
  FailureOr<DeviceContract> shape = DeviceContract::get(kernel, target);
  if (failed(shape))
    return failure();
  SmallVector<RowStrides> strides;
  SmallVector<const Operand *> operands = {&inputs[shape->rows]};
  for (int64_t extra : shape->extras)
    operands.push_back(&inputs[extra]);
  operands.push_back(&result);
  for (const Operand *operand : operands) {
    FailureOr<RowStrides> found = getRowStrides(kernel, *operand);
    if (failed(found))
      return failure();
    strides.push_back(*found);
  }
  RowShape rows = getRowShape(result);
  rows.merge(strides);
  int64_t total = rows.batches * rows.rows;
  // Rows are counted in 32 bits, with a tile to spare.
  constexpr int64_t limit = (int64_t(1) << 31) - 256;
  if (total > limit)
    return kernel.emitOpError() << "limit: expected at most " << limit << " rows but got " << total;
  int64_t tiles = llvm::divideCeil(total, shape->tile.rows) * shape->columnTiles();

  LaunchPlan plan;
  plan.scalars = {total, rows.rows};
  for (const RowStrides &s : strides)
    plan.scalars.append({s.batch, s.row});
  plan.tasks = tiles;
  plan.multiplyAdds = tiles * shape->tile.rows * shape->tile.columns * shape->depthTiles() *
                      shape->depth();
  return plan;
}
