//===- Onnx.cpp - The onnx dialect -----------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Onnx.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/ConvertUTF.h"

using namespace mlir;
using namespace zorro::onnx;

#include "dialects/Onnx/OnnxDialect.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Onnx/OnnxTypes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Onnx/OnnxOps.cpp.inc"

void OnnxDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Onnx/OnnxTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Onnx/OnnxOps.cpp.inc"
      >();
}

LogicalResult NodeOp::verify() {
  if (getPresent()) { // node_c1
    size_t given = llvm::count(*getPresent(), true);
    if (given != getInputs().size())
      return emitOpError() << "expected " << given << " inputs as present says but got "
                           << getInputs().size();
  }
  size_t names = getGraphNames() ? getGraphNames()->size() : 0;
  if (names != getGraphs().size()) // node_c2
    return emitOpError() << "expected " << names << " graphs as graph_names says but got "
                         << getGraphs().size();
  for (Region &graph : getGraphs()) // node_c3
    if (!graph.hasOneBlock() || graph.front().empty() || !isa<YieldOp>(graph.front().back()))
      return emitOpError() << "expected each graph to be one block that ends with onnx.yield";
  return success();
}

Value NodeOp::getInput(unsigned i) {
  if (!getPresent())
    return i < getInputs().size() ? getInputs()[i] : Value();
  ArrayRef<bool> present = *getPresent();
  if (i >= present.size() || !present[i])
    return {};
  return getInputs()[llvm::count(present.take_front(i), true)];
}

unsigned NodeOp::getInputCount() {
  return getPresent() ? getPresent()->size() : getInputs().size();
}

int64_t NodeOp::getInt(StringRef name, int64_t otherwise) {
  auto attr = dyn_cast_or_null<IntegerAttr>(getNodeAttr(name));
  return attr ? attr.getInt() : otherwise;
}

float NodeOp::getFloat(StringRef name, float otherwise) {
  auto attr = dyn_cast_or_null<FloatAttr>(getNodeAttr(name));
  return attr ? float(attr.getValueAsDouble()) : otherwise;
}

StringRef NodeOp::getString(StringRef name, StringRef otherwise) {
  auto attr = dyn_cast_or_null<StringAttr>(getNodeAttr(name));
  return attr ? attr.getValue() : otherwise;
}

std::optional<ArrayRef<int64_t>> NodeOp::getInts(StringRef name) {
  auto attr = dyn_cast_or_null<DenseI64ArrayAttr>(getNodeAttr(name));
  return attr ? std::optional(attr.asArrayRef()) : std::nullopt;
}

std::string NodeOp::getNodeName() {
  if (auto name = dyn_cast<NameLoc>(getLoc()))
    return printable(name.getName());
  return printable((getOpType() + " node").str());
}

std::string zorro::onnx::printable(StringRef text) {
  std::string result;
  while (!text.empty()) {
    auto first = reinterpret_cast<const llvm::UTF8 *>(text.data());
    unsigned size = llvm::getNumBytesForUTF8(*first);
    bool whole = size <= text.size() && llvm::isLegalUTF8Sequence(first, first + size);
    bool control = *first < 32 || *first == 127;
    size = whole ? size : 1;
    if (whole && !control)
      result += text.take_front(size);
    else
      result += "\\x" + llvm::utohexstr(*first, /*LowerCase=*/true, /*Width=*/2);
    text = text.drop_front(size);
  }
  return result;
}
