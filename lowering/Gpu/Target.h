//===- Target.h - What a GPU can do ------------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The GPU architecture that kernels are made for, and what their products take.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_TARGET_H
#define ZORRO_LOWERING_GPU_TARGET_H

#include "mlir/Support/LLVM.h"

#include <string>

namespace zorro {

/// What a product of matrices takes; sums are f32.
enum class Precision { F32, Tf32, Bf16 };

struct GpuTarget {
  std::string arch;         ///< "sm_90a"
  unsigned capability = 80; ///< 80, 86, 89, 90, 100, 120
  bool hopper = false;      ///< sm_90a: wgmma, tensor maps, setmaxnreg
  Precision precision = Precision::Bf16;

  /// Dynamic shared memory that one block may ask for, in bytes.
  int64_t sharedLimit() const;

  /// The target called sm_80, sm_86, sm_89, sm_90, sm_90a, sm_100 or sm_120; a message otherwise.
  static mlir::FailureOr<GpuTarget> get(llvm::StringRef arch, std::string *message = nullptr);
  /// The same for a precision by name: bf16 or tf32.
  static mlir::FailureOr<GpuTarget> get(llvm::StringRef arch, llvm::StringRef precision,
                                        std::string *message);
};

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_TARGET_H
