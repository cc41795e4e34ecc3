//===- Target.cpp - Architectures by name ------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/Target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

using namespace mlir;
using namespace zorro;

int64_t GpuTarget::sharedLimit() const {
  // CUDA C++ Programming Guide, technical specifications per compute capability.
  switch (capability) {
  case 80:
    return 163 * 1024;
  case 90:
  case 100:
    return 227 * 1024;
  default:
    return 99 * 1024;
  }
}

FailureOr<GpuTarget> GpuTarget::get(StringRef arch, std::string *message) {
  GpuTarget target;
  target.arch = arch.str();
  StringRef number = arch;
  target.hopper = arch == "sm_90a";
  if (!number.consume_front("sm_") ||
      (target.hopper ? number.drop_back() : number).getAsInteger(10, target.capability) ||
      !llvm::is_contained({80u, 86u, 89u, 90u, 100u, 120u}, target.capability)) {
    if (message)
      *message = "expected the architecture sm_80, sm_86, sm_89, sm_90, sm_90a, sm_100 or sm_120 "
                 "but got '" + arch.str() + "'";
    return failure();
  }
  return target;
}

FailureOr<GpuTarget> GpuTarget::get(StringRef arch, StringRef precision, std::string *message) {
  FailureOr<GpuTarget> target = get(arch, message);
  if (failed(target))
    return failure();
  if (precision == "bf16")
    target->precision = Precision::Bf16;
  else if (precision == "tf32")
    target->precision = Precision::Tf32;
  else {
    if (message)
      *message = precision == "f32"
                     ? "unsupported: products of f32 numbers on a GPU; bf16 and tf32 are there"
                     : ("expected the precision bf16 or tf32 but got '" + precision + "'").str();
    return failure();
  }
  return target;
}
