//===- Npy.cpp - Arrays in NumPy's file format -----------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The header of a .npy file is a Python dictionary in text. Only the three keys that the format
// names are read, each once; object arrays (pickled, so code) are refused.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/npy/Npy.h"

#include "tools/npy/FileReplacement.h"

#include <algorithm>
#include <cstring>
#include <string_view>

using namespace zorro::npy;

static constexpr char magic[] = "\x93NUMPY";
static constexpr size_t magicSize = 6, maxHeader = 65536, maxRank = 32;

static Failure bad(std::string message) { return {ZORRO_BAD_FILE, std::move(message)}; }

std::optional<uint64_t> zorro::npy::denseBytes(const std::vector<int64_t> &dims,
                                               uint64_t elementSize) {
  constexpr uint64_t limit = uint64_t(1) << 62;
  uint64_t product = elementSize;
  bool empty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    if (dim == 0)
      empty = true;
    else if (uint64_t(dim) > limit / product)
      return std::nullopt;
    else
      product *= uint64_t(dim);
  }
  return empty ? 0 : product;
}

int64_t Array::elements() const {
  size_t size = zorro_type_size(type);
  return size ? int64_t(data.size() / size) : 0;
}

std::string zorro::npy::shapeText(uint32_t type, const std::vector<int64_t> &dims) {
  std::string text;
  for (int64_t dim : dims)
    text += std::to_string(dim) + "x";
  const char *name = zorro_type_name(type);
  return text + (name ? name : "type " + std::to_string(type));
}

namespace {

struct TypeCode {
  const char *code;
  uint32_t type;
};

constexpr TypeCode typeCodes[] = {{"f4", ZORRO_F32}, {"f8", ZORRO_F64}, {"f2", ZORRO_F16},
                                  {"i1", ZORRO_I8},  {"i2", ZORRO_I16}, {"i4", ZORRO_I32},
                                  {"i8", ZORRO_I64}, {"u1", ZORRO_U8},  {"u2", ZORRO_U16},
                                  {"u4", ZORRO_U32}, {"u8", ZORRO_U64}, {"b1", ZORRO_BOOL},
                                  {"V2", ZORRO_BF16}};

struct Header {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Reads the dictionary. Each function gives false when the text is not what it expects.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : rest(text) {}

  bool parse(Header &header) {
    bool descr = false, order = false, shape = false;
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string key;
      if (!quoted(key) || !take(':'))
        return false;
      if (key == "descr" && !descr)
        descr = quoted(header.descr);
      else if (key == "fortran_order" && !order)
        order = boolean(header.fortranOrder);
      else if (key == "shape" && !shape)
        shape = tuple(header.shape);
      else
        return false;
      // A value that could not be read leaves its text, which is no comma.
      if (!take(',') && !peek('}'))
        return false;
    }
    skipSpace();
    return descr && order && shape && rest.empty();
  }

private:
  void skipSpace() {
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\t'))
      rest.remove_prefix(1);
  }
  bool peek(char c) {
    skipSpace();
    return !rest.empty() && rest[0] == c;
  }
  bool take(char c) {
    if (!peek(c))
      return false;
    rest.remove_prefix(1);
    return true;
  }
  bool quoted(std::string &text) {
    skipSpace();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return false;
    size_t end = rest.find(rest[0], 1);
    if (end == std::string_view::npos)
      return false;
    text = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return true;
  }
  bool boolean(bool &value) {
    skipSpace();
    for (bool candidate : {false, true}) {
      std::string_view word = candidate ? "True" : "False";
      if (rest.substr(0, word.size()) != word)
        continue;
      rest.remove_prefix(word.size());
      value = candidate;
      return true;
    }
    return false;
  }
  bool tuple(std::vector<int64_t> &values) {
    if (!take('('))
      return false;
    while (!take(')')) {
      int64_t value;
      if (values.size() == maxRank || !number(value))
        return false;
      values.push_back(value);
      if (!take(',') && !peek(')'))
        return false;
    }
    return true;
  }
  bool number(int64_t &value) {
    skipSpace();
    size_t digits = 0;
    value = 0;
    for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, rest[digits] - '0', &value))
        return false;
    rest.remove_prefix(digits);
    return digits != 0;
  }

  std::string_view rest;
};

void swapBytes(std::vector<char> &data, size_t elementSize) {
  for (size_t i = 0; i + elementSize <= data.size(); i += elementSize)
    std::reverse(data.begin() + ptrdiff_t(i), data.begin() + ptrdiff_t(i + elementSize));
}

