//===- Link.cpp - Objects into a shared object ------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Emit/Link.h"

#include "lld/Common/Driver.h"

#include "mlir/IR/Diagnostics.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace mlir;
using namespace zorro;

/// Names that `objects` use and do not define.
static FailureOr<llvm::SmallVector<std::string>> findUndefined(ArrayRef<ObjectCode> objects,
                                                               Location loc) {
  llvm::StringSet<> defined, used;
  for (const ObjectCode &code : objects) {
    auto object = llvm::object::ObjectFile::createObjectFile(
        llvm::MemoryBufferRef(StringRef(code.data(), code.size()), "kernels.o"));
    if (!object)
      return emitError(loc) << "expected an object file but got: "
                            << llvm::toString(object.takeError());
    for (const llvm::object::SymbolRef &symbol : (*object)->symbols()) {
      auto name = symbol.getName();
      auto flags = symbol.getFlags();
      if (!name || !flags) {
        llvm::consumeError(name.takeError());
        llvm::consumeError(flags.takeError());
        return emitError(loc) << "expected symbols that can be read";
      }
      if (!name->empty())
        (*flags & llvm::object::SymbolRef::SF_Undefined ? used : defined).insert(*name);
    }
  }
  llvm::SmallVector<std::string> missing;
  for (const auto &entry : used)
    if (!defined.contains(entry.getKey()))
      missing.push_back(entry.getKey().str());
  llvm::sort(missing);
  return missing;
}

static FailureOr<ObjectCode> readFile(StringRef path, Location loc) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  if (!buffer)
    return emitError(loc) << "expected to read '" << path << "' but got: "
                          << buffer.getError().message();
  return ObjectCode((*buffer)->getBufferStart(), (*buffer)->getBufferEnd());
}

FailureOr<ObjectCode> zorro::linkObjects(ArrayRef<ObjectCode> objects, Location loc) {
  FailureOr<SmallVector<std::string>> missing = findUndefined(objects, loc);
  if (failed(missing))
    return failure();
  for (StringRef name : *missing)
    if (name != "memcpy" && name != "memmove" && name != "memset" &&
        name != "_GLOBAL_OFFSET_TABLE_")
      return emitError(loc) << "unsupported: expected code without library calls but got '" << name
                            << "'";

  // The linker reads and writes files only: a folder of our own holds them for a moment.
  SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("zorro-link", folder))
    return emitError(loc) << "expected a temporary folder but got: " << error.message();
  auto clean = llvm::make_scope_exit([&] { llvm::sys::fs::remove_directories(folder); });
  auto pathOf = [&](const Twine &name) {
    SmallString<128> path = folder;
    llvm::sys::path::append(path, name);
    return path.str().str();
  };
  SmallVector<std::string> arguments = {
      "ld.lld", "-shared", "--no-undefined-version", "--build-id=none", "--hash-style=gnu",
      "-znoexecstack", "-zrelro", "-znow", "-zmax-page-size=4096", "--gc-sections", "-O2",
      "--threads=1", "--discard-all"};
  for (auto [i, object] : llvm::enumerate(objects)) {
    arguments.push_back(pathOf("part" + Twine(i) + ".o"));
    std::error_code error;
    llvm::raw_fd_ostream file(arguments.back(), error);
    if (!error) {
      file.write(object.data(), object.size());
      file.close();
      error = file.error();
    }
    if (error) {
      file.clear_error();
      return emitError(loc) << "expected to write '" << arguments.back() << "' but got: "
                            << error.message();
    }
  }
  std::string output = pathOf("code.so");
  arguments.append({"-o", output});
  SmallVector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result =
      lld::lldMain(pointers, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return emitError(loc) << "expected the objects to link but got: " << messages;
  return readFile(output, loc);
}
