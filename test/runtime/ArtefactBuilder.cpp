//===- ArtefactBuilder.cpp - Writes artefacts for tests -------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Records are laid out in order of use; strings follow behind all records.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/ArtefactBuilder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace zorro::test;

namespace {

/// Two passes over the same code: the first finds where the strings begin, the second writes.
class Encoder {
public:
  Bytes records, strings;
  uint32_t stringBase = 0;

  zorro_string string(const std::string &text) {
    zorro_string result = {uint32_t(stringBase + strings.size()), uint32_t(text.size())};
    strings.insert(strings.end(), text.c_str(), text.c_str() + text.size() + 1);
    return result;
  }

  template <typename Record>
  zorro_array array(const std::vector<Record> &values) {
    records.resize((records.size() + 7) / 8 * 8);
    zorro_array result = {uint32_t(records.size()), uint32_t(values.size())};
    const char *bytes = reinterpret_cast<const char *>(values.data());
    records.insert(records.end(), bytes, bytes + values.size() * sizeof(Record));
    return result;
  }

  zorro_array tensors(const std::vector<TensorSpec> &specs) {
    std::vector<zorro_tensor> out;
    for (const TensorSpec &spec : specs) {
      zorro_tensor tensor = {string(spec.name), string(spec.modality), spec.type,
                             uint32_t(spec.dims.size()), {}};
      for (size_t i = 0; i < spec.dims.size() && i < ZORRO_MAX_RANK; ++i)
        tensor.dims[i] = spec.dims[i];
      out.push_back(tensor);
    }
    return array(out);
  }

  void encode(const DescriptorSpec &spec) {
    records.assign(sizeof(zorro_descriptor), 0);
    zorro_descriptor header = {};
    memcpy(header.magic, ZORRO_DESCRIPTOR_MAGIC, sizeof(header.magic));
    header.abi_version = ZORRO_ABI_VERSION;
    header.target = spec.target;
    header.cpu_features = spec.cpuFeatures;
    header.compiler = string(spec.compiler);
    header.source = string(spec.source);
    header.source_hash = string(spec.sourceHash);
    header.cpu = string(spec.cpu);
    header.arch = string(spec.arch);
    header.assumptions = string(spec.assumptions);
    std::vector<zorro_entry_info> entries;
    for (const EntrySpec &entry : spec.entries) {
      std::vector<zorro_launch_info> launches;
      for (const LaunchSpec &launch : entry.launches)
        launches.push_back(
            {launch.kernel, 0, string(launch.source), launch.multiplyAdds, launch.bytes});
      entries.push_back({string(entry.name), tensors(entry.inputs), tensors(entry.outputs),
                         array(launches), array(entry.weights), entry.arenaBytes,
                         entry.multiplyAdds});
    }
    header.entries = array(entries);
    std::vector<zorro_kernel_info> kernels;
    for (const KernelSpec &kernel : spec.kernels)
      kernels.push_back({string(kernel.name), string(kernel.kind), string(kernel.reason),
                         kernel.scratchBytes, kernel.threads, kernel.sharedBytes,
                         kernel.words, kernel.maps});
    header.kernels = array(kernels);
    std::vector<zorro_weight_info> weights;
    for (const WeightSpec &weight : spec.weights)
      weights.push_back({string(weight.name), weight.offset, weight.size});
    header.weights = array(weights);
    memcpy(records.data(), &header, sizeof(header));
  }
};

} // namespace

Bytes zorro::test::encodeDescriptor(const DescriptorSpec &spec) {
  Encoder measure, write;
  measure.encode(spec);
  write.stringBase = uint32_t(measure.records.size());
  write.encode(spec);
  write.records.insert(write.records.end(), write.strings.begin(), write.strings.end());
  return write.records;
}

Bytes zorro::test::assembleArtefact(const Bytes &code, const Bytes &weights,
                                    const Bytes &descriptor) {
  Bytes out = code;
  auto align = [&](size_t to) { out.resize((out.size() + to - 1) / to * to); };
  zorro_footer footer = {};
  memcpy(footer.magic, ZORRO_FOOTER_MAGIC, sizeof(footer.magic));
  footer.abi_version = ZORRO_ABI_VERSION;
  footer.code_size = code.size();
  footer.code_hash = XXH3_64bits(code.data(), code.size());
  align(ZORRO_PAGE);
  footer.weights_offset = out.size();
  footer.weights_size = weights.size();
  out.insert(out.end(), weights.begin(), weights.end());
  align(8);
  footer.descriptor_offset = out.size();
  footer.descriptor_size = descriptor.size();
  footer.descriptor_hash = XXH3_64bits(descriptor.data(), descriptor.size());
  out.insert(out.end(), descriptor.begin(), descriptor.end());
  align(8);
  std::vector<uint64_t> chunks;
  for (size_t i = 0; i < weights.size(); i += ZORRO_WEIGHT_CHUNK)
    chunks.push_back(XXH3_64bits(weights.data() + i,
                                 std::min<size_t>(ZORRO_WEIGHT_CHUNK, weights.size() - i)));
  footer.chunks_offset = out.size();
  footer.chunk_count = chunks.size();
  footer.chunks_hash = XXH3_64bits(chunks.data(), chunks.size() * sizeof(uint64_t));
  const char *table = reinterpret_cast<const char *>(chunks.data());
  out.insert(out.end(), table, table + chunks.size() * sizeof(uint64_t));
  footer.artefact_size = out.size() + sizeof(footer);
  out.resize(out.size() + sizeof(footer));
  memcpy(out.data() + out.size() - sizeof(footer), &footer, sizeof(footer));
  sealFooter(out);
  return out;
}

void zorro::test::sealFooter(Bytes &artefact) {
  char *footer = artefact.data() + artefact.size() - sizeof(zorro_footer);
  uint64_t hash = XXH3_64bits(footer, offsetof(zorro_footer, footer_hash));
  memcpy(footer + offsetof(zorro_footer, footer_hash), &hash, sizeof(hash));
}

/// A test without its files cannot go on.
static FILE *openOrStop(const std::string &path, const char *mode) {
  FILE *file = fopen(path.c_str(), mode);
  if (!file) {
    perror(path.c_str());
    abort();
  }
  return file;
}

Bytes zorro::test::readBytes(const std::string &path) {
  FILE *file = openOrStop(path, "rb");
  Bytes bytes;
  char block[65536];
  while (size_t got = fread(block, 1, sizeof(block), file))
    bytes.insert(bytes.end(), block, block + got);
  fclose(file);
  return bytes;
}

void zorro::test::writeBytes(const std::string &path, const Bytes &bytes) {
  FILE *file = openOrStop(path, "wb");
  bool written = bytes.empty() || fwrite(bytes.data(), bytes.size(), 1, file) == 1;
  if (fclose(file) != 0 || !written) {
    perror(path.c_str());
    abort();
  }
}
