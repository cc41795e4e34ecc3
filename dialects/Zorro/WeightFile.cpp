//===- WeightFile.cpp - The bytes behind zorro.weight -----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reading, hashing and recipes on the host.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/WeightFile.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>
#include <limits>
#include <memory>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace llvm;
using namespace mlir;
using namespace zorro;

constexpr uint64_t kChunk = uint64_t(1) << 20; // a multiple of every element size

std::string zorro::formatHash(uint64_t hash) {
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, hash >>= 4)
    text[i] = "0123456789abcdef"[hash & 15];
  return text;
}

template <typename T>
static bool holdsFills(ArrayRef<char> bytes) {
  bool found = false; // no early exit: the loop is vectorised
  for (size_t i = 0, e = bytes.size() / sizeof(T); i < e; ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    found |= !(value > T(-1e29)) | !(value <= std::numeric_limits<T>::max());
  }
  return found;
}

// f16 and bf16: at or below -1e29 or not finite, told by the top bits.
static bool holdsHalfFills(ArrayRef<char> bytes, bool brain) {
  // -1e29 as bfloat16 truncates to 0xefa1; every f16 is far above it unless it is infinite.
  uint16_t exponent = brain ? 0x7f80 : 0x7c00;
  bool found = false;
  for (size_t i = 0, e = bytes.size() / 2; i < e; ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes.data() + i * 2, 2);
    found |= (bits & exponent) == exponent || (brain && bits > 0xefa1);
  }
  return found;
}

Expected<WeightDigest> WeightReader::digest(const InputFile &file, uint64_t offset,
                                            uint64_t length, Type element) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  WeightDigest digest;
  std::vector<char> buffer(std::min(length, kChunk));
  for (uint64_t done = 0; done < length;) {
    MutableArrayRef<char> chunk(buffer.data(), std::min(length - done, kChunk));
    if (Error error = file.read(offset + done, chunk))
      return std::move(error);
    XXH3_64bits_update(&state, chunk.data(), chunk.size());
    if (element && element.isF32())
      digest.fills |= holdsFills<float>(chunk);
    else if (element && element.isF64())
      digest.fills |= holdsFills<double>(chunk);
    else if (element && (element.isF16() || element.isBF16()))
      digest.fills |= holdsHalfFills(chunk, element.isBF16());
    done += chunk.size();
  }
  digest.hash = formatHash(XXH3_64bits_digest(&state));
  return digest;
}

Expected<InputFile *> WeightReader::getFile(StringRef name) {
  auto found = files.find(name);
  if (found == files.end()) {
    Expected<InputFile> file = InputFile::openInside(folder, name);
    if (!file)
      return file.takeError();
    found = files.try_emplace(name, std::move(*file)).first;
  }
  return &found->second;
}

Error WeightReader::read(WeightOp weight, uint64_t offset, MutableArrayRef<char> out) {
  uint64_t length = weight.getLength();
  if (out.size() > length || offset > length - out.size())
    return createStringError(inconvertibleErrorCode(),
                             "expected bytes within weight @" + weight.getSymName());
  if (auto value = dyn_cast_or_null<DenseElementsAttr>(weight.getValueAttr())) {
    std::vector<char> bytes = bytesOfDense(value);
    if (!out.empty())
      std::memcpy(out.data(), bytes.data() + offset, out.size());
    return Error::success();
  }
  Expected<InputFile *> file = getFile(weight.getFile());
  if (!file)
    return file.takeError();
  if (weight.getOffset() > uint64_t(std::numeric_limits<int64_t>::max()) - offset)
    return createStringError(inconvertibleErrorCode(),
                             "the offset of weight @" + weight.getSymName() + " overflows");
  return (*file)->read(weight.getOffset() + offset, out);
}

Expected<std::vector<char>> WeightReader::readAll(WeightOp weight) {
  std::vector<char> bytes;
  if (!weight.getFile().empty()) {
    Expected<InputFile *> file = getFile(weight.getFile());
    if (!file)
      return file.takeError();
    // Before allocating: a dump may claim any length.
    if (!(*file)->contains(weight.getOffset(), weight.getLength()))
      return createStringError(inconvertibleErrorCode(), "weight @" + weight.getSymName() +
                                                             " ends past the end of '" +
                                                             weight.getFile() + "'");
  }
  bytes.resize(weight.getLength());
  if (Error error = read(weight, 0, bytes))
    return std::move(error);
  std::string hash = formatHash(XXH3_64bits(bytes.data(), bytes.size()));
  if (!weight.getFile().empty() && hash != weight.getHash())
    return createStringError(inconvertibleErrorCode(), "expected hash " + weight.getHash() +
                                                           " of weight @" + weight.getSymName() +
                                                           " but got " + hash);
  return bytes;
}

