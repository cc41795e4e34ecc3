//===- StreamDependence.h - Which outputs depend on which inputs ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One walk over a function of tensor operations gives every value its grid: which of the function's
// arguments may influence which segment of it. The answer covers the true dependence (for finite
// inputs) and is exact where masks are made of blocks.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_ANALYSIS_STREAMDEPENDENCE_H
#define ZORRO_PASSES_ANALYSIS_STREAMDEPENDENCE_H

#include "passes/Analysis/GridValue.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace zorro {

class StreamDependence {
public:
  /// `op` is a func.func; usable with the AnalysisManager. Whether rows are promised to be live is
  /// what the module says (kAssumeLiveRowsAttr).
  explicit StreamDependence(mlir::Operation *op);
  StreamDependence(mlir::Operation *op, bool liveRows);

  mlir::func::FuncOp getFunction() const { return function; }
  const GridValue &get(mlir::Value value) const;

  /// Names and modalities of the arguments. Bit i of a taint is input i; from the 64th on, inputs
  /// share the last bit.
  llvm::ArrayRef<std::string> getInputs() const { return inputs; }
  llvm::ArrayRef<std::string> getModalities() const { return modalities; }
  llvm::ArrayRef<std::string> getOutputs() const { return outputs; }
  static uint64_t bitOf(unsigned input) { return uint64_t(1) << std::min(input, 63u); }
  /// The value that the function returns as output `i`.
  mlir::Value getOutput(unsigned i) const;
  /// Taint of output `i`.
  uint64_t getTaint(unsigned output) const { return get(getOutput(output)).getTaint(); }
  /// Inputs that may influence output `i`, ascending.
  llvm::SmallVector<unsigned> dependsOn(unsigned output) const;
  /// Inputs that influence output `i` only by rows that padding may empty at run time: under the
  /// promise that there are none (--assume-live-rows), it is free of them.
  uint64_t getConditionalTaint(unsigned output) const;
  llvm::SmallVector<unsigned> conditionalOn(unsigned output) const;
  /// The same function under that promise.
  const StreamDependence &underPromise() const;
  /// Inputs that influence no output.
  llvm::SmallVector<unsigned> getUnused() const;
  /// Operations that no rule describes: each joined all that it reads.
  llvm::ArrayRef<mlir::Operation *> getUndescribed() const { return undescribed; }

  /// The grid of `value` cut, beside its own cuts, where a mask or a stream of the function ends on
  /// an axis of that length: rows that only look alike stay apart.
  const GridValue &getFine(mlir::Value value) const;
  /// A cell of the fine grid of a value.
  struct CellRef {
    mlir::Value value;
    size_t cell;
  };
  /// The cells of what the definer of `result` reads that reach a cell of `result`, as the transfer
  /// function itself says. With `bits`, only cells that carry one of them, and only by way of it;
  /// without, every cell that is not a known constant.
  llvm::ArrayRef<CellRef> relate(mlir::Value result, size_t cell, uint64_t bits = 0) const;

private:
  /// For each fine cell of each result, the fine cells that reach it.
  using Relation = std::vector<std::vector<llvm::SmallVector<CellRef, 2>>>;

  void visit(mlir::Operation *op);
  void noteBounds(mlir::Operation *op);
  void noteCuts(const GridValue &grid);
  Relation computeRelation(mlir::Operation *op, uint64_t bits) const;

  mlir::func::FuncOp function;
  bool liveRows;
  bool mayEmptyRows = false; // there are operations that the promise is about
  mutable std::unique_ptr<StreamDependence> promised;
  llvm::SmallVector<std::string> inputs, modalities, outputs;
  llvm::DenseMap<mlir::Value, GridValue> grids;
  llvm::SmallVector<mlir::Operation *> undescribed;
  std::map<int64_t, Cuts> bounds; // by length of the axis
  // Asked for again and again while a chain is sought.
  mutable llvm::DenseMap<mlir::Value, std::unique_ptr<GridValue>> fine;
  mutable std::map<std::pair<mlir::Operation *, uint64_t>, Relation> relations;
};

} // namespace zorro

#endif // ZORRO_PASSES_ANALYSIS_STREAMDEPENDENCE_H
