//===- Images.h - Which program fits a device ------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// An artefact holds its kernels as a cubin for one architecture, and as PTX that the driver can
// compile for later ones.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CUDA_IMAGES_H
#define ZORRO_RUNTIME_CUDA_IMAGES_H

#include "runtime/Abi/Abi.h"

#include <string>

namespace zorro::runtime::cuda {

/// An architecture by its number; `specific` for the forms with a letter: sm_90a, sm_100f.
struct Architecture {
  unsigned number = 0; // 90
  std::string suffix;  // "a"

  std::string text() const { return "sm_" + std::to_string(number) + suffix; }
};

/// Reads "sm_90a" at the beginning of `text`; the number is 0 if it is not there.
Architecture parseArchitecture(const char *text);

/// What `image` was compiled for. PTX says so itself; a cubin is of the artefact's architecture
/// `named` if the numbers agree.
Architecture architectureOf(const zorro_image &image, const char *named);

/// Whether a device of this compute capability (90 for 9.0) can run the image.
bool fits(const zorro_image &image, const Architecture &architecture, unsigned capability);

} // namespace zorro::runtime::cuda

#endif // ZORRO_RUNTIME_CUDA_IMAGES_H