Error WeightReader::verify(WeightOp weight) {
  if (weight.getFile().empty())
    return Error::success();
  Expected<InputFile *> file = getFile(weight.getFile());
  if (!file)
    return file.takeError();
  Expected<WeightDigest> found = digest(**file, weight.getOffset(), weight.getLength(), Type());
  if (!found)
    return found.takeError();
  if (found->hash != weight.getHash())
    return createStringError(inconvertibleErrorCode(), "expected hash " + weight.getHash() +
                                                           " of weight @" + weight.getSymName() +
                                                           " but got " + found->hash);
  return Error::success();
}

Expected<DenseElementsAttr> WeightReader::readStored(WeightOp weight) {
  Expected<std::vector<char>> bytes = readAll(weight);
  if (!bytes)
    return bytes.takeError();
  return denseFromBytes(cast<RankedTensorType>(weight.getStored()), *bytes);
}

Expected<DenseElementsAttr> WeightReader::readValue(WeightOp weight) {
  Expected<std::vector<char>> bytes = readAll(weight);
  if (!bytes)
    return bytes.takeError();
  RankedTensorType type = applyRecipeToBytes(
      weight.getRecipeAttr(), cast<RankedTensorType>(weight.getStored()), *bytes);
  return denseFromBytes(type, *bytes);
}

//===----------------------------------------------------------------------------------------===//
// Attributes and bytes
//===----------------------------------------------------------------------------------------===//