/// From Fortran order (first axis fastest) to C order.
void reorder(Array &array, size_t elementSize) {
  const size_t rank = array.dims.size();
  std::vector<size_t> stride(rank), index(rank, 0);
  size_t step = elementSize;
  for (size_t axis = 0; axis < rank; ++axis) {
    stride[axis] = step;
    step *= size_t(array.dims[axis]);
  }
  std::vector<char> ordered(array.data.size());
  size_t from = 0;
  for (size_t to = 0; to < ordered.size(); to += elementSize) {
    memcpy(ordered.data() + to, array.data.data() + from, elementSize);
    for (size_t axis = rank; axis-- > 0;) {
      from += stride[axis];
      if (++index[axis] < size_t(array.dims[axis]))
        break;
      from -= stride[axis] * index[axis];
      index[axis] = 0;
    }
  }
  array.data = std::move(ordered);
}

} // namespace

MaybeFailure zorro::npy::decodeNpy(std::vector<char> file, Array &array) {
  if (file.size() < magicSize + 4 || memcmp(file.data(), magic, magicSize) != 0)
    return bad("expected a .npy array but the magic is not there");
  auto byte = [&](size_t at) { return size_t(static_cast<unsigned char>(file[at])); };
  size_t version = byte(6), start = version == 1 ? 10 : 12;
  if (version < 1 || version > 3)
    return bad("expected .npy version 1, 2 or 3 but got " + std::to_string(version));
  if (file.size() < start)
    return bad("the .npy header is cut off");
  size_t size = byte(8) | byte(9) << 8;
  if (version > 1)
    size |= byte(10) << 16 | byte(11) << 24;
  if (size > maxHeader)
    return bad("expected a .npy header of at most " + std::to_string(maxHeader) +
               " bytes but got " + std::to_string(size));
  if (size > file.size() - start)
    return bad("the .npy header is cut off");

  Header header;
  if (!HeaderParser({file.data() + start, size}).parse(header))
    return bad("expected a .npy header with descr, fortran_order and shape of a plain type, each "
               "once, and at most " +
               std::to_string(maxRank) + " dims from 0 to 2^63-1");
  bool bigEndian = !header.descr.empty() && header.descr[0] == '>';
  if (header.descr.size() < 2 || !strchr("<>|=", header.descr[0]))
    return bad("expected a .npy type like '<f4' but got '" + header.descr + "'");
  std::string code = header.descr.substr(1);
  if (code[0] == 'O')
    return Failure{ZORRO_UNSUPPORTED, "the array holds pickled Python objects, which are not read"};
  auto found = std::find_if(std::begin(typeCodes), std::end(typeCodes),
                            [&](const TypeCode &row) { return code == row.code; });
  if (found == std::end(typeCodes))
    return Failure{ZORRO_UNSUPPORTED, "the .npy type '" + header.descr + "' is not supported"};

  size_t elementSize = zorro_type_size(found->type);
  std::optional<uint64_t> bytes = denseBytes(header.shape, elementSize);
  if (!bytes)
    return bad("the size of the .npy array overflows");
  if (*bytes != file.size() - start - size)
    return bad("expected " + std::to_string(*bytes) + " bytes of data for the .npy shape but got " +
               std::to_string(file.size() - start - size));
  array.type = found->type;
  array.dims = std::move(header.shape);
  file.erase(file.begin(), file.begin() + ptrdiff_t(start + size));
  array.data = std::move(file);
  if (bigEndian)
    swapBytes(array.data, elementSize);
  if (header.fortranOrder && array.dims.size() > 1)
    reorder(array, elementSize);
  return std::nullopt;
}

std::string zorro::npy::npyHeader(const Array &array) {
  std::string code = "V1";
  for (const TypeCode &row : typeCodes)
    if (row.type == array.type)
      code = row.code;
  bool orderless = zorro_type_size(array.type) == 1 || array.type == ZORRO_BF16;
  std::string text = "{'descr': '" + std::string(orderless ? "|" : "<") + code +
                     "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < array.dims.size(); ++i)
    text += (i ? " " : "") + std::to_string(array.dims[i]) +
            (i + 1 < array.dims.size() || i == 0 ? "," : "");
  text += "), }";
  // The data begins at a multiple of 64 bytes, after a line end.
  size_t start = magicSize + 4;
  text.append(63 - (start + text.size()) % 64, ' ');
  text += '\n';
  std::string header(magic, magicSize);
  header += {'\x01', '\0', char(text.size() & 0xff), char(text.size() >> 8)};
  return header + text;
}

MaybeFailure zorro::npy::readNpy(const std::string &path, Array &array, uint64_t limit) {
  std::vector<char> bytes;
  MaybeFailure failure = readWhole(path, limit, bytes);
  if (!failure) {
    failure = decodeNpy(std::move(bytes), array);
    if (failure)
      failure->message = "'" + path + "': " + failure->message;
  }
  return failure;
}

MaybeFailure zorro::npy::writeNpy(const std::string &path, const Array &array) {
  FileReplacement file(path);
  std::string header = npyHeader(array);
  file.write(header.data(), header.size());
  file.write(array.data.data(), array.data.size());
  return file.finish();
}
