//===- Describe.h - What an artefact holds ------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The descriptor as text for people or as JSON for programs.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_DESCRIBE_H
#define ZORRO_TOOLS_ZORRO_RUN_DESCRIBE_H

#include "runtime/Core/Zorro.h"

#include <string>

namespace zorro::run {

std::string describeAsTable(const zorro_model_desc &model);
std::string describeAsJson(const zorro_model_desc &model);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_DESCRIBE_H
