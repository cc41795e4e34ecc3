//===- Raiser.h - What the operator families build with ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Keeps the conventions of the zorro phase in one place: how an element-wise operation, a
// reduction, a reshape look, and that what is done to a weight goes into its recipe.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_RAISER_H
#define ZORRO_PASSES_RAISE_RAISER_H

#include "passes/Raise/Constants.h"
#include "passes/Raise/NodeBuilder.h"

#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/DenseSet.h"

namespace zorro::raise {

/// Builds a scalar from scalars.
using ScalarBody =
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

class Raiser {
public:
  Raiser(mlir::ModuleOp module, Constants &constants);

  /// Starts on `node`: everything is built before it, at its location.
  void start(onnx::NodeOp node) {
    builder.setInsertionPoint(node);
    loc = node.getLoc();
  }

  /// Records why `node` cannot be raised.
  mlir::LogicalResult unsupported(onnx::NodeOp node, const llvm::Twine &reason);
  /// Gives `node` its result.
  mlir::LogicalResult replace(onnx::NodeOp node, mlir::Value result);
  const std::string &getReason() const { return reason; }
  /// Says that what reads `op` has been replaced together with an earlier node.
  void retire(mlir::Operation *op) { retired.insert(op); }
  bool isRetired(mlir::Operation *op) const { return retired.contains(op); }

  //===-- Moves: of weights in their recipes, of constants at once ------------------------===//

  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> perm);
  /// A window; strides are positive.
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<int64_t> offsets,
                    llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides);
  mlir::Value concat(int64_t axis, mlir::ValueRange parts);
  /// `value` repeated to `shape`, to which it broadcasts as in numpy.
  mlir::Value broadcast(mlir::Value value, llvm::ArrayRef<int64_t> shape);

  //===-- Loops ---------------------------------------------------------------------------===//

  /// Element by element with numpy's broadcasting. Splat constants become scalars of the body.
  mlir::Value map(mlir::RankedTensorType result, mlir::ValueRange inputs, ScalarBody body);
  /// `value` with elements of another float type.
  mlir::Value convert(mlir::Value value, mlir::Type element);
  /// Folds `axes` away, starting from `init`; the body takes (element, so far). Floats narrower than
  /// f32 are folded as f32.
  mlir::Value reduce(mlir::Value value, llvm::ArrayRef<int64_t> axes, mlir::TypedAttr init,
                     ScalarBody body);
  /// Sum over the loops that `result` does not name of the product of `inputs`. Maps are from the
  /// loops, of which the first ones are the result's axes. Floats narrower than f32 are summed as
  /// f32.
  mlir::Value sumOfProducts(mlir::RankedTensorType result, mlir::ValueRange inputs,
                            llvm::ArrayRef<mlir::AffineMap> maps, unsigned loops);
  /// a · b where b is a matrix.
  mlir::Value contract(mlir::Value a, mlir::Value b);

  //===-- Constants -----------------------------------------------------------------------===//

  mlir::Value constant(mlir::DenseElementsAttr attr);
  /// A splat.
  mlir::Value constant(mlir::RankedTensorType type, double number);
  /// `value`, or the weight that holds the same numbers where it is an `arith.constant`.
  mlir::Value asWeight(mlir::Value value);

  mlir::OpBuilder builder;
  mlir::Location loc = mlir::UnknownLoc::get(builder.getContext());
  Constants &constants;

private:
  mlir::Value derive(WeightRefOp ref, mlir::Attribute step, mlir::RankedTensorType type);
  /// The weight of these bytes and recipe, made where there is none yet.
  WeightOp findWeight(WeightOp like, mlir::ArrayAttr recipe, mlir::RankedTensorType type);
  mlir::Attribute keyOf(WeightOp weight, mlir::ArrayAttr recipe);

  mlir::ModuleOp module;
  llvm::DenseMap<mlir::Attribute, WeightOp> weights;
  llvm::DenseSet<mlir::Operation *> retired;
  std::string reason;
};

/// The number of elements of `shape`.
int64_t productOf(llvm::ArrayRef<int64_t> shape);
/// 0 to rank - 1.
llvm::SmallVector<int64_t> identityPermutation(int64_t rank);
/// Whether `type` is a float with fewer bits than f32.
bool isNarrowFloat(mlir::Type type);
/// The scalar of `type` that holds `number`.
mlir::TypedAttr scalarAttr(mlir::Type type, double number);
mlir::Value scalarConstant(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                           double number);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_RAISER_H
