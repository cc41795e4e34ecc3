//===- Constants.h - Values that are known ----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Numbers of `arith.constant` and of weights, read once each.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_CONSTANTS_H
#define ZORRO_PASSES_RAISE_CONSTANTS_H

#include "dialects/Zorro/WeightFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

#include <map>
#include <memory>

namespace zorro::raise {

class MaskRows;
struct MaskReading;

class Constants {
public:
  Constants(mlir::ModuleOp module, llvm::StringRef folder);
  ~Constants();

  /// Whether `value` is a constant or a weight.
  static bool isConstant(mlir::Value value);
  /// The numbers of `value`; null where it is not constant. A weight that cannot be read gives null
  /// and leaves the reason in `error`.
  mlir::DenseElementsAttr get(mlir::Value value);
  /// The one number that all elements of a small constant have.
  std::optional<double> getSplat(mlir::Value value);
  /// The integers of a small constant.
  std::optional<llvm::SmallVector<int64_t>> getIntegers(mlir::Value value);

  mlir::SymbolTable &getSymbols() { return symbols; }
  WeightReader &getReader() { return reader; }
  /// Masks that are read row by row, and what was read of them.
  MaskRows &getRows();
  std::map<std::string, std::shared_ptr<const MaskReading>> &getReadings() { return readings; }

  std::string error;

private:
  mlir::SymbolTable symbols;
  WeightReader reader;
  llvm::DenseMap<mlir::Operation *, mlir::DenseElementsAttr> weights;
  std::unique_ptr<MaskRows> rows;
  std::map<std::string, std::shared_ptr<const MaskReading>> readings;
};

/// The elements of a float, integer or bool tensor as doubles, row-major.
std::vector<double> toDoubles(mlir::DenseElementsAttr attr);

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_CONSTANTS_H
