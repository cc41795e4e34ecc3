//===- MaskRows.h - Tensors evaluated row by row ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Gives a row of a value through the nodes that define it. No tensor of the value's size is made:
// every operand gives the part of it that the row needs.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKROWS_H
#define ZORRO_PASSES_RAISE_MASKROWS_H

#include "passes/Raise/MaskLeaf.h"

#include "dialects/Onnx/Onnx.h"

#include <map>

namespace zorro::raise {

using RunsPtr = std::shared_ptr<const Runs>;

class MaskRows {
public:
  explicit MaskRows(Constants &constants) : constants(constants) {}

  /// Whether `node` is of an operator that is read row by row.
  static bool reads(onnx::NodeOp node);
  /// The element-wise operation that `node` is; nothing for another one.
  static std::optional<ElementOp> elementOpOf(onnx::NodeOp node);

  /// Takes `value`, known at run time only, as if all its elements were `number`, until `unbind`.
  void bind(mlir::Value value, double number);
  void unbind();

  /// Whether constants, and what is bound, determine `value`; if not, `getReason` says why.
  bool isKnown(mlir::Value value);
  /// Whether constants alone do.
  bool isConstant(mlir::Value value);
  /// Which axes of a known value its elements may differ along.
  llvm::ArrayRef<bool> getVarying(mlir::Value value);
  /// The elements along `axis` where the other indices are those of `index`; one element for axis
  /// -1. Null, with a reason, where they cannot be read.
  RunsPtr read(mlir::Value value, llvm::ArrayRef<int64_t> index, int64_t axis);
  /// The one number that all elements of a known value are, if that is easily told.
  std::optional<double> getSplat(mlir::Value value);

  const std::string &getReason() const { return reason; }

private:
  struct Info {
    bool known = false, constant = false;
    mlir::RankedTensorType type;
    NumberType number;
    llvm::SmallVector<bool> varying;
    llvm::SmallVector<int64_t> a, b; // what the operator reads as parameters
    std::string why;                 // where it is not known
  };
  struct Memo {
    llvm::SmallVector<int64_t> index;
    RunsPtr runs;
    unsigned epoch = 0;
  };
  /// Where each update of a scatter lands.
  struct Landing {
    std::map<llvm::SmallVector<int64_t>, int64_t> updates; // by indices: row of the updates
  };

  /// Forgets what is known of values that constants alone do not determine.
  void forgetOpen();
  const Info &infoOf(mlir::Value value);
  void describe(mlir::Value value, Info &info);
  bool describeNode(onnx::NodeOp node, unsigned result, Info &info);
  bool describeMove(onnx::NodeOp node, unsigned result, Info &info);
  RunsPtr compute(mlir::Value value, llvm::ArrayRef<int64_t> index, int64_t axis);
  RunsPtr computeElements(onnx::NodeOp node, ElementOp op, const Info &info,
                          llvm::ArrayRef<int64_t> index, int64_t axis);
  RunsPtr computeMove(onnx::NodeOp node, unsigned result, const Info &info,
                      llvm::ArrayRef<int64_t> index, int64_t axis);
  RunsPtr computeIndexing(onnx::NodeOp node, const Info &info, llvm::ArrayRef<int64_t> index,
                          int64_t axis);
  RunsPtr computeMake(onnx::NodeOp node, const Info &info, llvm::ArrayRef<int64_t> index,
                      int64_t axis);
  RunsPtr readBroadcast(mlir::Value value, int64_t rank, llvm::ArrayRef<int64_t> index,
                        int64_t axis);
  RunsPtr readReshaped(mlir::Value source, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> index, int64_t axis);
  RunsPtr readProduct(onnx::NodeOp node, NumberType number, llvm::ArrayRef<int64_t> index,
                      int64_t axis);
  RunsPtr readScatterND(onnx::NodeOp node, llvm::ArrayRef<int64_t> index, int64_t axis);
  RunsPtr readScatterElements(onnx::NodeOp node, int64_t scattered, llvm::ArrayRef<int64_t> index,
                              int64_t axis);
  RunsPtr readGatherND(onnx::NodeOp node, int64_t batch, llvm::ArrayRef<int64_t> index,
                       int64_t axis);
  std::optional<double> element(mlir::Value value, llvm::ArrayRef<int64_t> index);
  std::optional<llvm::SmallVector<int64_t>> integersOf(mlir::Value value);
  std::nullptr_t refuse(const llvm::Twine &why);

  Constants &constants;
  llvm::DenseMap<mlir::Value, double> bound;
  llvm::DenseMap<mlir::Value, std::unique_ptr<Info>> infos;
  llvm::DenseMap<mlir::Value, std::unique_ptr<MaskLeaf>> leaves;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, Memo> memos;
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<Landing>> landings;
  unsigned epoch = 1;
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKROWS_H
