//===- Tensors.h - Tensors of a model -----------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Checks what a TensorProto claims against what is there, and makes constants and weights of it.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_TENSORS_H
#define ZORRO_DIALECTS_ONNX_IMPORT_TENSORS_H

#include "dialects/Onnx/Import/Import.h"
#include "dialects/Zorro/WeightFile.h"
#include "dialects/Zorro/Zorro.h"

#include "mlir/IR/SymbolTable.h"

#include <map>
#include <onnx/onnx_pb.h>

namespace zorro::onnx {

/// The number of elements, or nothing where a dimension is negative or the product too large.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape, int64_t limit);

/// The numbers of a tensor whose data stands in the proto. Refuses data that does not fit the
/// dimensions; `what` names the tensor in messages.
mlir::DenseElementsAttr denseFromProto(const ::onnx::TensorProto &proto, llvm::StringRef what,
                                       mlir::MLIRContext *context);
/// The other way around, for libonnx's shape inference.
void writeTensor(mlir::DenseElementsAttr attr, ::onnx::TensorProto &proto);

class TensorImporter {
public:
  /// Tensors of the model `path`, read from `file` or from files beside it; weights become symbols
  /// of `module`.
  TensorImporter(llvm::StringRef path, const InputFile &file, const ImportOptions &options,
                 mlir::ModuleOp module);

  /// Refuses a tensor whose type, dimensions or place are not right, without reading it.
  void check(const ::onnx::TensorProto &proto, llvm::StringRef what);
  /// An `arith.constant` or a `zorro.weight_ref` at `builder`.
  mlir::Value materialise(const ::onnx::TensorProto &proto, llvm::StringRef what,
                          llvm::StringRef symbol, mlir::OpBuilder &builder, mlir::Location loc);

private:
  struct Place {
    mlir::RankedTensorType type;
    const InputFile *file = nullptr; // null: the data stands in the proto
    std::string name;                // of the file, relative to the model's folder
    uint64_t offset = 0, length = 0;
  };
  Place locate(const ::onnx::TensorProto &proto, llvm::StringRef what);
  void locateExternal(const ::onnx::TensorProto &proto, llvm::StringRef what, Place &place);

  std::string folder, modelName;
  const InputFile &modelFile;
  const ImportOptions &options;
  mlir::MLIRContext *context;
  mlir::OpBuilder weights; // inserts before everything else in the module
  mlir::SymbolTable symbols;
  std::map<std::string, InputFile> files;
  int64_t totalBytes = 0;
};

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_TENSORS_H
