//===- FoldTensor.h - Tensors on the host, for constant folding ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Numbers as a dense attribute holds them, but unpacked: one byte per bool, splats written out.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_FOLDTENSOR_H
#define ZORRO_PASSES_RAISE_FOLDTENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>
#include <vector>

namespace zorro::fold {

struct HostTensor {
  mlir::Type element;
  llvm::SmallVector<int64_t> shape;
  std::vector<char> bytes; // row-major

  HostTensor() = default;
  /// Zeros.
  HostTensor(mlir::Type element, llvm::ArrayRef<int64_t> shape);
  explicit HostTensor(mlir::DenseElementsAttr attr);
  mlir::DenseElementsAttr toAttr() const;

  int64_t count() const;
  int64_t elementBytes() const;
  char *at(int64_t i) { return bytes.data() + i * elementBytes(); }
  const char *at(int64_t i) const { return bytes.data() + i * elementBytes(); }
  template <typename T>
  T *data() {
    return reinterpret_cast<T *>(bytes.data());
  }
  template <typename T>
  const T *data() const {
    return reinterpret_cast<const T *>(bytes.data());
  }
};

/// Strides in elements of a row-major tensor.
llvm::SmallVector<int64_t> stridesOf(llvm::ArrayRef<int64_t> shape);
/// Product; shapes here come from tensors that exist or from checked types.
int64_t countOf(llvm::ArrayRef<int64_t> shape);
/// `axis` counted from the front, or nothing where it is not one of `rank`.
std::optional<int64_t> normaliseAxis(int64_t axis, int64_t rank);
/// A tensor of `shape` whose element (i0, i1, …) is element base + sum(i · strides) of `source`.
HostTensor stridedCopy(const HostTensor &source, int64_t base, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> strides);

/// numpy's broadcast of both shapes, or nothing.
std::optional<llvm::SmallVector<int64_t>> broadcastShapes(llvm::ArrayRef<int64_t> a,
                                                          llvm::ArrayRef<int64_t> b);
/// `tensor` repeated to `shape`, to which it broadcasts.
HostTensor broadcastTo(const HostTensor &tensor, llvm::ArrayRef<int64_t> shape);

/// The numbers of an integer tensor.
std::optional<llvm::SmallVector<int64_t>> integersOf(const HostTensor &tensor);
/// Conversion between element types as Cast defines it; nothing for a type not handled.
std::optional<HostTensor> convert(const HostTensor &tensor, mlir::Type element);

/// Calls `body` with a value of the C++ type that stores `element`, or returns false: bool as
/// uint8_t (`isBool` tells), integers, float and double. Halves are converted by the caller.
template <typename Body>
bool dispatch(mlir::Type element, Body body) {
  if (element.isF32())
    return body(float());
  if (element.isF64())
    return body(double());
  auto integer = mlir::dyn_cast<mlir::IntegerType>(element);
  if (!integer)
    return false;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return body(uint8_t());
  case 8:
    return isUnsigned ? body(uint8_t()) : body(int8_t());
  case 16:
    return isUnsigned ? body(uint16_t()) : body(int16_t());
  case 32:
    return isUnsigned ? body(uint32_t()) : body(int32_t());
  case 64:
    return isUnsigned ? body(uint64_t()) : body(int64_t());
  default:
    return false;
  }
}
inline bool isBool(mlir::Type element) { return element.isInteger(1); }
inline bool isHalf(mlir::Type element) { return element.isF16() || element.isBF16(); }

} // namespace zorro::fold

#endif // ZORRO_PASSES_RAISE_FOLDTENSOR_H
