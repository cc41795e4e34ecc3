//===- BoundAxes.h - Symbolic axes that a model fixes itself -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// An exporter that is asked for a dynamic token axis still freezes masks and position tables. Such
// an axis is symbolic in the file and has one size only with which the graph can run.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PIPELINE_BOUNDAXES_H
#define ZORRO_LOWERING_PIPELINE_BOUNDAXES_H

#include "lowering/Pipeline/Compile.h"

#include <string>

namespace zorro {

/// One sentence for each symbolic axis that `--shape` binds and that can have no other size: "axis
/// 'n' of input 'x' is bound to 36: with 37, node '/Add' (Add, opset 18): …". Found by trying: the
/// model is read again with one more.
llvm::SmallVector<std::string> findBoundAxes(const CompileOptions &options,
                                             const mlir::DialectRegistry &registry);

} // namespace zorro

#endif // ZORRO_LOWERING_PIPELINE_BOUNDAXES_H
