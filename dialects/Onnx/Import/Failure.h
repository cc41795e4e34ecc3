//===- Failure.h - How an import ends early -----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Inside this folder a refusal is thrown; Import.cpp catches it, as it must catch what libonnx
// throws.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_FAILURE_H
#define ZORRO_DIALECTS_ONNX_IMPORT_FAILURE_H

#include "dialects/Onnx/Import/Import.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

namespace zorro::onnx {

struct Refusal {
  ImportFailure failure;
  std::string message;
};

[[noreturn]] inline void refuse(ImportFailure failure, const llvm::Twine &message) {
  throw Refusal{failure, message.str()};
}
[[noreturn]] inline void malformed(const llvm::Twine &message) {
  refuse(ImportFailure::Malformed, message);
}
[[noreturn]] inline void unsupported(const llvm::Twine &message) {
  refuse(ImportFailure::Unsupported, message);
}
[[noreturn]] inline void beyondLimit(const llvm::Twine &message) {
  refuse(ImportFailure::Limit, message);
}

/// The value, or a refusal that says `what` failed.
template <typename T>
T orRefuse(llvm::Expected<T> value, const llvm::Twine &what) {
  if (!value)
    malformed(what + ": " + llvm::toString(value.takeError()));
  return std::move(*value);
}

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_FAILURE_H
