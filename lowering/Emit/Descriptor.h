//===- Descriptor.h - What an artefact says of itself -------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Collects entries, kernels and weights and lays them out as runtime/Abi says.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_EMIT_DESCRIPTOR_H
#define ZORRO_LOWERING_EMIT_DESCRIPTOR_H

#include "runtime/Abi/Abi.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace zorro {

class DescriptorWriter {
public:
  struct Tensor {
    llvm::StringRef name, modality;
    zorro_type type;
    llvm::ArrayRef<int64_t> dims; // at most ZORRO_MAX_RANK
  };
  struct Launch {
    uint32_t kernel;
    std::string source;
    uint64_t multiplyAdds, bytes;
  };

  /// What a launch of a kernel on a GPU needs.
  struct Grid {
    uint32_t threads = 0, sharedBytes = 0, words = 0, maps = 0;
  };

  /// Facts of the whole artefact; string fields of `header` are set by the writer. `arch` is empty
  /// for a CPU.
  void setHeader(uint64_t cpuFeatures, llvm::StringRef compiler, llvm::StringRef source,
                 llvm::StringRef sourceHash, llvm::StringRef cpu, llvm::StringRef arch,
                 llvm::StringRef assumptions);
  void addKernel(llvm::StringRef name, llvm::StringRef kind, llvm::StringRef reason,
                 uint64_t scratchBytes);
  void addKernel(llvm::StringRef name, llvm::StringRef kind, llvm::StringRef reason, Grid grid);
  void addWeight(llvm::StringRef name, uint64_t offset, uint64_t size);
  void addEntry(llvm::StringRef name, llvm::ArrayRef<Tensor> inputs,
                llvm::ArrayRef<Tensor> outputs, llvm::ArrayRef<Launch> launches,
                llvm::ArrayRef<uint32_t> weights, uint64_t arenaBytes);

  /// The finished descriptor.
  std::vector<char> finish();

private:
  zorro_string intern(llvm::StringRef text);

  zorro_descriptor header = {};
  std::vector<char> strings;
  llvm::StringMap<zorro_string> known;
  std::vector<zorro_entry_info> entries;
  std::vector<zorro_tensor> tensors;
  std::vector<zorro_launch_info> launches;
  std::vector<uint32_t> weightIndices;
  std::vector<zorro_kernel_info> kernels;
  std::vector<zorro_weight_info> weights;
};

} // namespace zorro

#endif // ZORRO_LOWERING_EMIT_DESCRIPTOR_H
