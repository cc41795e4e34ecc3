//===- WireScan.cpp - A model's structure without its bulk --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A table says which fields lead to tensors; all others are copied as they are. Every length is
// checked against the message around it before it is used.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/WireScan.h"
#include "dialects/Onnx/Import/Failure.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace llvm;
using namespace zorro;
using namespace zorro::onnx;

namespace {

enum class Message { Model, Graph, Function, Node, Attribute, Tensor, Entry, Opaque };

// Field numbers of onnx.proto that lead to tensors.
Message childOf(Message parent, uint64_t field) {
  switch (parent) {
  case Message::Model:
    return field == 7 ? Message::Graph : field == 25 ? Message::Function : Message::Opaque;
  case Message::Graph:
    return field == 1 ? Message::Node : field == 5 ? Message::Tensor : Message::Opaque;
  case Message::Function:
    return field == 7 ? Message::Node : Message::Opaque;
  case Message::Node:
    return field == 5 ? Message::Attribute : Message::Opaque;
  case Message::Attribute:
    return field == 5 || field == 10   ? Message::Tensor
           : field == 6 || field == 11 ? Message::Graph
                                       : Message::Opaque;
  default:
    return Message::Opaque;
  }
}

// Fields of TensorProto, and the two types whose typed data lies in the file as raw data would.
enum TensorField { kDataType = 2, kFloatData = 4, kRawData = 9, kDoubleData = 10, kExternal = 13 };
constexpr uint64_t kFloat = 1, kDouble = 11;

struct Field {
  uint64_t number = 0;
  unsigned wire = 0;
  uint64_t begin = 0;   // of the field, tag included
  uint64_t payload = 0; // of what follows tag and length
  uint64_t end = 0;
  uint64_t value = 0; // of a varint
};

class Scanner {
public:
  Scanner(const InputFile &file, const ImportOptions &options)
      : file(file), options(options), window(1 << 16) {}

  void scan(Message kind, uint64_t begin, uint64_t end, int64_t depth, std::string &out);

private:
  uint8_t byteAt(uint64_t at);
  uint64_t readVarint(uint64_t &at, uint64_t end);
  Field readField(uint64_t at, uint64_t end);
  void copy(uint64_t begin, uint64_t end, std::string &out);
  void scanTensor(uint64_t begin, uint64_t end, std::string &out);

  const InputFile &file;
  const ImportOptions &options;
  std::vector<char> window;
  uint64_t windowBegin = 0, windowEnd = 0;
};

void putVarint(uint64_t value, std::string &out) {
  for (; value >= 128; value >>= 7)
    out.push_back(char(value | 128));
  out.push_back(char(value));
}

void putBytes(uint64_t field, StringRef bytes, std::string &out) {
  putVarint(field << 3 | 2, out);
  putVarint(bytes.size(), out);
  out.append(bytes.begin(), bytes.end());
}

uint8_t Scanner::byteAt(uint64_t at) {
  if (at < windowBegin || at >= windowEnd) {
    uint64_t size = std::min<uint64_t>(window.size(), file.getSize() - at);
    if (Error error = file.read(at, MutableArrayRef(window.data(), size)))
      malformed(toString(std::move(error)));
    windowBegin = at;
    windowEnd = at + size;
  }
  return uint8_t(window[at - windowBegin]);
}

uint64_t Scanner::readVarint(uint64_t &at, uint64_t end) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at >= end)
      malformed("the protobuf message ends inside a number at byte " + Twine(at));
    uint8_t byte = byteAt(at++);
    value |= shift < 64 ? uint64_t(byte & 127) << shift : 0;
    if (byte < 128)
      return value;
  }
  malformed("expected a protobuf number of at most 10 bytes before byte " + Twine(at));
}

Field Scanner::readField(uint64_t at, uint64_t end) {
  Field field;
  field.begin = at;
  uint64_t tag = readVarint(at, end);
  field.number = tag >> 3;
  field.wire = tag & 7;
  if (field.number == 0 || field.number >= uint64_t(1) << 29)
    malformed("expected a protobuf field at byte " + Twine(field.begin) + " but got field " +
              Twine(field.number));
  uint64_t length = 0;
  field.payload = at;
  switch (field.wire) {
  case 0:
    field.value = readVarint(at, end);
    field.end = at;
    return field;
  case 1:
    length = 8;
    break;
  case 2:
    length = readVarint(at, end);
    field.payload = at;
    break;
  case 5:
    length = 4;
    break;
  default:
    malformed("expected a protobuf field at byte " + Twine(field.begin) + " but got wire type " +
              Twine(field.wire));
  }
  if (length > end - at)
    malformed("field " + Twine(field.number) + " at byte " + Twine(field.begin) + " claims " +
              Twine(length) + " bytes but only " + Twine(end - at) + " follow (is it truncated?)");
  field.end = at + length;
  return field;
}

