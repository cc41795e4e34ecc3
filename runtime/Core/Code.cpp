//===- Code.cpp - The loaded machine code ---------------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The dynamic linker opens files by name, so the open file is named through /proc: what runs is
// what was checked, even if the path leads elsewhere by now.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Code.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

using namespace zorro::runtime;

Code::~Code() {
  if (handle)
    dlclose(handle);
  if (memoryFile >= 0)
    close(memoryFile);
}

/// A name under /proc for an open file that no other code ever had. The dynamic linker takes equal
/// names for the same library without looking at the file, file numbers are used again, and a
/// library keeps all names it was ever opened by. So the hash is spelt into the path: each bit as
/// one more "/." or "/", which leaves the place it leads to alone.
static std::string uniqueName(int file, uint64_t hash) {
  std::string name = "/proc/self/fd";
  for (unsigned bit = 0; bit < 64; ++bit)
    name += (hash >> bit & 1) ? "/." : "/";
  return name + "/" + std::to_string(file);
}

MaybeError Code::copyToMemory(const Artefact &artefact) {
  auto failed = [](const char *what) {
    return Error{ZORRO_LIMIT, std::string("cannot ") + what + ": " + strerror(errno)};
  };
  memoryFile = memfd_create("zorro-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (memoryFile < 0)
    return failed("create a file in memory for the code");
  off_t from = off_t(artefact.start());
  for (uint64_t left = artefact.codeSize(); left > 0;) {
    ssize_t moved = sendfile(memoryFile, artefact.descriptorOfFile(), &from,
                             size_t(std::min<uint64_t>(left, uint64_t(1) << 30)));
    if (moved < 0 && errno == EINTR)
      continue;
    if (moved < 0)
      return failed("copy the code into memory");
    if (moved == 0)
      return badFile("the file became shorter while it was read");
    left -= uint64_t(moved);
  }
  return std::nullopt;
}

MaybeError Code::load(const Artefact &artefact, const zorro_model_desc &desc) {
  int file = artefact.descriptorOfFile();
  if (artefact.start() != 0) {
    if (MaybeError error = copyToMemory(artefact))
      return error;
    file = memoryFile;
  }
  handle = dlopen(uniqueName(file, artefact.codeHash()).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    return badFile(std::string("the dynamic linker refuses the code: ") +
                   (reason ? reason : "no reason given"));
  }
  table = static_cast<const zorro_code *>(dlsym(handle, ZORRO_CODE_SYMBOL));
  if (!table)
    return badFile("the code does not define " ZORRO_CODE_SYMBOL);
  return checkTable(desc);
}

MaybeError Code::checkTable(const zorro_model_desc &desc) const {
  if (table->abi_version != ZORRO_ABI_VERSION)
    return Error{ZORRO_UNSUPPORTED, "expected code of version " +
                                        std::to_string(ZORRO_ABI_VERSION) + " but got " +
                                        std::to_string(table->abi_version)};
  auto check = [](const char *what, uint32_t expected, uint32_t got, auto *functions) {
    if (got != expected)
      return MaybeError(badFile("expected " + std::to_string(expected) + " " + what +
                                " in the code but got " + std::to_string(got)));
    if (got != 0 && (!functions || std::any_of(functions, functions + got,
                                               [](auto function) { return !function; })))
      return MaybeError(badFile(std::string("the code lacks one of its ") + what));
    return MaybeError();
  };
  if (MaybeError error = check("entries", desc.entry_count, table->entry_count, table->entries))
    return error;
  if (desc.target == ZORRO_TARGET_CPU)
    return check("kernels", desc.kernel_count, table->kernel_count, table->kernels);
  if (table->kernel_count != desc.kernel_count)
    return badFile("expected " + std::to_string(desc.kernel_count) +
                   " kernels in the code but got " + std::to_string(table->kernel_count));
  return checkImages();
}

MaybeError Code::checkImages() const {
  if (table->image_count == 0 || !table->images)
    return badFile("the code lacks a program for a GPU");
  for (uint32_t i = 0; i < table->image_count; ++i) {
    const zorro_image &image = table->images[i];
    if (image.kind > ZORRO_IMAGE_PTX)
      return badFile("a program for a GPU is of the unknown kind " + std::to_string(image.kind));
    if (!image.data || image.size == 0)
      return badFile("a program for a GPU is empty");
    if (image.kind == ZORRO_IMAGE_PTX && image.data[image.size - 1] != 0)
      return badFile("expected the PTX of the code to end in a zero");
  }
  return std::nullopt;
}
