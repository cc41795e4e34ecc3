//===- Ptxas.cpp - PTX into a cubin, by NVIDIA's assembler --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Emit/Ptxas.h"

#include "mlir/IR/Diagnostics.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace zorro;

namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

//===----------------------------------------------------------------------------------------===//
// Finding it
//===----------------------------------------------------------------------------------------===//

/// The entries of `folder` whose names begin with `prefix`, the highest name first.
static SmallVector<std::string> listFolders(StringRef folder, StringRef prefix) {
  SmallVector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (path::filename(it->path()).starts_with(prefix))
      found.push_back(it->path());
  llvm::sort(found, std::greater<>());
  return found;
}

/// Where NVIDIA's package nvidia-cuda-nvcc puts ptxas in a Python environment.
static void addEnvironment(StringRef folder, SmallVectorImpl<std::string> &places) {
  for (StringRef library : {"lib", "lib64"})
    for (const std::string &python : listFolders((folder + "/" + library).str(), "python3"))
      for (const std::string &cuda : listFolders(python + "/site-packages/nvidia", "cu"))
        places.push_back(cuda + "/bin/ptxas");
}

llvm::Expected<std::string> zorro::findPtxas() {
  if (auto named = llvm::sys::Process::GetEnv("ZORRO_PTXAS"); named && !named->empty()) {
    if (fs::can_execute(*named))
      return *named;
    return llvm::createStringError("no ptxas at '" + *named +
                                   "', which the environment variable ZORRO_PTXAS names");
  }
  if (auto inPath = llvm::sys::findProgramByName("ptxas"))
    return *inPath;
  SmallVector<std::string> places;
  for (const std::string &toolkit : listFolders("/usr/local", "cuda"))
    places.push_back(toolkit + "/bin/ptxas");
  if (auto active = llvm::sys::Process::GetEnv("VIRTUAL_ENV"))
    addEnvironment(*active, places);
  addEnvironment(ZORRO_PYTHON_ENVIRONMENT, places); // of tools/setup
  for (const std::string &place : places)
    if (fs::can_execute(place))
      return place;
  return llvm::createStringError(
      "no ptxas in PATH, in /usr/local/cuda*/bin or in a Python environment (it comes with CUDA's "
      "toolkit, and with 'pip install --no-deps nvidia-cuda-nvcc==13.0.88'; the environment "
      "variable ZORRO_PTXAS may name one); --emit=ptx needs none");
}

//===----------------------------------------------------------------------------------------===//
// What it says
//===----------------------------------------------------------------------------------------===//

/// The number in front of `unit` in `line`; 0 where there is none.
static unsigned numberBefore(StringRef line, StringRef unit) {
  size_t at = line.find(unit);
  if (at == StringRef::npos)
    return 0;
  StringRef head = line.take_front(at).rtrim();
  unsigned value = 0;
  return head.substr(head.find_last_of(" :") + 1).getAsInteger(10, value) ? 0 : value;
}

/// What stands between the last pair of single quotes.
static StringRef lastQuoted(StringRef line) {
  auto [head, tail] = line.rsplit('\'');
  return tail.empty() && !head.contains('\'') ? StringRef() : head.rsplit('\'').second;
}

llvm::StringMap<PtxasFacts> zorro::readPtxasLog(StringRef log) {
  llvm::StringMap<PtxasFacts> kernels;
  StringRef current;
  SmallVector<StringRef> lines;
  log.split(lines, '\n');
  for (StringRef line : lines) {
    if (size_t at = line.find("Compiling entry function '"); at != StringRef::npos) {
      current = line.substr(at).split('\'').second.split('\'').first;
      kernels.try_emplace(current);
      continue;
    }
    if (line.contains("(C75") || line.contains("Potential Performance Loss")) {
      // Such a line may stand before its kernel's own, and then names it.
      StringRef named = lastQuoted(line);
      size_t at = line.find('(');
      kernels[named.empty() ? current : named].warnings.push_back(
          line.substr(at == StringRef::npos ? 0 : at).trim().str());
      continue;
    }
    if (current.empty())
      continue;
    PtxasFacts &facts = kernels[current];
    facts.spillBytes += numberBefore(line, "bytes spill stores") +
                        numberBefore(line, "bytes spill loads");
    facts.stackBytes += numberBefore(line, "bytes stack frame");
    facts.registers += numberBefore(line, "registers, used");
  }
  return kernels;
}

/// The first line that says what is wrong.
static StringRef firstFault(StringRef log) {
  SmallVector<StringRef> lines;
  log.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef line : lines)
    if (line.contains("error") || line.contains("fatal"))
      return line.trim();
  return lines.empty() ? "nothing" : lines.front().trim();
}

//===----------------------------------------------------------------------------------------===//
// Running it
//===----------------------------------------------------------------------------------------===//

static std::string readAll(StringRef file) {
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

FailureOr<Assembled> zorro::assemblePtx(StringRef ptx, StringRef arch, Location loc) {
  llvm::Expected<std::string> program = findPtxas();
  if (!program)
    return emitError(loc) << "unsupported: " << llvm::toString(program.takeError());
  SmallString<128> folder;
  if (std::error_code error = fs::createUniqueDirectory("zorro-ptxas", folder))
    return emitError(loc) << "expected a temporary folder but got: " << error.message();
  llvm::scope_exit clean([&] { fs::remove_directories(folder); });
  std::string input = (folder + "/kernels.ptx").str(), output = (folder + "/kernels.cubin").str(),
              log = (folder + "/log").str();
  std::error_code error;
  llvm::raw_fd_ostream file(input, error);
  if (!error) {
    file << ptx;
    file.close();
    error = file.error();
  }
  if (error) {
    file.clear_error();
    return emitError(loc) << "expected to write '" << input << "' but got: " << error.message();
  }
  std::string architecture = ("-arch=" + arch).str(), message;
  // In both streams' places, for what goes wrong may be said in either.
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(log), StringRef(log)};
  int code = llvm::sys::ExecuteAndWait(
      *program, {*program, "-v", architecture, input, "-o", output}, std::nullopt, redirects,
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  std::string said = readAll(log);
  if (code != 0) {
    std::string fault = message.empty() ? firstFault(said).str() : message;
    // Its path is of no use to anybody: the folder is gone.
    for (size_t at; (at = fault.find(folder.c_str())) != std::string::npos;)
      fault.erase(at, folder.size() + 1);
    // An old one does not know what is asked of it: no fault of the kernels.
    bool old = StringRef(fault).contains("is not defined for option 'gpu-name'") ||
               StringRef(fault).contains("Unsupported .version");
    return emitError(loc) << (old ? "unsupported: " : "") << "expected '" << *program << "' to assemble the kernels for " << arch
                          << " but got: " << fault;
  }
  std::string cubin = readAll(output);
  if (cubin.empty())
    return emitError(loc) << "expected a cubin of '" << *program << "' but got nothing";
  Assembled assembled;
  assembled.cubin.assign(cubin.begin(), cubin.end());
  assembled.kernels = readPtxasLog(said);
  return assembled;
}
