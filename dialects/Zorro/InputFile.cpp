//===- InputFile.cpp - Files that are read, never trusted -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every check is made on an open descriptor, so that nothing can change between check and use.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/InputFile.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace zorro;

static Error problem(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

InputFile::~InputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

Expected<InputFile> InputFile::adopt(int descriptor, StringRef name, bool single) {
  if (descriptor < 0)
    return problem("cannot open '" + name + "': " + std::strerror(errno));
  InputFile file(descriptor, 0);
  struct stat status;
  if (::fstat(descriptor, &status) != 0)
    return problem("cannot examine '" + name + "': " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    return problem("'" + name + "' is not a regular file");
  if (single && status.st_nlink != 1)
    return problem("'" + name + "' has " + Twine(uint64_t(status.st_nlink)) +
                  " hard links, so it may lie outside the model's folder");
  file.size = uint64_t(status.st_size);
  return std::move(file);
}

// A FIFO would block at opening; O_NONBLOCK has no effect on regular files.
constexpr int kFileFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

Expected<InputFile> InputFile::open(StringRef path) {
  return adopt(::open(path.str().c_str(), kFileFlags), path, /*single=*/false);
}

Expected<InputFile> InputFile::openInside(StringRef folder, StringRef relative) {
  if (relative.empty() || relative.contains('\0'))
    return problem("expected a file name but got an empty or binary one");
  if (relative.starts_with("/") || relative.contains('\\'))
    return problem("expected a path inside the model's folder but got '" + relative + "'");
  SmallVector<StringRef> parts;
  relative.split(parts, '/');
  for (StringRef part : parts)
    if (part == ".." || part.empty())
      return problem("expected a path inside the model's folder but got '" + relative + "'");
  std::string root = folder.empty() ? "." : folder.str();
  int directory = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return problem("cannot open the model's folder: " + Twine(std::strerror(errno)));
  // Step by step, so that a link in the middle of the path is seen as well.
  for (StringRef part : ArrayRef(parts).drop_back()) {
    int next = ::openat(directory, part.str().c_str(),
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int reason = errno;
    ::close(directory);
    if (next < 0)
      return problem("cannot open '" + relative + "': " +
                    (reason == ELOOP || reason == ENOTDIR ? "a folder on its way is a link"
                                                          : std::strerror(reason)));
    directory = next;
  }
  int descriptor = ::openat(directory, parts.back().str().c_str(), kFileFlags | O_NOFOLLOW);
  int reason = errno;
  ::close(directory);
  if (descriptor < 0 && reason == ELOOP)
    return problem("'" + relative + "' is a symbolic link");
  errno = reason;
  return adopt(descriptor, relative, /*single=*/true);
}

Error InputFile::read(uint64_t offset, MutableArrayRef<char> out) const {
  if (!contains(offset, out.size()))
    return problem("expected " + Twine(out.size()) + " bytes at offset " + Twine(offset) +
                  " but the file has " + Twine(size));
  while (!out.empty()) {
    ssize_t count = ::pread(descriptor, out.data(), std::min<size_t>(out.size(), 1 << 30),
                            off_t(offset));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return problem(Twine("cannot read: ") + std::strerror(errno));
    if (count == 0)
      return problem("the file became shorter while it was read");
    offset += uint64_t(count);
    out = out.drop_front(size_t(count));
  }
  return Error::success();
}
