//===- RunMain.h - The program zorro-run --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Loads an artefact, runs one of its entries once (or once per clip), and prints, writes or
// compares the outputs. If an artefact stands behind the program's own file, that one is run.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_RUNMAIN_H
#define ZORRO_TOOLS_ZORRO_RUN_RUNMAIN_H

namespace zorro::run {

/// Returns the exit code: 0 ok, 1 usage, 2 unreadable or malformed input, 3 unsupported, 4 limit,
/// 5 outputs differ, 70 internal fault.
int runMain(int argc, char **argv);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_RUNMAIN_H
