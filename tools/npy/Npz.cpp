//===- Npz.cpp - Named arrays in one file ------------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reading inflates one member at a time, straight into the array's memory. Writing stores: weights
// and activations hardly shrink.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/npy/Npz.h"

#include "tools/npy/FileReplacement.h"
#include "tools/npy/ZipDirectory.h"

#include <algorithm>
#include <unistd.h>
#include <zlib.h>

using namespace zorro::npy;

static Failure bad(std::string message) { return {ZORRO_BAD_FILE, std::move(message)}; }

static uint32_t checksum(uint32_t crc, const char *data, size_t size) {
  if (size == 0) // zlib takes a null pointer for a request of the first value
    return crc;
  return uint32_t(crc32_z(crc, reinterpret_cast<const Bytef *>(data), size));
}

/// Inflates into `out`, which has the size that the directory promised.
static MaybeFailure inflateMember(int file, const ZipMember &member, std::vector<char> &out) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return Failure{ZORRO_LIMIT, "not enough memory to inflate"};
  std::vector<char> block(1 << 18);
  uint64_t read = 0, written = 0;
  MaybeFailure failure;
  int state = Z_OK;
  // One byte beyond the end shows whether there is more than was promised.
  Bytef beyond;
  while (!failure && state == Z_OK) {
    if (stream.avail_in == 0) {
      // Nothing left still lets inflate give what it holds; then it stops by itself.
      uint64_t part = std::min<uint64_t>(block.size(), member.packedSize - read);
      failure = readExactly(file, block.data(), part, member.dataOffset + read);
      read += part;
      stream.next_in = reinterpret_cast<Bytef *>(block.data());
      stream.avail_in = uInt(part);
    }
    bool full = written == out.size();
    uInt room = full ? 1 : uInt(std::min<uint64_t>(out.size() - written, uint64_t(1) << 30));
    stream.next_out = full ? &beyond : reinterpret_cast<Bytef *>(out.data() + written);
    stream.avail_out = room;
    if (!failure)
      state = inflate(&stream, Z_NO_FLUSH);
    written += room - stream.avail_out;
    if (written > out.size())
      break;
  }
  inflateEnd(&stream);
  if (!failure && (state != Z_STREAM_END || written != out.size()))
    failure = bad("the compressed data is damaged");
  return failure;
}

static MaybeFailure readMember(int file, const ZipMember &member, Array &array) {
  std::vector<char> bytes(member.size);
  MaybeFailure failure = member.deflated
                             ? inflateMember(file, member, bytes)
                             : readExactly(file, bytes.data(), bytes.size(), member.dataOffset);
  if (!failure && checksum(0, bytes.data(), bytes.size()) != member.crc)
    failure = bad("the data does not have the checksum that the archive names");
  if (!failure)
    failure = decodeNpy(std::move(bytes), array);
  if (failure)
    failure->message = "member '" + member.name + "': " + failure->message;
  return failure;
}

MaybeFailure zorro::npy::readNpz(const std::string &path, std::vector<NamedArray> &arrays,
                                 uint64_t limit) {
  int file;
  uint64_t fileSize;
  if (MaybeFailure failure = openRegular(path, file, fileSize))
    return failure;
  std::vector<ZipMember> members;
  MaybeFailure failure = readZipDirectory(file, fileSize, members);
  for (size_t i = 0; i < members.size() && !failure; ++i) {
    const ZipMember &member = members[i];
    if (member.size > limit) {
      failure = Failure{ZORRO_LIMIT, "member '" + member.name + "' passes the limit with its " +
                                         std::to_string(member.size) + " bytes"};
      break;
    }
    limit -= member.size;
    NamedArray named;
    named.name = member.name;
    static const std::string suffix = ".npy";
    if (named.name.size() > suffix.size() &&
        named.name.compare(named.name.size() - suffix.size(), suffix.size(), suffix) == 0)
      named.name.resize(named.name.size() - suffix.size());
    failure = readMember(file, member, named.array);
    arrays.push_back(std::move(named));
  }
  close(file);
  if (failure)
    failure->message = "'" + path + "': " + failure->message;
  return failure;
}

namespace {

/// Little-endian fields, one behind the other.
struct Record {
  std::string bytes;
  Record &put(uint64_t value, unsigned count) {
    for (unsigned i = 0; i < count; ++i)
      bytes += char(value >> (8 * i) & 0xff);
    return *this;
  }
};

constexpr uint64_t largest32 = UINT32_MAX - 1; // all ones means "see the 64-bit extension"

uint64_t clamp32(uint64_t value) { return std::min<uint64_t>(value, UINT32_MAX); }

} // namespace

MaybeFailure zorro::npy::writeNpz(const std::string &path,
                                  const std::vector<NamedArray> &arrays) {
  FileReplacement file(path);
  std::string directory;
  uint64_t position = 0;
  constexpr unsigned version = 45, utf8Names = 0x800, january1980 = 0x21;
  for (const NamedArray &named : arrays) {
    std::string name = named.name + ".npy", header = npyHeader(named.array);
    if (name.size() > 60000)
      return Failure{ZORRO_LIMIT, "the name of an array is too long for a zip archive"};
    uint64_t size = header.size() + named.array.data.size();
    uint32_t crc = checksum(0, header.data(), header.size());
    crc = checksum(crc, named.array.data.data(), named.array.data.size());
    bool large = size > largest32, far = position > largest32;

    Record common; // version needed up to the sizes: the same in both headers
    common.put(version, 2).put(utf8Names, 2).put(0, 2).put(0, 2).put(january1980, 2).put(crc, 4);
    common.put(large ? UINT32_MAX : size, 4).put(large ? UINT32_MAX : size, 4);
    common.put(name.size(), 2);
    Record localExtra, extra;
    if (large)
      localExtra.put(1, 2).put(16, 2).put(size, 8).put(size, 8);
    if (large || far)
      extra.put(1, 2).put((large ? 16 : 0) + (far ? 8 : 0), 2);
    if (large)
      extra.put(size, 8).put(size, 8);
    if (far)
      extra.put(position, 8);

    Record local;
    local.put(0x04034b50, 4).bytes += common.bytes;
    local.put(localExtra.bytes.size(), 2).bytes += name + localExtra.bytes;
    file.write(local.bytes.data(), local.bytes.size());
    file.write(header.data(), header.size());
    file.write(named.array.data.data(), named.array.data.size());

    Record entry;
    entry.put(0x02014b50, 4).put(version, 2).bytes += common.bytes;
    entry.put(extra.bytes.size(), 2).put(0, 2).put(0, 2).put(0, 2).put(0, 4);
    entry.put(clamp32(position), 4).bytes += name + extra.bytes;
    directory += entry.bytes;
    position += local.bytes.size() + size;
  }
  Record end;
  if (position > largest32 || arrays.size() >= UINT16_MAX || directory.size() > largest32) {
    end.put(0x06064b50, 4).put(44, 8).put(version, 2).put(version, 2).put(0, 4).put(0, 4);
    end.put(arrays.size(), 8).put(arrays.size(), 8).put(directory.size(), 8).put(position, 8);
    end.put(0x07064b50, 4).put(0, 4).put(position + directory.size(), 8).put(1, 4);
  }
  uint64_t count = std::min<uint64_t>(arrays.size(), UINT16_MAX);
  end.put(0x06054b50, 4).put(0, 2).put(0, 2).put(count, 2).put(count, 2);
  end.put(clamp32(directory.size()), 4).put(clamp32(position), 4).put(0, 2);
  file.write(directory.data(), directory.size());
  file.write(end.bytes.data(), end.bytes.size());
  return file.finish();
}
