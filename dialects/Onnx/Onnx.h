//===- Onnx.h - The onnx dialect --------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One operation that carries any node of an ONNX graph. Documented in OnnxDialect.td.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_ONNX_H
#define ZORRO_DIALECTS_ONNX_ONNX_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>
#include <string>

#include "dialects/Onnx/OnnxDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Onnx/OnnxTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Onnx/OnnxOps.h.inc"

namespace zorro::onnx {

/// Name of the argument attribute that lists an input's dimensions where some are not bound: an
/// integer, or the name that the file gives ("?" where it gives none).
constexpr llvm::StringLiteral kDimsAttr = "zorro.dims";

/// `text` for a message: control characters and what is not UTF-8 as `\xNN`. Names come from files
/// that nobody vouches for, and must not break a message's one line.
std::string printable(llvm::StringRef text);

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_ONNX_H
