//===- ForwardCopies.cpp - Kernels that write where their result would be copied --*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/Passes.h"

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

#include <optional>

namespace zorro {
#define GEN_PASS_DEF_FORWARDCOPIES
#include "passes/Fuse/Passes.h.inc"
} // namespace zorro

using namespace mlir;
using namespace zorro;

namespace {

/// A window of linear element numbers: offset + sum of i·strides.
struct Window {
  int64_t offset;
  ArrayRef<int64_t> sizes, strides;
};

/// The strides under which `producer`'s axes run in the copy's destination, when element number
/// sum of i·from.strides of the producer's tensor goes to element sum of i·to of the destination.
/// Nothing where an axis of the producer crosses axes of the copy.
std::optional<SmallVector<int64_t>> mapStrides(CallOp producer, const Window &from,
                                               ArrayRef<int64_t> to) {
  SmallVector<int64_t> left(from.sizes), mapped;
  for (int64_t &n : left)
    --n; // steps that an axis of the copy has to give
  for (auto [size, stride] :
       llvm::zip(cast<ShapedType>(producer.getShape()).getShape(), producer.getStrides())) {
    if (size == 1) {
      mapped.push_back(0);
      continue;
    }
    bool found = false;
    for (unsigned j = 0; j < from.sizes.size() && !found; ++j) {
      int64_t step = from.strides[j];
      if (step == 0 || stride % step != 0 || (size - 1) * (stride / step) > left[j])
        continue;
      left[j] -= (size - 1) * (stride / step);
      mapped.push_back(stride / step * to[j]);
      found = true;
    }
    if (!found)
      return std::nullopt;
  }
  return mapped;
}

bool isCopy(CallOp call, SymbolTable &symbols) {
  auto kernel = symbols.lookup<KernelOp>(call.getCallee());
  return kernel && isa<linalg::CopyOp>(kernel.getRoot());
}

struct ForwardCopies : zorro::impl::ForwardCopiesBase<ForwardCopies> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation()->getParentOfType<ModuleOp>());
    for (CallOp copy : llvm::make_early_inc_range(getOperation().getOps<CallOp>()))
      if (isCopy(copy, symbols))
        forward(copy, symbols);
  }

  void forward(CallOp copy, SymbolTable &symbols) {
    Value source = copy.getInputs()[0];
    SmallVector<int64_t> shape(cast<ShapedType>(source.getType()).getShape());
    SmallVector<int64_t> strides = computeStrides(shape);
    int64_t offset = 0;
    auto view = source.getDefiningOp<ViewOp>();
    if (view) {
      if (!view->hasOneUse())
        return;
      source = view.getSource();
      strides.assign(view.getStrides().begin(), view.getStrides().end());
      offset = view.getOffset();
    }
    auto producer = source.getDefiningOp<CallOp>();
    if (!producer || !producer->hasOneUse() || producer.getOffset() != 0 || offset != 0 ||
        !producer.getInto().getDefiningOp<tensor::EmptyOp>() || isCopy(producer, symbols))
      return;
    auto kernel = symbols.lookup<KernelOp>(producer.getCallee());
    // The copy must take every element the kernel writes, and the kernel must write them all.
    int64_t elements = cast<ShapedType>(producer.getType()).getNumElements();
    if (cast<ShapedType>(producer.getShape()).getNumElements() != elements ||
        cast<ShapedType>(copy.getShape()).getNumElements() != elements)
      return;
    auto mapped = mapStrides(producer, {0, shape, strides}, copy.getStrides());
    if (!mapped)
      return;
    bool needsUnit = kernel.getKind() != KernelKind::Map && kernel.getKind() != KernelKind::Reduce;
    auto lastSize = cast<ShapedType>(producer.getShape()).getShape().back();
    if (needsUnit && lastSize != 1 && mapped->back() != 1)
      return;
    if (lastSize == 1 && needsUnit)
      mapped->back() = 1;

    OpBuilder builder(copy);
    auto type = cast<RankedTensorType>(copy.getType()).clone(
        cast<ShapedType>(producer.getShape()).getShape());
    auto fused = CallOp::create(
        builder, builder.getFusedLoc({producer.getLoc(), copy.getLoc()}), copy.getType(),
        producer.getCalleeAttr(), producer.getInputs(), copy.getInto(), TypeAttr::get(type),
        copy.getOffsetAttr(), builder.getDenseI64ArrayAttr(*mapped), producer.getMaskAttr(),
        producer.getScaleAttr());
    fused->setDiscardableAttrs(producer->getDiscardableAttrDictionary());
    copy.replaceAllUsesWith(fused.getResult());
    copy.erase();
    if (view)
      view.erase();
    producer.erase();
    ++numForwarded;
  }
};
} // namespace
