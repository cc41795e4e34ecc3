//===- Descriptor.h - The checked contents of a descriptor -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Turns the bytes of a descriptor into the structs of the public interface. Offsets, counts, ranks
// and indices are checked here once, so that the rest of the runtime can trust them.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_DESCRIPTOR_H
#define ZORRO_RUNTIME_CORE_DESCRIPTOR_H

#include "runtime/Core/Error.h"

#include <vector>

namespace zorro::runtime {

class Descriptor {
public:
  /// Strings of the result point into `bytes`, which must stay where it is.
  MaybeError parse(const std::vector<char> &bytes, uint64_t codeBytes, uint64_t weightBytes);

  const zorro_model_desc &model() const { return modelDesc; }
  /// What the model's `device` says from now on.
  void setDevice(std::string text);
  /// The entry of that name, or null.
  const zorro_entry_desc *find(const char *name) const;
  /// "fused, audio": for messages.
  std::string entryNames() const;

private:
  struct EntryStorage {
    std::vector<zorro_tensor> inputRecords, outputRecords; // hold the dims
    std::vector<zorro_tensor_desc> inputs, outputs;
    std::vector<zorro_launch_desc> launches;
    std::vector<uint32_t> weights;
  };
  class Reader;
  static void checkKernel(const zorro_kernel_info &kernel, uint32_t target, Reader &reader);

  zorro_model_desc modelDesc{};
  std::string featureNames, device;
  std::vector<EntryStorage> storage;
  std::vector<zorro_entry_desc> entries;
  std::vector<zorro_kernel_desc> kernels;
  std::vector<zorro_weight_desc> weights;
};

/// "2x3xf32", as in messages and on the command line.
std::string shapeText(uint32_t type, uint32_t rank, const int64_t *dims);

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CORE_DESCRIPTOR_H
