//===- MaskLeaf.cpp - The stored tensors that masks are made of -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Bools are scanned eight at a time; everything else is converted number by number.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskLeaf.h"
#include "passes/Raise/NodeBuilder.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

/// What a weight is read in, and what of it may lie in memory at once.
constexpr int64_t kChunkBytes = int64_t(4) << 20, kMaxBytes = int64_t(512) << 20;

MaskLeaf::MaskLeaf(Value value, NumberType number, Constants &constants)
    : value(value), number(number), constants(constants) {
  auto type = cast<RankedTensorType>(value.getType());
  elements = type.getNumElements();
  elementBytes = bytesPerElement(type.getElementType());
}

bool MaskLeaf::open() {
  opened = true;
  auto ref = value.getDefiningOp<WeightRefOp>();
  weight = ref ? constants.getSymbols().lookup<WeightOp>(ref.getWeight()) : WeightOp();
  bool inFile = weight && !weight.getFile().empty() && !weight.getRecipeAttr() &&
                elements * elementBytes > kChunkBytes;
  if (inFile) {
    // Chunks cannot be checked one by one: all of it is, once.
    if (llvm::Error error = constants.getReader().verify(weight)) {
      reason = llvm::toString(std::move(error));
      return false;
    }
    return true;
  }
  weight = {};
  if (elements * elementBytes > kMaxBytes) {
    reason = "it has " + std::to_string(elements) + " elements";
    return false;
  }
  DenseElementsAttr attr = constants.get(value);
  if (!attr) {
    reason = constants.error;
    return false;
  }
  bytes = bytesOfDense(attr);
  return true;
}

/// Makes sure that elements [first, first + count) are in `bytes`.
bool MaskLeaf::load(int64_t first, int64_t count) {
  int64_t held = int64_t(bytes.size()) / elementBytes;
  if (!reason.empty() || (!opened && !open()))
    return false;
  held = int64_t(bytes.size()) / elementBytes;
  if (first >= loaded && first + count <= loaded + held)
    return true;
  if (!weight) {
    reason = "it ends early";
    return false;
  }
  int64_t wanted = std::min(std::max(count, kChunkBytes / elementBytes), elements - first);
  if (wanted < count || wanted * elementBytes > kMaxBytes) {
    reason = "it has " + std::to_string(elements) + " elements";
    return false;
  }
  bytes.resize(wanted * elementBytes);
  loaded = first;
  if (llvm::Error error =
          constants.getReader().read(weight, uint64_t(first) * elementBytes, bytes)) {
    reason = llvm::toString(std::move(error));
    return false;
  }
  return true;
}

template <typename T>
static T get(const char *from) {
  T number;
  std::memcpy(&number, from, sizeof(T));
  return number;
}

/// Element `i` of `bytes`.
double MaskLeaf::numberAt(int64_t i) const {
  const char *from = bytes.data() + i * elementBytes;
  bool isUnsigned = number.kind == NumberType::Unsigned;
  switch (number.kind) {
  case NumberType::Bool:
    return *from != 0;
  case NumberType::Float:
    return get<float>(from);
  case NumberType::Double:
    return get<double>(from);
  case NumberType::Half:
  case NumberType::Brain: {
    const llvm::fltSemantics &semantics = number.kind == NumberType::Half
                                              ? llvm::APFloat::IEEEhalf()
                                              : llvm::APFloat::BFloat();
    return llvm::APFloat(semantics, llvm::APInt(16, get<uint16_t>(from))).convertToFloat();
  }
  case NumberType::Signed:
  case NumberType::Unsigned:
    break;
  }
  switch (number.bits) {
  case 8:
    return isUnsigned ? double(get<uint8_t>(from)) : double(get<int8_t>(from));
  case 16:
    return isUnsigned ? double(get<uint16_t>(from)) : double(get<int16_t>(from));
  case 32:
    return isUnsigned ? double(get<uint32_t>(from)) : double(get<int32_t>(from));
  default:
    return isUnsigned ? double(get<uint64_t>(from)) : double(get<int64_t>(from));
  }
}

bool MaskLeaf::read(int64_t base, int64_t stride, int64_t count, Runs &out) {
  if (count == 0)
    return true;
  int64_t span = (count - 1) * stride + 1;
  // A column needs the whole tensor, or every column would read it again.
  if (!(stride == 1 ? load(base, span) : load(0, elements)))
    return false;
  const char *data = bytes.data() + (base - loaded) * elementBytes;
  // Equal elements, compared as bytes: what masks consist of.
  auto sameRun = [&](int64_t i) {
    int64_t j = i + 1;
    if (stride == 1) {
      const char *first = data + i * elementBytes;
      uint64_t pattern = 0, eight;
      if (elementBytes <= 8 && 8 % elementBytes == 0) {
        for (int64_t b = 0; b < 8; b += elementBytes)
          std::memcpy(reinterpret_cast<char *>(&pattern) + b, first, elementBytes);
        for (int64_t step = 8 / elementBytes; j + step <= count; j += step) {
          std::memcpy(&eight, data + j * elementBytes, 8);
          if (eight != pattern)
            break;
        }
      }
    }
    while (j < count && std::memcmp(data + i * stride * elementBytes,
                                    data + j * stride * elementBytes, elementBytes) == 0)
      ++j;
    return j;
  };
  int64_t offset = base - loaded;
  for (int64_t i = 0; i < count;) {
    int64_t j = sameRun(i);
    if (j > i + 1 || number.kind == NumberType::Bool) {
      double same = numberAt(offset + i * stride);
      if (!number.isFloat() && std::abs(same) > 9007199254740992.0) {
        reason = "it holds integers beyond 2^53";
        return false;
      }
      out.append(j - i, same, 0);
      i = j;
      continue;
    }
    // Numbers that change: up to the next pair of equal ones.
    numbers.clear();
    do {
      numbers.push_back(numberAt(offset + i * stride));
      if (!number.isFloat() && std::abs(numbers.back()) > 9007199254740992.0) {
        reason = "it holds integers beyond 2^53";
        return false;
      }
      ++i;
    } while (i < count && !(i + 1 < count && sameRun(i) > i + 1));
    out.append(ArrayRef<double>(numbers), true);
  }
  return true;
}
