//===- Error.h - A status and its sentence ---------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// How functions inside the runtime report a failure; the C interface turns it into a status and the
// thread's last error.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_ERROR_H
#define ZORRO_RUNTIME_CORE_ERROR_H

#include "runtime/Core/Zorro.h"

#include <optional>
#include <string>

namespace zorro::runtime {

struct Error {
  zorro_status status;
  std::string message;
};

/// Empty means success.
using MaybeError = std::optional<Error>;

inline Error badFile(std::string message) { return {ZORRO_BAD_FILE, std::move(message)}; }
inline Error invalid(std::string message) { return {ZORRO_INVALID, std::move(message)}; }

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_ERROR_H