DenseElementsAttr zorro::denseFromBytes(RankedTensorType type, ArrayRef<char> bytes) {
  Type element = type.getElementType();
  size_t size = bytesPerElement(element);
  assert(bytes.size() == size * type.getNumElements() && "bytes must fit the type");
  // Equal to itself shifted by one element: all elements are the same.
  bool splat = bytes.size() > size &&
               std::memcmp(bytes.data(), bytes.data() + size, bytes.size() - size) == 0;
  if (splat)
    bytes = bytes.take_front(size);
  if (element.isInteger(1)) {
    auto bools = std::make_unique<bool[]>(bytes.size());
    for (auto [i, byte] : llvm::enumerate(bytes))
      bools[i] = byte != 0;
    return DenseElementsAttr::get(type, ArrayRef<bool>(bools.get(), bytes.size()));
  }
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

std::vector<char> zorro::bytesOfDense(DenseElementsAttr attr) {
  Type element = attr.getElementType();
  size_t size = bytesPerElement(element), count = attr.getNumElements();
  std::vector<char> bytes(size * count);
  if (element.isInteger(1)) {
    if (attr.isSplat()) {
      std::fill(bytes.begin(), bytes.end(), attr.getSplatValue<bool>());
      return bytes;
    }
    for (auto [i, value] : llvm::enumerate(attr.getValues<bool>()))
      bytes[i] = value;
    return bytes;
  }
  ArrayRef<char> raw = attr.getRawData();
  if (!attr.isSplat()) {
    std::memcpy(bytes.data(), raw.data(), bytes.size());
    return bytes;
  }
  for (size_t i = 0; i < count; ++i)
    std::memcpy(bytes.data() + i * size, raw.data(), size);
  return bytes;
}

//===----------------------------------------------------------------------------------------===//
// Recipes
//===----------------------------------------------------------------------------------------===//

// Copies a box of `sizes` out of `source`, whose element (i0, i1, …) lies at sum(i·strides) + base.
static std::vector<char> gatherBox(const std::vector<char> &source, int64_t elementBytes,
                                   int64_t base, ArrayRef<int64_t> sizes,
                                   ArrayRef<int64_t> strides) {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  std::vector<char> result(count * elementBytes);
  SmallVector<int64_t> index(sizes.size(), 0);
  int64_t from = base;
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(result.data() + i * elementBytes, source.data() + from * elementBytes,
                elementBytes);
    for (int64_t axis = int64_t(sizes.size()) - 1; axis >= 0; --axis) {
      from += strides[axis];
      if (++index[axis] < sizes[axis])
        break;
      from -= strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return result;
}

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

/// A box of `sizes` at the beginning of a larger one, zeros behind it on every axis.
static std::vector<char> fillWithZeros(const std::vector<char> &source, int64_t elementBytes,
                                       ArrayRef<int64_t> sizes, ArrayRef<int64_t> filled) {
  int64_t count = elementBytes;
  for (int64_t size : filled)
    count *= size;
  std::vector<char> result(count, 0);
  if (source.empty())
    return result;
  SmallVector<int64_t> strides = rowMajorStrides(filled), index(sizes.size(), 0);
  int64_t row = (sizes.empty() ? 1 : sizes.back()) * elementBytes;
  for (int64_t from = 0, to = 0; from < int64_t(source.size()); from += row) {
    std::memcpy(result.data() + to * elementBytes, source.data() + from, row);
    for (int64_t axis = int64_t(sizes.size()) - 2; axis >= 0; --axis) {
      to += strides[axis];
      if (++index[axis] < sizes[axis])
        break;
      to -= strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/// Floats to the nearest bf16, ties to even: the top half of the bits after half a unit is added.
static std::vector<char> roundToBF16(const std::vector<char> &floats) {
  std::vector<char> rounded(floats.size() / 2);
  for (size_t i = 0, e = floats.size() / 4; i < e; ++i) {
    uint32_t bits;
    std::memcpy(&bits, floats.data() + 4 * i, 4);
    bool isNaN = (bits & 0x7fffffff) > 0x7f800000;
    uint32_t up = bits + 0x7fff + (bits >> 16 & 1);
    uint16_t half = isNaN ? bits >> 16 | 0x40 : up >> 16; // a NaN stays one, and quiet
    std::memcpy(rounded.data() + 2 * i, &half, 2);
  }
  return rounded;
}

RankedTensorType zorro::applyRecipeToBytes(ArrayAttr recipe, RankedTensorType stored,
                                           std::vector<char> &bytes) {
  if (!recipe)
    return stored;
  SmallVector<int64_t> shape(stored.getShape());
  Type element = stored.getElementType();
  for (Attribute step : recipe) {
    int64_t elementBytes = bytesPerElement(element);
    SmallVector<int64_t> strides = rowMajorStrides(shape);
    if (auto slice = dyn_cast<SliceStepAttr>(step)) {
      int64_t base = 0;
      for (auto [offset, stride] : llvm::zip(slice.getOffsets(), strides))
        base += offset * stride;
      shape.assign(slice.getSizes().begin(), slice.getSizes().end());
      bytes = gatherBox(bytes, elementBytes, base, shape, strides);
    } else if (auto transpose = dyn_cast<TransposeStepAttr>(step)) {
      SmallVector<int64_t> sizes, moved;
      for (int64_t axis : transpose.getPerm()) {
        sizes.push_back(shape[axis]);
        moved.push_back(strides[axis]);
      }
      bytes = gatherBox(bytes, elementBytes, 0, sizes, moved);
      shape = sizes;
    } else if (auto reshape = dyn_cast<ReshapeStepAttr>(step)) {
      shape.assign(reshape.getShape().begin(), reshape.getShape().end());
    } else if (auto pack = dyn_cast<PackStepAttr>(step)) {
      int64_t rows = shape[0], columns = shape[1], width = pack.getWidth();
      int64_t panels = llvm::divideCeil(columns, width);
      std::vector<char> packed(panels * rows * width * elementBytes, 0);
      for (int64_t panel = 0; panel < panels; ++panel)
        for (int64_t row = 0; row < rows; ++row) {
          int64_t live = std::min(width, columns - panel * width);
          std::memcpy(packed.data() + (panel * rows + row) * width * elementBytes,
                      bytes.data() + (row * columns + panel * width) * elementBytes,
                      live * elementBytes);
        }
      bytes = std::move(packed);
      shape.assign({panels, rows, width});
    } else if (auto fill = dyn_cast<FillStepAttr>(step)) {
      bytes = fillWithZeros(bytes, elementBytes, shape, fill.getShape());
      shape.assign(fill.getShape().begin(), fill.getShape().end());
    } else if (auto round = dyn_cast<RoundStepAttr>(step)) {
      bytes = roundToBF16(bytes);
      element = round.getElement();
    }
  }
  return RankedTensorType::get(shape, element);
}
