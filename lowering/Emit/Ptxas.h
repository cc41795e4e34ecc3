//===- Ptxas.h - PTX into a cubin, by NVIDIA's assembler ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// ptxas is a program of its own, and no part of Zorro: it is looked for, run in a temporary folder,
// and what it says of every kernel is read.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_EMIT_PTXAS_H
#define ZORRO_LOWERING_EMIT_PTXAS_H

#include "lowering/Emit/Object.h"

#include "llvm/ADT/StringMap.h"

#include <vector>

namespace zorro {

/// The path of ptxas: that of the environment variable ZORRO_PTXAS, the first in PATH, that of a
/// toolkit in /usr/local, or that of NVIDIA's package from PyPI in the active Python environment or
/// in the one that tools/setup makes. Fails with how to get one.
llvm::Expected<std::string> findPtxas();

/// What ptxas says of one kernel.
struct PtxasFacts {
  unsigned registers = 0;
  unsigned spillBytes = 0;           ///< stored and loaded
  unsigned stackBytes = 0;           ///< local memory, spills included
  std::vector<std::string> warnings; ///< "(C7512) Potential Performance Loss: …"
};

struct Assembled {
  ObjectCode cubin;
  llvm::StringMap<PtxasFacts> kernels;
};

/// Assembles `ptx` for `arch`; errors go to `loc`.
mlir::FailureOr<Assembled> assemblePtx(llvm::StringRef ptx, llvm::StringRef arch,
                                       mlir::Location loc);

/// Reads what `ptxas -v` prints.
llvm::StringMap<PtxasFacts> readPtxasLog(llvm::StringRef log);

} // namespace zorro

#endif // ZORRO_LOWERING_EMIT_PTXAS_H
