//===- Tensors.cpp - Tensors of a model ---------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The data of a tensor is raw bytes, a typed list, or a place in a file; exactly one of them, and
// exactly as long as the dimensions say.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/Tensors.h"
#include "dialects/Onnx/Import/Failure.h"
#include "dialects/Onnx/Import/Types.h"
#include "dialects/Onnx/Import/WireScan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <cstring>
#include <vector>

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

using ::onnx::TensorProto;

// Small constants are attributes: shapes, scalars, little tables.
constexpr uint64_t kSmallBytes = 1024, kSmallIntegerBytes = 64 << 10;
// Typed lists that have no place in the file are held in the IR; beyond this they should be raw.
constexpr uint64_t kEmbeddedBytes = 64 << 20;

std::optional<int64_t> zorro::onnx::countElements(ArrayRef<int64_t> shape, int64_t limit) {
  // A zero anywhere makes an empty tensor, but must not hide a negative or absurd dimension.
  int64_t count = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0 || size > limit)
      return std::nullopt;
    empty |= size == 0;
    if (size && __builtin_mul_overflow(count, size, &count))
      return std::nullopt;
    if (count > limit && !empty)
      return std::nullopt;
  }
  return empty ? 0 : count;
}

static std::string shapeText(const TensorProto &proto) {
  std::string text = "[";
  for (int i = 0; i < proto.dims_size() && i < 12; ++i)
    text += (i ? ", " : "") + std::to_string(proto.dims(i));
  return text + (proto.dims_size() > 12 ? ", …]" : "]");
}

// Type and number of elements, from the header alone.
static RankedTensorType checkHeader(const TensorProto &proto, StringRef what, int64_t limit,
                                    MLIRContext *context) {
  if (proto.data_type() == TensorProto::UNDEFINED ||
      !TensorProto::DataType_IsValid(proto.data_type()))
    unsupported(what + " has the unknown data type " + Twine(proto.data_type()));
  Type element = elementTypeOf(proto.data_type(), context);
  if (!element)
    unsupported(what + " has data type " + nameOfDataType(proto.data_type()) +
                ", which is not supported");
  if (proto.dims_size() > 64)
    beyondLimit(what + " has " + Twine(proto.dims_size()) + " dimensions, expected at most 64");
  SmallVector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  for (int64_t size : shape)
    if (size < 0)
      malformed(what + " has the negative dimension " + Twine(size) + " in " + shapeText(proto));
  if (!countElements(shape, limit))
    beyondLimit(what + " has dimensions " + shapeText(proto) + ", expected at most " +
                Twine(limit) + " elements (limit maxTensorElements)");
  return RankedTensorType::get(shape, element);
}

//===----------------------------------------------------------------------------------------===//
// Data in the proto
//===----------------------------------------------------------------------------------------===//

template <typename T, typename List>
static void storeList(const List &list, std::vector<char> &bytes) {
  bytes.reserve(list.size() * sizeof(T));
  for (auto value : list) {
    T stored = T(value);
    const char *raw = reinterpret_cast<const char *>(&stored);
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
  }
}

