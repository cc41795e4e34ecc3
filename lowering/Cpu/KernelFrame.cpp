//===- KernelFrame.cpp - The function around a kernel -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/KernelFrame.h"

#include "runtime/Abi/Abi.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace zorro;

KernelFrame::KernelFrame(Emitter &e, OpBuilder &module, KernelOp kernel, unsigned tableCount,
                         unsigned scalarCount)
    : e(e) {
  auto elementOf = [](Value value) { return cast<ShapedType>(value.getType()).getElementType(); };
  auto dynamic = [](Type type) { return MemRefType::get({ShapedType::kDynamic}, type); };
  Type index = e.getIndexType();
  SmallVector<Type> elements, types;
  for (BlockArgument argument : kernel.getInputArguments())
    elements.push_back(elementOf(argument));
  elements.push_back(kernel.getResultType().getElementType());
  for (Type element : elements)
    types.push_back(dynamic(e.storage(element)));
  types.append(tableCount, dynamic(index));
  types.append(scalarCount + 2, index);
  types.push_back(dynamic(e.getI8Type()));

  func = func::FuncOp::create(module, kernel.getLoc(), kernel.getSymName(),
                              e.getFunctionType(types, {}));
  func->setAttr(kKindAttr, e.getStringAttr(stringifyKernelKind(kernel.getKind())));
  func->setAttr(kBecauseAttr, kernel.getBecauseAttr());
  e.setInsertionPointToStart(func.addEntryBlock());

  auto *next = func.getArguments().begin();
  for (Type element : ArrayRef(elements).drop_back())
    inputs.push_back({*next++, element});
  result = {*next++, elements.back()};
  for (unsigned i = 0; i < tableCount; ++i)
    tables.push_back(*next++);
  for (unsigned i = 0; i < scalarCount; ++i)
    scalars.push_back(*next++);
  begin = *next++;
  end = *next++;
  memory = *next++;
}

Value KernelFrame::view(Type type, int64_t count) {
  auto memref = MemRefType::get({count}, type);
  Value part = memref::ViewOp::create(e, memref, memory, e.idx(bytes), ValueRange());
  int64_t width = type.isIndex() ? 8 : type.getIntOrFloatBitWidth() / 8;
  bytes += llvm::alignTo(count * width, ZORRO_ALIGN);
  return part;
}

Memory KernelFrame::scratch(int64_t count) {
  return {view(e.getF32Type(), count), e.getF32Type()};
}

Memory KernelFrame::scratchBools(int64_t count) {
  return {view(e.getI8Type(), count), e.getI1Type()};
}

Value KernelFrame::scratchWords(int64_t count) { return view(e.getIndexType(), count); }

func::FuncOp KernelFrame::close() {
  func::ReturnOp::create(e);
  func->setAttr(kScratchAttr, e.getI64IntegerAttr(bytes));
  return func;
}
