//===- Link.h - Objects into a shared object -----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_EMIT_LINK_H
#define ZORRO_LOWERING_EMIT_LINK_H

#include "lowering/Emit/Object.h"

namespace zorro {

/// Links the objects, in this process, to a shared object that exports `zorro_code_v2` alone and
/// needs nothing but memcpy, memmove and memset; anything else is an error that names it. Errors go
/// to `loc`.
mlir::FailureOr<ObjectCode> linkObjects(llvm::ArrayRef<ObjectCode> objects, mlir::Location loc);

} // namespace zorro

#endif // ZORRO_LOWERING_EMIT_LINK_H