static std::vector<char> typedBytes(const TensorProto &proto, StringRef what) {
  int lists = (proto.float_data_size() > 0) + (proto.int32_data_size() > 0) +
              (proto.int64_data_size() > 0) + (proto.double_data_size() > 0) +
              (proto.uint64_data_size() > 0) + (proto.string_data_size() > 0);
  if (lists + proto.has_raw_data() > 1 && (lists > 1 || !proto.raw_data().empty()))
    malformed(what + " has its data twice, expected one of raw and typed data");
  std::vector<char> bytes;
  if (proto.has_raw_data() && !lists) {
    bytes.assign(proto.raw_data().begin(), proto.raw_data().end());
    return bytes;
  }
  switch (proto.data_type()) {
  case TensorProto::FLOAT:
    storeList<float>(proto.float_data(), bytes);
    break;
  case TensorProto::DOUBLE:
    storeList<double>(proto.double_data(), bytes);
    break;
  case TensorProto::INT64:
    storeList<int64_t>(proto.int64_data(), bytes);
    break;
  case TensorProto::UINT32:
    storeList<uint32_t>(proto.uint64_data(), bytes);
    break;
  case TensorProto::UINT64:
    storeList<uint64_t>(proto.uint64_data(), bytes);
    break;
  case TensorProto::INT32:
    storeList<int32_t>(proto.int32_data(), bytes);
    break;
  case TensorProto::BOOL:
    for (int32_t value : proto.int32_data())
      bytes.push_back(value != 0);
    break;
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
  case TensorProto::INT16:
  case TensorProto::UINT16:
    storeList<uint16_t>(proto.int32_data(), bytes);
    break;
  default:
    storeList<uint8_t>(proto.int32_data(), bytes);
    break;
  }
  return bytes;
}

static DenseElementsAttr checkedDense(RankedTensorType type, ArrayRef<char> bytes,
                                      StringRef what) {
  uint64_t expected = uint64_t(type.getNumElements()) * bytesPerElement(type.getElementType());
  if (bytes.size() != expected)
    malformed(what + " has " + Twine(bytes.size()) + " bytes of data, expected " +
              Twine(expected) + " for its dimensions");
  return denseFromBytes(type, bytes);
}

DenseElementsAttr zorro::onnx::denseFromProto(const TensorProto &proto, StringRef what,
                                       MLIRContext *context) {
  RankedTensorType type = checkHeader(proto, what, kEmbeddedBytes, context);
  if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size())
    unsupported(what + " lies outside the graph's initializers and Constant nodes and has " +
                "external or large data, which is not supported");
  return checkedDense(type, typedBytes(proto, what), what);
}

void zorro::onnx::writeTensor(DenseElementsAttr attr, TensorProto &proto) {
  proto.set_data_type(dataTypeOf(attr.getElementType()));
  for (int64_t size : attr.getType().getShape())
    proto.add_dims(size);
  std::vector<char> bytes = bytesOfDense(attr);
  proto.set_raw_data(bytes.data(), bytes.size());
}

//===----------------------------------------------------------------------------------------===//
// Data in files
//===----------------------------------------------------------------------------------------===//

TensorImporter::TensorImporter(StringRef path, const InputFile &file,
                               const ImportOptions &options, ModuleOp module)
    : folder(sys::path::parent_path(path).str()), modelName(sys::path::filename(path).str()),
      modelFile(file), options(options), context(module.getContext()),
      weights(module.getBodyRegion()), symbols(module) {
  weights.setInsertionPointToStart(module.getBody());
}

void TensorImporter::locateExternal(const TensorProto &proto, StringRef what, Place &place) {
  std::optional<std::string> location, offset, length, inlineOffset, inlineLength, checksum;
  for (const auto &entry : proto.external_data()) {
    std::optional<std::string> *slot = entry.key() == "location"    ? &location
                                       : entry.key() == "offset"    ? &offset
                                       : entry.key() == "length"    ? &length
                                       : entry.key() == "checksum"  ? &checksum
                                       : entry.key() == kInlineOffset ? &inlineOffset
                                       : entry.key() == kInlineLength ? &inlineLength
                                                                      : nullptr;
    if (!slot)
      malformed(what + " has the unknown external_data key '" + entry.key() + "'");
    if (*slot)
      malformed(what + " has the external_data key '" + entry.key() + "' twice");
    *slot = entry.value();
  }
  auto number = [&](const std::optional<std::string> &text, StringRef key, uint64_t otherwise) {
    uint64_t value = otherwise;
    if (text && (text->empty() || !llvm::all_of(*text, isDigit) ||
                 StringRef(*text).getAsInteger(10, value)))
      malformed(what + " has external_data " + key + " '" + *text + "', expected a number");
    return value;
  };
  if (proto.has_raw_data() || proto.float_data_size() || proto.int32_data_size() ||
      proto.int64_data_size() || proto.double_data_size() || proto.uint64_data_size())
    malformed(what + " has its data twice, expected one of raw, typed and external data");
  if (inlineOffset) {
    place.file = &modelFile;
    place.name = modelName;
    place.offset = number(inlineOffset, kInlineOffset, 0);
    place.length = number(inlineLength, kInlineLength, 0);
    return;
  }
  if (!location)
    malformed(what + " has external data without a location");
  auto found = files.find(*location);
  if (found == files.end())
    found = files
                .emplace(*location, orRefuse(InputFile::openInside(folder, *location),
                                             what + " names external data"))
                .first;
  place.file = &found->second;
  place.name = *location;
  place.offset = number(offset, "offset", 0);
  uint64_t size = place.file->getSize();
  place.length = number(length, "length", size - std::min(size, place.offset));
}

