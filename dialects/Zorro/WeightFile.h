//===- WeightFile.h - The bytes behind zorro.weight -------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A pass that needs the numbers of a weight asks for them by symbol. The folder of the model is the
// reader's, so that no absolute path stands in the IR.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_WEIGHTFILE_H
#define ZORRO_DIALECTS_ZORRO_WEIGHTFILE_H

#include "dialects/Zorro/InputFile.h"
#include "dialects/Zorro/Zorro.h"

#include "llvm/ADT/StringMap.h"

#include <string>
#include <vector>

namespace zorro {

/// XXH3 of bytes as `zorro.weight` spells it: sixteen lower-case hex digits.
std::string formatHash(uint64_t hash);

/// What one reading of a weight's bytes tells.
struct WeightDigest {
  std::string hash;
  bool fills = false; // a value that is not finite, or at or below -1e29
};

class WeightReader {
public:
  /// Reads weights of a model that lies in `folder` (empty: the working folder).
  explicit WeightReader(llvm::StringRef folder) : folder(folder.str()) {}

  /// The stored bytes of `weight` from `offset` on (row-major, little-endian; one byte per bool).
  llvm::Error read(WeightOp weight, uint64_t offset, llvm::MutableArrayRef<char> out);
  /// All stored bytes; fails where they do not have the hash that `weight` names.
  llvm::Expected<std::vector<char>> readAll(WeightOp weight);
  /// Whether the bytes have the hash that `weight` names, without keeping them.
  llvm::Error verify(WeightOp weight);
  /// The numbers of the stored tensor, recipe not applied.
  llvm::Expected<mlir::DenseElementsAttr> readStored(WeightOp weight);
  /// The numbers of `weight` after its recipe: what a `zorro.weight_ref` of it means.
  llvm::Expected<mlir::DenseElementsAttr> readValue(WeightOp weight);

  /// Hashes `length` bytes at `offset` of `file` in chunks, looking for fills of `element`.
  static llvm::Expected<WeightDigest> digest(const InputFile &file, uint64_t offset,
                                             uint64_t length, mlir::Type element);

private:
  llvm::Expected<InputFile *> getFile(llvm::StringRef name);

  std::string folder;
  llvm::StringMap<InputFile> files;
};

/// Dense attribute from row-major little-endian bytes, one byte per bool; a splat where all
/// elements are equal. The size of `bytes` must fit `type`.
mlir::DenseElementsAttr denseFromBytes(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes);
/// The other way around; a splat is written out.
std::vector<char> bytesOfDense(mlir::DenseElementsAttr attr);
/// Bytes of one element: a bool takes one.
inline int64_t bytesPerElement(mlir::Type element) {
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8u);
}

/// Applies recipe steps to the row-major bytes of a tensor, in place; gives the type of what they
/// then are. The recipe must fit.
mlir::RankedTensorType applyRecipeToBytes(mlir::ArrayAttr recipe, mlir::RankedTensorType stored,
                                          std::vector<char> &bytes);

} // namespace zorro

#endif // ZORRO_DIALECTS_ZORRO_WEIGHTFILE_H
