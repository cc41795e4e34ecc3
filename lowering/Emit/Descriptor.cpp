//===- Descriptor.cpp - Layout of the descriptor ----------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Emit/Descriptor.h"

#include "llvm/Support/MathExtras.h"

#include <cassert>
#include <cstring>

using namespace llvm;
using namespace zorro;

// Strings stand right behind the header, so that a string's place is known when it is added.
zorro_string DescriptorWriter::intern(StringRef text) {
  auto [it, isNew] = known.try_emplace(text);
  if (isNew) {
    it->second = {uint32_t(sizeof(zorro_descriptor) + strings.size()), uint32_t(text.size())};
    strings.insert(strings.end(), text.begin(), text.end());
    strings.push_back('\0');
  }
  return it->second;
}

void DescriptorWriter::setHeader(uint64_t cpuFeatures, StringRef compiler, StringRef source,
                                 StringRef sourceHash, StringRef cpu, StringRef arch,
                                 StringRef assumptions) {
  std::memcpy(header.magic, ZORRO_DESCRIPTOR_MAGIC, sizeof(header.magic));
  header.abi_version = ZORRO_ABI_VERSION;
  header.target = arch.empty() ? ZORRO_TARGET_CPU : ZORRO_TARGET_CUDA;
  header.cpu_features = cpuFeatures;
  header.compiler = intern(compiler);
  header.source = intern(source);
  header.source_hash = intern(sourceHash);
  header.cpu = intern(cpu);
  header.arch = intern(arch);
  header.assumptions = intern(assumptions);
}

void DescriptorWriter::addKernel(StringRef name, StringRef kind, StringRef reason,
                                 uint64_t scratchBytes) {
  kernels.push_back({intern(name), intern(kind), intern(reason), scratchBytes, 0, 0, 0, 0});
}

void DescriptorWriter::addKernel(StringRef name, StringRef kind, StringRef reason, Grid grid) {
  kernels.push_back({intern(name), intern(kind), intern(reason), 0, grid.threads,
                     grid.sharedBytes, grid.words, grid.maps});
}

void DescriptorWriter::addWeight(StringRef name, uint64_t offset, uint64_t size) {
  weights.push_back({intern(name), offset, size});
}

void DescriptorWriter::addEntry(StringRef name, ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs,
                                ArrayRef<Launch> entryLaunches, ArrayRef<uint32_t> entryWeights,
                                uint64_t arenaBytes) {
  zorro_entry_info entry = {};
  entry.name = intern(name);
  entry.arena_bytes = arenaBytes;
  // For now an offset counts records; finish() turns it into bytes.
  auto add = [&](ArrayRef<Tensor> list) {
    zorro_array array = {uint32_t(tensors.size()), uint32_t(list.size())};
    for (const Tensor &tensor : list) {
      assert(tensor.dims.size() <= ZORRO_MAX_RANK && "checked by the caller");
      zorro_tensor record = {};
      record.name = intern(tensor.name);
      record.modality = intern(tensor.modality);
      record.type = tensor.type;
      record.rank = tensor.dims.size();
      std::copy(tensor.dims.begin(), tensor.dims.end(), record.dims);
      tensors.push_back(record);
    }
    return array;
  };
  entry.inputs = add(inputs);
  entry.outputs = add(outputs);
  entry.launches = {uint32_t(launches.size()), uint32_t(entryLaunches.size())};
  for (const Launch &launch : entryLaunches) {
    launches.push_back(
        {launch.kernel, 0, intern(launch.source), launch.multiplyAdds, launch.bytes});
    entry.multiply_adds += launch.multiplyAdds;
  }
  entry.weights = {uint32_t(weightIndices.size()), uint32_t(entryWeights.size())};
  weightIndices.insert(weightIndices.end(), entryWeights.begin(), entryWeights.end());
  entries.push_back(entry);
}

std::vector<char> DescriptorWriter::finish() {
  size_t end = sizeof(zorro_descriptor) + strings.size();
  auto place = [&](auto &records) {
    size_t begin = alignTo(end, 8);
    end = begin + records.size() * sizeof(records[0]);
    return uint32_t(begin);
  };
  uint32_t tensorsAt = place(tensors), launchesAt = place(launches),
           indicesAt = place(weightIndices), entriesAt = place(entries), kernelsAt = place(kernels),
           weightsAt = place(weights);
  for (zorro_entry_info &entry : entries) {
    entry.inputs.offset = tensorsAt + entry.inputs.offset * sizeof(zorro_tensor);
    entry.outputs.offset = tensorsAt + entry.outputs.offset * sizeof(zorro_tensor);
    entry.launches.offset = launchesAt + entry.launches.offset * sizeof(zorro_launch_info);
    entry.weights.offset = indicesAt + entry.weights.offset * sizeof(uint32_t);
  }
  header.entries = {entriesAt, uint32_t(entries.size())};
  header.kernels = {kernelsAt, uint32_t(kernels.size())};
  header.weights = {weightsAt, uint32_t(weights.size())};

  std::vector<char> bytes(alignTo(end, 8), '\0');
  auto put = [&](size_t at, const void *from, size_t size) {
    if (size)
      std::memcpy(bytes.data() + at, from, size);
  };
  put(0, &header, sizeof(header));
  put(sizeof(header), strings.data(), strings.size());
  put(tensorsAt, tensors.data(), tensors.size() * sizeof(zorro_tensor));
  put(launchesAt, launches.data(), launches.size() * sizeof(zorro_launch_info));
  put(indicesAt, weightIndices.data(), weightIndices.size() * sizeof(uint32_t));
  put(entriesAt, entries.data(), entries.size() * sizeof(zorro_entry_info));
  put(kernelsAt, kernels.data(), kernels.size() * sizeof(zorro_kernel_info));
  put(weightsAt, weights.data(), weights.size() * sizeof(zorro_weight_info));
  return bytes;
}