TensorImporter::Place TensorImporter::locate(const TensorProto &proto, StringRef what) {
  Place place;
  place.type = checkHeader(proto, what, options.maxTensorElements, context);
  if (proto.has_segment())
    unsupported(what + " is stored in segments, which is not supported");
  bool external = proto.data_location() == TensorProto::EXTERNAL;
  if (!external && proto.external_data_size() == 0)
    return place;
  locateExternal(proto, what, place);
  uint64_t expected =
      uint64_t(place.type.getNumElements()) * bytesPerElement(place.type.getElementType());
  if (place.length != expected)
    malformed(what + " has " + Twine(place.length) + " bytes of data, expected " +
              Twine(expected) + " for its dimensions");
  if (!place.file->contains(place.offset, place.length))
    malformed(what + " needs bytes " + Twine(place.offset) + " to " +
              Twine(place.offset + place.length) + " of '" + place.name + "', which has " +
              Twine(place.file->getSize()));
  return place;
}

void TensorImporter::check(const TensorProto &proto, StringRef what) {
  Place place = locate(proto, what);
  if (!place.file)
    checkedDense(place.type, typedBytes(proto, what), what);
}

Value TensorImporter::materialise(const TensorProto &proto, StringRef what, StringRef symbol,
                                  OpBuilder &builder, Location loc) {
  Place place = locate(proto, what);
  Type element = place.type.getElementType();
  if (!place.file) {
    // Small, or a typed list whose bytes are not those of its elements.
    std::vector<char> bytes = typedBytes(proto, what);
    if (bytes.size() > kEmbeddedBytes)
      unsupported(what + " holds " + Twine(bytes.size()) +
                  " bytes as a typed list, expected raw or external data");
    return arith::ConstantOp::create(builder, loc, checkedDense(place.type, bytes, what));
  }
  uint64_t small = isa<IntegerType>(element) ? kSmallIntegerBytes : kSmallBytes;
  if (place.length <= small) {
    std::vector<char> bytes(place.length);
    if (Error error = place.file->read(place.offset, bytes))
      malformed(what + ": " + toString(std::move(error)));
    return arith::ConstantOp::create(builder, loc, checkedDense(place.type, bytes, what));
  }
  totalBytes += int64_t(place.length);
  if (totalBytes > options.maxModelBytes)
    beyondLimit("expected at most " + Twine(options.maxModelBytes) +
                " bytes of weights (limit maxModelBytes), exceeded by " + what);
  WeightDigest digest = orRefuse(
      WeightReader::digest(*place.file, place.offset, place.length, element), what);
  auto weight = WeightOp::create(weights, loc, symbol, place.type, place.name, place.offset,
                                 place.length, place.type, digest.hash, digest.fills,
                                 ElementsAttr(), ArrayAttr());
  // Inserting makes the name unique; the place stays where the weight was built.
  symbols.insert(weight, Block::iterator(weight));
  return WeightRefOp::create(builder, loc, place.type, weight.getSymName());
}
