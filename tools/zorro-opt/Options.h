//===- Options.h - The compiler's command line ------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_OPT_OPTIONS_H
#define ZORRO_TOOLS_ZORRO_OPT_OPTIONS_H

#include "lowering/Pipeline/Compile.h"

namespace zorro {

/// Registers Zorro's options with LLVM's command line; call before it is parsed.
void registerOptions();
/// Leaves all options registered so far, but for Zorro's, to --help-hidden: there are thousands.
void hideOtherOptions();
/// Whether the command line asks for the list of operators.
bool wantsOperatorList();
/// Whether the command line asks for a phase of Zorro's (and not for plain mlir-opt).
bool wantsCompilation(llvm::StringRef input);
/// The parsed options; false, with a message, where one makes no sense.
bool getOptions(llvm::StringRef input, llvm::StringRef output, llvm::StringRef program,
                CompileOptions &options);

} // namespace zorro

#endif // ZORRO_TOOLS_ZORRO_OPT_OPTIONS_H
