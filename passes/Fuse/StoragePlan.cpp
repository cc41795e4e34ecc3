//===- StoragePlan.cpp - Which tensors may lie in memory as bf16 ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Fuse/StoragePlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace zorro;

Value zorro::storageOf(Value input) {
  auto view = input.getDefiningOp<ViewOp>();
  return view ? view.getSource() : input;
}

bool zorro::isFactor(KernelOp kernel, unsigned number) {
  Value argument = kernel.getInputArguments()[number];
  auto reads = [&](Value operand) { return KernelOp::getArgument(operand) == argument; };
  if (auto contract = dyn_cast<ContractOp>(kernel.getRoot()))
    return reads(contract.getA()) || reads(contract.getB());
  if (auto attention = dyn_cast<AttentionOp>(kernel.getRoot()))
    return reads(attention.getQ()) || reads(attention.getK()) || reads(attention.getV());
  return false;
}

//===----------------------------------------------------------------------------------------===//
// Fills
//===----------------------------------------------------------------------------------------===//

/// Whether a finite number becomes infinite as bf16.
static bool overflows(APFloat number) {
  bool lost;
  bool wasFinite = number.isFinite();
  number.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &lost);
  return wasFinite && number.isInfinity();
}

static bool overflows(Attribute value) {
  if (auto number = dyn_cast_if_present<FloatAttr>(value))
    return overflows(number.getValue());
  auto dense = dyn_cast_if_present<DenseElementsAttr>(value);
  if (!dense || !isa<FloatType>(dense.getElementType()))
    return false;
  if (dense.isSplat())
    return overflows(dense.getSplatValue<APFloat>());
  return llvm::any_of(dense.getValues<APFloat>(), [](const APFloat &x) { return overflows(x); });
}

/// Whether a body writes such a number, whatever it reads.
static bool overflows(KernelOp kernel) {
  return kernel
      .walk([](arith::ConstantOp constant) {
        return overflows(constant.getValue()) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

//===----------------------------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------------------------===//

StoragePlan::StoragePlan(func::FuncOp func, SymbolTable &symbols) : symbols(symbols) {
  collect(func);
  // Parts of a buffer may be read before others are written: until nothing is news.
  for (bool news = true; std::exchange(news, false);)
    for (auto call : func.getOps<CallOp>())
      news |= flow(call);
}

StoragePlan::Buffer *StoragePlan::bufferOf(Value input) {
  auto call = storageOf(input).getDefiningOp<CallOp>();
  return call ? &buffers[numbers.lookup(call)] : nullptr;
}

void StoragePlan::collect(func::FuncOp func) {
  for (Operation &op : func.getBody().front()) {
    auto call = dyn_cast<CallOp>(op);
    if (!call) {
      if (!isa<ViewOp>(op)) // the return, or what nobody here knows
        for (Value operand : op.getOperands())
          if (Buffer *buffer = bufferOf(operand))
            buffer->isKept = true;
      continue;
    }
    auto kernel = symbols.lookup<KernelOp>(call.getCallee());
    for (auto [i, input] : llvm::enumerate(call.getInputs()))
      if (Buffer *buffer = bufferOf(input)) {
        buffer->isRead = true;
        buffer->factorsOnly &= isFactor(kernel, i);
        buffer->isKept |= isa<SoftmaxOp>(kernel.getRoot());
      }
    if (auto into = call.getInto().getDefiningOp<CallOp>()) {
      numbers[call] = numbers.lookup(into);
      continue;
    }
    numbers[call] = buffers.size();
    Type element = getElementTypeOrSelf(call.getType());
    buffers.push_back({});
    buffers.back().isFloat = element.isF32() || element.isBF16();
    buffers.back().isKept = !call.getInto().getDefiningOp<tensor::EmptyOp>();
  }
}

bool StoragePlan::flow(CallOp call) {
  Buffer &written = buffers[numbers.lookup(call)];
  bool wasExact = written.isExact, didFill = written.mayFill;
  auto kernel = symbols.lookup<KernelOp>(call.getCallee());
  KernelKind kind = kernel.getKind();
  bool normalises = kind == KernelKind::Row || kind == KernelKind::Attention;
  written.isExact &= !normalises && kind != KernelKind::Contract;
  written.mayFill |= !normalises && overflows(kernel);
  for (auto [i, input] : llvm::enumerate(call.getInputs())) {
    Buffer *buffer = bufferOf(input);
    bool fills = buffer && buffer->mayFill;
    if (auto ref = storageOf(input).getDefiningOp<WeightRefOp>()) {
      auto weight = symbols.lookup<WeightOp>(ref.getWeight());
      fills = weight.getFills() || overflows(weight.getValueAttr());
    }
    written.mayFill |= fills && !normalises && !isFactor(kernel, i);
    if (buffer && buffer->isFloat)
      written.isExact &= buffer->isExact;
  }
  return written.isExact != wasExact || written.mayFill != didFill;
}

bool StoragePlan::isNarrow(CallOp call) const {
  const Buffer &buffer = buffers[numbers.lookup(call)];
  if (!buffer.isFloat || buffer.isKept || buffer.mayFill)
    return false;
  return !buffer.isExact || (buffer.isRead && buffer.factorsOnly);
}
