//===- OutputFile.cpp - Writing under a temporary name ---------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Emit/OutputFile.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;
using namespace zorro;

constexpr size_t kBuffer = 1 << 20;

void OutputFile::fail(StringRef what, int error) {
  if (message.empty())
    message = (Twine(what) + " '" + path + "': " + std::strerror(error)).str();
}

OutputFile::OutputFile(StringRef name, bool executable) : path(name) {
  temporary = path + ".XXXXXX";
  descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) {
    fail("cannot write", errno);
    return;
  }
  // mkostemp grants nothing to others; a compiled model is readable as the umask says.
  mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor, (executable ? 0777 : 0666) & ~mask);
}

OutputFile::~OutputFile() {
  if (descriptor < 0)
    return;
  ::close(descriptor);
  ::unlink(temporary.c_str());
}

void OutputFile::flush() {
  const char *data = buffer.data();
  size_t left = buffer.size();
  while (left && message.empty()) {
    ssize_t done = ::write(descriptor, data, left);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return fail("cannot write", errno);
    data += done;
    left -= done;
  }
  buffer.clear();
}

void OutputFile::write(ArrayRef<char> bytes) {
  position += bytes.size();
  if (!message.empty())
    return;
  while (!bytes.empty()) {
    size_t step = std::min(bytes.size(), kBuffer - buffer.size());
    buffer.insert(buffer.end(), bytes.begin(), bytes.begin() + step);
    bytes = bytes.drop_front(step);
    if (buffer.size() == kBuffer)
      flush();
  }
}

void OutputFile::copyFrom(StringRef from) {
  auto source = MemoryBuffer::getFile(from, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!source) {
    if (message.empty())
      message = ("cannot read '" + from + "': " + source.getError().message()).str();
    return;
  }
  writeText((*source)->getBuffer());
}

void OutputFile::padTo(uint64_t alignment) {
  std::vector<char> zeros(alignTo(position, alignment) - position, '\0');
  write(zeros);
}

Error OutputFile::commit() {
  flush();
  if (message.empty() && ::rename(temporary.c_str(), path.c_str()) != 0)
    fail("cannot write", errno);
  if (!message.empty())
    return createStringError(inconvertibleErrorCode(), message);
  ::close(descriptor);
  descriptor = -1;
  return Error::success();
}
