//===- ZipDirectory.cpp - What is in a zip archive ---------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Read from the end: end record (with its 64-bit form, if there is one), then the directory's
// entries, then each member's local header, which says where the data begins.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/npy/ZipDirectory.h"

#include "tools/npy/FileReplacement.h"

#include <algorithm>
#include <set>

using namespace zorro::npy;

namespace {

constexpr uint32_t endSignature = 0x06054b50, end64Signature = 0x06064b50,
                   locatorSignature = 0x07064b50, entrySignature = 0x02014b50,
                   localSignature = 0x04034b50;
constexpr uint64_t endSize = 22, end64Size = 56, locatorSize = 20, entrySize = 46, localSize = 30,
                   maxComment = 65535;
constexpr uint64_t maxDirectory = uint64_t(64) << 20;
// Deflate cannot do better than this, so a size beyond it is a lie.
constexpr uint64_t maxRatio = 1032;

Failure bad(std::string message) { return {ZORRO_BAD_FILE, std::move(message)}; }

/// Little-endian fields of a buffer.
struct Fields {
  const unsigned char *bytes;
  explicit Fields(const char *text) : bytes(reinterpret_cast<const unsigned char *>(text)) {}
  uint64_t get(size_t at, unsigned count) const {
    uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i)
      value |= uint64_t(bytes[at + i]) << (8 * i);
    return value;
  }
  uint16_t u16(size_t at) const { return uint16_t(get(at, 2)); }
  uint32_t u32(size_t at) const { return uint32_t(get(at, 4)); }
  uint64_t u64(size_t at) const { return get(at, 8); }
};

struct Directory {
  uint64_t offset, size, count;
};

MaybeFailure findDirectory(int file, uint64_t fileSize, Directory &directory) {
  if (fileSize < endSize)
    return bad("expected a zip archive but the file has only " + std::to_string(fileSize) +
               " bytes");
  std::vector<char> tail(std::min(fileSize, endSize + maxComment + locatorSize));
  uint64_t tailStart = fileSize - tail.size();
  if (MaybeFailure failure = readExactly(file, tail.data(), tail.size(), tailStart))
    return failure;
  size_t at = tail.size() - endSize;
  auto isEnd = [&] {
    Fields fields(tail.data() + at);
    return fields.u32(0) == endSignature && fields.u16(20) == tail.size() - endSize - at;
  };
  while (!isEnd())
    if (at-- == 0)
      return bad("expected a zip archive but its end record is not there");
  Fields end(tail.data() + at);
  directory = {end.u32(16), end.u32(12), end.u16(10)};
  if (at < locatorSize || Fields(tail.data() + at - locatorSize).u32(0) != locatorSignature)
    return std::nullopt;
  uint64_t end64 = Fields(tail.data() + at - locatorSize).u64(8);
  if (fileSize < end64Size || end64 > fileSize - end64Size)
    return bad("the 64-bit end record lies outside the archive");
  char record[end64Size];
  if (MaybeFailure failure = readExactly(file, record, end64Size, end64))
    return failure;
  Fields fields(record);
  if (fields.u32(0) != end64Signature)
    return bad("the 64-bit end record is not where the archive says");
  directory = {fields.u64(48), fields.u64(40), fields.u64(32)};
  return std::nullopt;
}

/// Fields that hold all ones have their value in the 64-bit extension, in this order.
bool applyExtension(Fields extra, uint64_t extraSize, std::vector<uint64_t *> wanted) {
  if (wanted.empty())
    return true;
  for (uint64_t at = 0; at + 4 <= extraSize;) {
    uint64_t id = extra.u16(at), size = extra.u16(at + 2);
    at += 4;
    if (size > extraSize - at)
      return false;
    if (id == 1) {
      if (size < wanted.size() * 8)
        return false;
      for (size_t i = 0; i < wanted.size(); ++i)
        *wanted[i] = extra.u64(at + i * 8);
      return true;
    }
    at += size;
  }
  return false;
}

MaybeFailure locateData(int file, uint64_t fileSize, uint64_t header, ZipMember &member) {
  if (fileSize < localSize || header > fileSize - localSize)
    return bad("member '" + member.name + "' lies outside the archive");
  char local[localSize];
  if (MaybeFailure failure = readExactly(file, local, localSize, header))
    return failure;
  Fields fields(local);
  if (fields.u32(0) != localSignature || (fields.u16(8) == 8) != member.deflated)
    return bad("member '" + member.name + "' is not where the archive says");
  member.dataOffset = header + localSize + fields.u16(26) + fields.u16(28);
  if (member.packedSize > fileSize || member.dataOffset > fileSize - member.packedSize)
    return bad("member '" + member.name + "' lies outside the archive");
  return std::nullopt;
}

} // namespace

MaybeFailure zorro::npy::readZipDirectory(int file, uint64_t fileSize,
                                          std::vector<ZipMember> &members) {
  Directory directory;
  if (MaybeFailure failure = findDirectory(file, fileSize, directory))
    return failure;
  if (directory.size > maxDirectory)
    return Failure{ZORRO_LIMIT, "expected a zip directory of at most " +
                                    std::to_string(maxDirectory) + " bytes but got " +
                                    std::to_string(directory.size)};
  if (directory.size > fileSize || directory.offset > fileSize - directory.size)
    return bad("the zip directory lies outside the archive");
  std::vector<char> bytes(directory.size);
  if (MaybeFailure failure = readExactly(file, bytes.data(), bytes.size(), directory.offset))
    return failure;

  std::set<std::string> names;
  size_t at = 0;
  for (uint64_t i = 0; i < directory.count; ++i) {
    if (bytes.size() - at < entrySize)
      return bad("the zip directory is cut off");
    Fields fields(bytes.data() + at);
    uint64_t nameSize = fields.u16(28), extraSize = fields.u16(30), commentSize = fields.u16(32);
    uint64_t size = entrySize + nameSize + extraSize + commentSize;
    if (fields.u32(0) != entrySignature || bytes.size() - at < size)
      return bad("the zip directory is damaged");
    ZipMember member;
    member.name.assign(bytes.data() + at + entrySize, nameSize);
    uint16_t flags = fields.u16(8), method = fields.u16(10);
    if (flags & 1)
      return Failure{ZORRO_UNSUPPORTED, "member '" + member.name + "' is encrypted"};
    if (method != 0 && method != 8)
      return Failure{ZORRO_UNSUPPORTED, "expected member '" + member.name +
                                            "' to be stored or deflated but got method " +
                                            std::to_string(method)};
    member.deflated = method == 8;
    member.crc = fields.u32(16);
    member.packedSize = fields.u32(20);
    member.size = fields.u32(24);
    uint64_t header = fields.u32(42);
    std::vector<uint64_t *> wanted;
    for (uint64_t *value : {&member.size, &member.packedSize, &header})
      if (*value == UINT32_MAX)
        wanted.push_back(value);
    if (!applyExtension(Fields(bytes.data() + at + entrySize + nameSize), extraSize, wanted))
      return bad("the 64-bit sizes of member '" + member.name + "' are not there");
    if (MaybeFailure failure = locateData(file, fileSize, header, member))
      return failure;
    if (member.deflated ? member.size / maxRatio > member.packedSize
                        : member.size != member.packedSize)
      return bad("member '" + member.name + "' cannot have " + std::to_string(member.size) +
                 " bytes, packed in " + std::to_string(member.packedSize));
    if (!names.insert(member.name).second)
      return bad("two members have the name '" + member.name + "'");
    members.push_back(std::move(member));
    at += size;
  }
  return std::nullopt;
}
