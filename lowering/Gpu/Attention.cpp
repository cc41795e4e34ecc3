//===- Attention.cpp - Masked attention ---------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A block of threads reads the record of its tile and walks over the tile's key blocks. One is
// being copied while another one is computed with, where shared memory has room for two.
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Attention.h"

#include "lowering/Cpu/Emitters.h" // getArgument
#include "lowering/Gpu/AttentionBlock.h"

using namespace mlir;
using namespace zorro;

using Shape = DeviceAttention;

/// The argument that a value is, or is read from at a kernel's edge.
static BlockArgument sourceOf(Value value) {
  if (auto widen = value.getDefiningOp<arith::ExtFOp>())
    value = widen.getIn();
  return getArgument(value) < 0 ? BlockArgument() : cast<BlockArgument>(value);
}

static bool isStored(Type type) {
  Type element = getElementTypeOrSelf(type);
  return element.isF32() || element.isBF16();
}

FailureOr<Shape> Shape::get(KernelOp kernel, const GpuTarget &target) {
  auto fail = [&](const Twine &what) -> FailureOr<Shape> {
    return kernel.emitOpError() << "expected " << what;
  };
  Shape shape;
  shape.attention = dyn_cast_if_present<AttentionOp>(kernel.getRoot());
  AttentionOp op = shape.attention;
  if (!op)
    return fail("a zorro.attention as the root");
  if (op.getMask())
    return fail("a mask at the call, not in the kernel");
  if (target.precision == Precision::F32)
    return kernel.emitOpError() << "unsupported: products of f32 numbers on a GPU; bf16 and tf32 "
                                   "are there";
  shape.precision = target.precision;
  Value operands[] = {op.getQ(), op.getK(), op.getV()};
  for (auto [i, operand] : llvm::enumerate(operands)) {
    BlockArgument argument = sourceOf(operand);
    auto type = cast<RankedTensorType>(operand.getType());
    if (!argument || type.getRank() != 4 || type.isDynamicDim(3))
      return fail("arguments [batch, heads, tokens, head size] of known head size");
    if (!isStored(argument.getType()))
      return kernel.emitOpError() << "unsupported: attention over "
                                  << getElementTypeOrSelf(argument.getType())
                                  << " on a GPU; f32 and bf16 are there";
    shape.arguments[i] = argument.getArgNumber();
  }
  if (!isStored(kernel.getResultType()))
    return kernel.emitOpError() << "unsupported: attention that gives "
                                << kernel.getResultType().getElementType()
                                << " on a GPU; f32 and bf16 are there";
  if (op.getPadding() && (shape.padding = getArgument(op.getPadding())) < 0)
    return fail("the padding as an argument");
  shape.headSize = cast<RankedTensorType>(op.getQ().getType()).getDimSize(3);
  shape.valueSize = cast<RankedTensorType>(op.getV().getType()).getDimSize(3);
  if (shape.headSize < 1 || shape.valueSize < 1 || shape.headSize > 256 || shape.valueSize > 256)
    return kernel.emitOpError() << "unsupported: heads of " << shape.headSize << " and "
                                << shape.valueSize << " numbers on a GPU; 1 to 256 are there";
  // A thread's registers hold the outputs of 32 rows a warp up to this size.
  shape.wide = shape.filledHead() <= 64 && shape.filledValue() <= 64;
  if (ScheduleAttr schedule = kernel.getScheduleAttr()) {
    ArrayRef<int64_t> tile = schedule.getTile();
    if (tile.size() != 2 || tile[0] != kKeys || (tile[1] != kRows && tile[1] != shape.rows()))
      return fail("a schedule with tiles of " + Twine(kKeys) + " keys and " + Twine(kRows) +
                  (shape.wide ? " or " + Twine(shape.rows()) : Twine()) + " queries");
    shape.tileRows = tile[1];
  }
  shape.stages = 2;
  if (shape.sharedBytes() > target.sharedLimit())
    shape.stages = 1;
  if (shape.sharedBytes() > target.sharedLimit())
    return kernel.emitOpError() << "unsupported: heads of " << shape.headSize << " and "
                                << shape.valueSize << " numbers on " << target.arch
                                << ", which need " << shape.sharedBytes()
                                << " bytes of shared memory but have " << target.sharedLimit();
  return shape;
}

namespace {

class AttentionEmitter {
public:
  AttentionEmitter(DeviceEmitter &e, DeviceFrame &frame, const Shape &shape)
      : e(e), frame(frame), s(shape), core(e) {}

  void emit();

private:
  void emitTile(int64_t groups);
  void emitFill(AttentionKeys &keys, ValueRange block, Value word);
  HeadMemory head(const DeviceFrame::Memory &memory, int64_t size, int64_t scalar, Value batch,
                  Value number);

  DeviceEmitter &e;
  DeviceFrame &frame;
  const Shape &s;
  TensorCore core;
  AttentionTile tile;
  HeadMemory q, k, v, o;
  Value padding, collected, queries, ring, keys, scale;
};

} // namespace

HeadMemory AttentionEmitter::head(const DeviceFrame::Memory &memory, int64_t size, int64_t scalar,
                                  Value batch, Value number) {
  HeadMemory head;
  head.element = memory.element;
  head.size = size;
  Value elements = e.add(e.mul(frame.scalars[scalar], batch),
                         e.mul(frame.scalars[scalar + 1], number));
  head.address = e.at(memory.address, e.mul(elements, head.bytes()));
  Value row = e.mul(frame.scalars[scalar + 2], head.bytes());
  head.rowBytes = e.narrow(row);
  Value address = LLVM::PtrToIntOp::create(e, e.i64, head.address);
  int64_t unit = scalar == 13 ? 2 * head.bytes() : 16;
  head.aligned = e.eq(e.bitAnd(e.bitOr(address, row), unit - 1), 0);
  return head;
}

