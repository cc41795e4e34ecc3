//===- main.cpp - Runs a compiled model --------------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// See RunMain.h.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/RunMain.h"

int main(int argc, char **argv) { return zorro::run::runMain(argc, argv); }
