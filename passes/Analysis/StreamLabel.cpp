//===- StreamLabel.cpp - Which modalities an operation works on -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Analysis/StreamLabel.h"

#include "dialects/Zorro/Zorro.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace zorro;

StringAttr zorro::labelStreams(const StreamDependence &streams, Operation *op) {
  uint64_t taint = 0;
  for (Value result : op->getResults())
    taint |= streams.get(result).getTaint();
  func::FuncOp func = streams.getFunction();
  auto isNamed = [&](unsigned i) {
    return func.getArgAttr(i, kNameAttr) || func.getArgAttr(i, kModalityAttr);
  };
  llvm::SetVector<StringRef> names;
  for (auto [i, modality] : llvm::enumerate(streams.getModalities()))
    if ((taint & StreamDependence::bitOf(i)) && isNamed(i))
      names.insert(modality);
  return names.empty() ? StringAttr() : StringAttr::get(op->getContext(), llvm::join(names, "+"));
}