/// Copies keys and values of a block; one group of copies.
void AttentionEmitter::emitFill(AttentionKeys &source, ValueRange block, Value word) {
  e.ifThen(source.isBlock(block), [&] {
    auto row = [&](Value row) { return source.row(block, row); };
    emitCopy(e, core, s, k, word, Shape::kKeys, row);
    emitCopy(e, core, s, v, e.add(word, Shape::kKeys * s.headPitch()), Shape::kKeys, row);
  });
  core.commit();
}

/// All of a tile, `groups` groups of 16 rows for each warp.
void AttentionEmitter::emitTile(int64_t groups) {
  AttentionBlock block(e, core, s, groups, queries, scale);
  std::unique_ptr<AttentionKeys> source = AttentionKeys::get(e, s, tile, padding, collected);
  emitCopy(e, core, s, q, queries, Shape::kWarps * 16 * groups, [&](Value row) {
    return AttentionKeys::Row{e.add(tile.first, row), e.lt(row, tile.count)};
  });
  DeviceValues current = source->first();
  emitFill(*source, current, ring);
  DeviceValues next = source->next(current);
  core.wait(0);
  e.barrier();
  DeviceValues state = block.begin();

  size_t words = current.size();
  auto compute = [&](ValueRange now, ValueRange before, Value word) {
    // A warp without queries only helps to copy.
    return e.ifValues(
        e.lt(block.firstRow(), tile.count), [&] { return block.add(word, *source, now, before); },
        [&] { return DeviceValues(before); });
  };
  DeviceValues init(state);
  init.append(current);
  init.append(next);
  Value first = e.number(0);
  init.push_back(first);
  DeviceValues done = e.whileLoop(
      init,
      [&](ValueRange args) { return source->isBlock(args.slice(state.size(), words)); },
      [&](ValueRange args) {
        ValueRange before = args.take_front(state.size());
        ValueRange now = args.slice(state.size(), words);
        ValueRange then = args.slice(state.size() + words, words);
        Value at = args.back(), other = at;
        DeviceValues values, behind;
        if (s.stages == 2) {
          // All have computed with the block before, and see what was copied for this one.
          core.wait(0);
          e.barrier();
          other = e.sub(e.number(s.stageBytes()), at);
          emitFill(*source, then, e.add(ring, other));
          behind = source->next(then);
          values = compute(now, before, e.add(ring, at));
        } else {
          values = compute(now, before, ring);
          e.barrier();
          emitFill(*source, then, ring);
          behind = source->next(then);
          core.wait(0);
          e.barrier();
        }
        values.append(then.begin(), then.end());
        values.append(behind);
        values.push_back(other);
        return values;
      });
  block.end(ArrayRef(done).take_front(state.size()), tile, v, o, keys);
}

void AttentionEmitter::emit() {
  Value heads = frame.scalars[0], tiles = frame.scalars[1];
  keys = e.narrow(frame.scalars[2]);
  scale = arith::BitcastOp::create(e, e.f32, e.narrow(frame.scalars[3]));
  Value task = e.block(), count = e.narrow(tiles);
  Value number = e.div(task, count), own = e.rem(task, count);
  Value batch = e.wide(e.div(number, e.narrow(heads)));
  Value headOfBatch = e.wide(e.rem(number, e.narrow(heads)));
  q = head(frame.inputs[s.arguments[0]], s.headSize, 4, batch, headOfBatch);
  k = head(frame.inputs[s.arguments[1]], s.headSize, 7, batch, headOfBatch);
  v = head(frame.inputs[s.arguments[2]], s.valueSize, 10, batch, headOfBatch);
  o = head(frame.result, s.valueSize, 13, batch, headOfBatch);
  if (s.padding >= 0)
    padding = e.at(frame.inputs[s.padding].address,
                   e.mul(frame.scalars[Shape::kScalars], batch));

  tile.table = frame.tables[0];
  Value record = e.at(tile.table, e.mul(own, Shape::kTileWords * 8));
  auto word = [&](Shape::TileWord which) { return e.load(e.i32, e.at(record, which * 8)); };
  tile.first = word(Shape::kFirst);
  tile.count = word(Shape::kCount);
  tile.blocksAt = word(Shape::kBlocksAt);
  tile.blocks = word(Shape::kBlocks);
  tile.plain = word(Shape::kPlain);
  tile.empty = word(Shape::kEmpty);

  queries = core.word(frame.reserve(s.rows() * s.headPitch()));
  ring = core.word(frame.reserve(s.stages * s.stageBytes()));
  if (s.padding >= 0)
    collected = frame.reserve(Shape::kWarps * Shape::kCollected * 4);
  if (s.wide)
    e.ifThen(e.lt(e.number(Shape::kRows), tile.count), [&] { emitTile(2); }, [&] { emitTile(1); });
  else
    emitTile(1);
}

DeviceKernel zorro::emitDeviceAttention(KernelOp kernel, const GpuTarget &target,
                                        OpBuilder &builder) {
  FailureOr<Shape> shape = Shape::get(kernel, target);
  if (failed(shape))
    return failure();
  DeviceEmitter e(kernel.getLoc(), kernel.getContext());
  DeviceFrame frame(e, builder, kernel, /*tables=*/1, shape->scalars());
  AttentionEmitter(e, frame, *shape).emit();
  return frame.close(Shape::kThreads);
}
