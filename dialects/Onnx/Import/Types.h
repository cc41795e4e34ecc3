//===- Types.h - Types of ONNX and of MLIR ------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Element types and tensor types, in both directions.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_TYPES_H
#define ZORRO_DIALECTS_ONNX_IMPORT_TYPES_H

#include "dialects/Onnx/Import/ShapeInference.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringMap.h"

#include <onnx/onnx_pb.h>

#include <string>

namespace zorro::onnx {

/// Sizes of symbolic dimensions that the user bound.
using DimBindings = llvm::StringMap<int64_t>;

/// The MLIR type of elements, or null where Zorro has none (strings, complex numbers).
mlir::Type elementTypeOf(int32_t dataType, mlir::MLIRContext *context);
/// "FLOAT", "type 99", …, for messages.
std::string nameOfDataType(int32_t dataType);

/// The MLIR type: a tensor (unranked where the shape is not known) or `!onnx.unknown`.
mlir::Type typeOf(const ::onnx::TypeProto &proto, const DimBindings &bindings,
                  mlir::MLIRContext *context);
/// Writes a tensor type; false where `type` is not one.
bool writeType(mlir::Type type, ::onnx::TypeProto &proto);

/// The known facts of both; those of `inferred` win.
mlir::Type mergeTypes(mlir::Type inferred, mlir::Type declared);

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_TYPES_H
