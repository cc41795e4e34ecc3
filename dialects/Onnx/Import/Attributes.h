//===- Attributes.h - Attributes of nodes -------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// AttributeProto to MLIR and back (for libonnx's shape inference).
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_ATTRIBUTES_H
#define ZORRO_DIALECTS_ONNX_IMPORT_ATTRIBUTES_H

#include "mlir/IR/BuiltinAttributes.h"

#include <onnx/onnx_pb.h>

namespace zorro::onnx {

/// The attribute as `onnx.node` holds it. Graphs are not attributes there. `what` names the node.
mlir::Attribute attributeFromProto(const ::onnx::AttributeProto &proto, llvm::StringRef what,
                                   mlir::MLIRContext *context);
/// The other way around; false for an attribute that import never makes.
bool writeAttribute(llvm::StringRef name, mlir::Attribute attr, ::onnx::AttributeProto &proto);

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_ATTRIBUTES_H
