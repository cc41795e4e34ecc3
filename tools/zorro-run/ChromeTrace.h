//===- ChromeTrace.h - Traces as files ------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Writes the records of a run as Chrome trace events, which chrome://tracing, Perfetto and
// speedscope open.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_CHROMETRACE_H
#define ZORRO_TOOLS_ZORRO_RUN_CHROMETRACE_H

#include "tools/npy/Npy.h"

namespace zorro::run {

/// The last run of `session`, which must have been traced.
npy::MaybeFailure writeChromeTrace(const std::string &path, const zorro_model_desc &model,
                                   const zorro_session *session);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_CHROMETRACE_H
