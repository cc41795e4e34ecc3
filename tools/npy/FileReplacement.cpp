//===- FileReplacement.cpp - Files that appear whole or not at all -------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A path that is no regular file (a pipe, /dev/null) is written to directly: there is nothing that
// a rename could keep whole.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/npy/FileReplacement.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace zorro::npy;

FileReplacement::FileReplacement(const std::string &path) : path(path) {
  struct stat info;
  bool exists = stat(path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    temporary = path + ".XXXXXX";
    file = mkostemp(temporary.data(), O_CLOEXEC);
    if (file < 0)
      temporary.clear();
    // mkostemp gives the owner alone rights; keep the old file's, or take the usual ones.
    mode_t mask = umask(0);
    umask(mask);
    if (file >= 0 && fchmod(file, exists ? info.st_mode & 0777 : 0666 & ~mask) != 0)
      fail("set the mode of");
  }
  if (file < 0)
    fail("create");
}

FileReplacement::~FileReplacement() {
  if (file >= 0)
    close(file);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

void FileReplacement::fail(const char *action) {
  if (!failure)
    failure = Failure{ZORRO_BAD_FILE,
                      std::string("cannot ") + action + " '" + path + "': " + strerror(errno)};
}

void FileReplacement::write(const void *data, size_t size) {
  for (size_t done = 0; done < size && !failure;) {
    ssize_t put = ::write(file, static_cast<const char *>(data) + done,
                          std::min<size_t>(size - done, size_t(1) << 30));
    if (put >= 0)
      done += size_t(put);
    else if (errno != EINTR)
      fail("write");
  }
}

MaybeFailure FileReplacement::finish() {
  if (failure)
    return failure;
  int closed = close(file);
  file = -1;
  if (closed != 0)
    fail("write");
  else if (!temporary.empty() && rename(temporary.c_str(), path.c_str()) != 0)
    fail("create");
  else
    temporary.clear();
  return failure;
}

MaybeFailure zorro::npy::openRegular(const std::string &path, int &file, uint64_t &size) {
  file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return Failure{ZORRO_BAD_FILE, "cannot open '" + path + "': " + strerror(errno)};
  struct stat info;
  if (fstat(file, &info) == 0 && S_ISREG(info.st_mode)) {
    size = uint64_t(info.st_size);
    return std::nullopt;
  }
  close(file);
  file = -1;
  return Failure{ZORRO_BAD_FILE, "expected '" + path + "' to be a regular file"};
}

MaybeFailure zorro::npy::readExactly(int file, void *to, uint64_t size, uint64_t offset) {
  for (uint64_t done = 0; done < size;) {
    ssize_t got = pread(file, static_cast<char *>(to) + done,
                        size_t(std::min<uint64_t>(size - done, uint64_t(1) << 30)),
                        off_t(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return Failure{ZORRO_BAD_FILE, std::string("cannot read: ") + strerror(errno)};
    if (got == 0)
      return Failure{ZORRO_BAD_FILE, "the file became shorter while it was read"};
    done += uint64_t(got);
  }
  return std::nullopt;
}

MaybeFailure zorro::npy::readWhole(const std::string &path, uint64_t limit,
                                   std::vector<char> &bytes) {
  int file;
  uint64_t size;
  if (MaybeFailure failure = openRegular(path, file, size))
    return failure;
  MaybeFailure failure;
  if (size > limit) {
    failure = Failure{ZORRO_LIMIT, "expected at most " + std::to_string(limit) +
                                       " bytes but got " + std::to_string(size)};
  } else {
    bytes.resize(size);
    failure = readExactly(file, bytes.data(), size, 0);
  }
  close(file);
  if (failure)
    failure->message = "'" + path + "': " + failure->message;
  return failure;
}
