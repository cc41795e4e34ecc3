//===- ShapeInference.h - Types of results by libonnx's schemas ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One mechanism for import and for constant folding: the more inputs are known as constants, the
// more is known about the results.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_SHAPEINFERENCE_H
#define ZORRO_DIALECTS_ONNX_IMPORT_SHAPEINFERENCE_H

#include "dialects/Onnx/Onnx.h"

#include <string>

namespace zorro::onnx {

/// The numbers of an input, counted as the operator's schema does; null where they are not known.
using ConstantOf = llvm::function_ref<mlir::DenseElementsAttr(unsigned input)>;

/// Infers the types of `op`'s results from those of its operands. `types` gets one type per result:
/// `!onnx.unknown` or an unranked tensor where the schema leaves it open. Fails where the operands
/// and attributes contradict the operator; `why` says so in one sentence.
mlir::LogicalResult inferResultTypes(NodeOp op, ConstantOf constantOf,
                                     llvm::SmallVectorImpl<mlir::Type> &types, std::string &why);

/// Version of `opType` in force under version `opset` of `domain`; 0 where libonnx knows none.
int64_t findSinceVersion(llvm::StringRef opType, llvm::StringRef domain, int64_t opset);
/// The number of an element type in TensorProto, or 0.
int32_t dataTypeOf(mlir::Type element);
/// The newest version of ai.onnx that libonnx knows.
int64_t newestOpset();

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_SHAPEINFERENCE_H