void Scanner::copy(uint64_t begin, uint64_t end, std::string &out) {
  // protobuf's own limit; also keeps a file of junk from filling the memory.
  if (end - begin > uint64_t(1 << 30) || out.size() > uint64_t(1 << 30))
    beyondLimit("the model has more than 1 GiB beside its weights");
  size_t size = out.size();
  out.resize(size + (end - begin));
  if (Error error = file.read(begin, MutableArrayRef(out.data() + size, end - begin)))
    malformed(toString(std::move(error)));
}

void Scanner::scan(Message kind, uint64_t begin, uint64_t end, int64_t depth, std::string &out) {
  if (kind == Message::Graph && ++depth > options.maxDepth + 1)
    beyondLimit("expected at most " + Twine(options.maxDepth) +
                " subgraphs within each other (limit maxDepth)");
  for (uint64_t at = begin; at < end;) {
    Field field = readField(at, end);
    at = field.end;
    Message child = childOf(kind, field.number);
    if (field.wire != 2 || child == Message::Opaque) {
      copy(field.begin, field.end, out);
      continue;
    }
    std::string inner;
    if (child == Message::Tensor)
      scanTensor(field.payload, field.end, inner);
    else
      scan(child, field.payload, field.end, depth, inner);
    putBytes(field.number, inner, out);
  }
}

void Scanner::scanTensor(uint64_t begin, uint64_t end, std::string &out) {
  // First see whether the bulk is one run of bytes in the order of the elements.
  uint64_t type = 0, bulkBegin = 0, bulkEnd = 0, bulkField = 0;
  unsigned runs = 0;
  bool external = false;
  for (uint64_t at = begin; at < end;) {
    Field field = readField(at, end);
    at = field.end;
    if (field.number == kDataType && field.wire == 0)
      type = field.value;
    if (field.number == kRawData || field.number == kFloatData || field.number == kDoubleData) {
      bulkField = field.number;
      bulkBegin = field.payload;
      bulkEnd = field.end;
      runs += field.wire == 2 ? 1 : 2; // an unpacked list is a run for each element
    }
    if (field.number == kExternal && field.wire == 2) {
      external = true;
      for (uint64_t inner = field.payload; inner < field.end;) {
        Field entry = readField(inner, field.end);
        inner = entry.end;
        std::string key;
        if (entry.number == 1 && entry.end - entry.payload <= 64)
          copy(entry.payload, entry.end, key);
        if (key == kInlineOffset || key == kInlineLength)
          malformed("unknown external_data key '" + key + "'");
      }
    }
  }
  bool inOrder = bulkField == kRawData || (bulkField == kFloatData && type == kFloat) ||
                 (bulkField == kDoubleData && type == kDouble);
  bool strip = runs == 1 && inOrder && !external && bulkEnd - bulkBegin > kKeptBytes;
  if (!strip) {
    copy(begin, end, out);
    return;
  }
  for (uint64_t at = begin; at < end;) {
    Field field = readField(at, end);
    at = field.end;
    if (field.number != bulkField)
      copy(field.begin, field.end, out);
  }
  for (auto [key, value] : {std::pair(kInlineOffset, bulkBegin),
                            std::pair(kInlineLength, bulkEnd - bulkBegin)}) {
    std::string entry;
    putBytes(1, key, entry);
    putBytes(2, std::to_string(value), entry);
    putBytes(kExternal, entry, out);
  }
}

} // namespace

std::string zorro::onnx::scanModel(const InputFile &file, const ImportOptions &options) {
  if (file.getSize() == 0)
    malformed("the file is empty");
  // protobuf cannot address more, so nothing valid is refused here.
  if (file.getSize() > uint64_t(INT32_MAX))
    beyondLimit("expected at most 2 GiB but the file has " + Twine(file.getSize()) +
                " bytes (larger weights belong into external data)");
  std::string out;
  Scanner(file, options).scan(Message::Model, 0, file.getSize(), 0, out);
  return out;
}
