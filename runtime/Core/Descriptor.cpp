//===- Descriptor.cpp - The checked contents of a descriptor --------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Records are copied out with memcpy, so their place needs no alignment. All arrays together may
// not be larger than the descriptor: a small hostile one cannot name the same records many times
// and grow in memory.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Descriptor.h"

#include "runtime/Cpu/Features.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_set>

using namespace zorro::runtime;

static_assert(sizeof(zorro_descriptor) == 96 && sizeof(zorro_entry_info) == 56 &&
                  sizeof(zorro_tensor) == 88 && sizeof(zorro_launch_info) == 32 &&
                  sizeof(zorro_kernel_info) == 48 && sizeof(zorro_weight_info) == 24 &&
                  sizeof(zorro_tensor_map) == 8 * ZORRO_MAP_WORDS && sizeof(zorro_image) == 24,
              "the descriptor's layout is fixed");

std::string zorro::runtime::shapeText(uint32_t type, uint32_t rank, const int64_t *dims) {
  std::string text;
  for (uint32_t i = 0; i < rank; ++i)
    text += std::to_string(dims[i]) + "x";
  const char *name = zorro_type_name(type);
  return text + (name ? name : "type " + std::to_string(type));
}

/// Reads records and keeps the first error; after one, everything it gives is empty.
class Descriptor::Reader {
public:
  explicit Reader(const std::vector<char> &bytes) : bytes(bytes), budget(bytes.size()) {}

  MaybeError error;

  void fail(std::string message) {
    if (!error)
      error = badFile("descriptor: " + std::move(message));
  }

  template <typename Record>
  std::vector<Record> array(zorro_array array, const char *what) {
    uint64_t size = uint64_t(array.count) * sizeof(Record);
    if (error || size == 0)
      return {};
    if (size > bytes.size() || array.offset > bytes.size() - size) {
      fail(std::string("the ") + what + " lie outside: offset " + std::to_string(array.offset) +
           ", count " + std::to_string(array.count));
      return {};
    }
    if (size > budget) {
      fail("its arrays overlap");
      return {};
    }
    budget -= size;
    std::vector<Record> records(array.count);
    memcpy(records.data(), bytes.data() + array.offset, size);
    return records;
  }

  const char *string(zorro_string string, const char *what) {
    // One more byte for the terminating zero.
    uint64_t size = uint64_t(string.size) + 1;
    if (error)
      return "";
    if (size > bytes.size() || string.offset > bytes.size() - size) {
      fail(std::string(what) + " lies outside: offset " + std::to_string(string.offset) +
           ", size " + std::to_string(string.size));
      return "";
    }
    const char *text = bytes.data() + string.offset;
    if (memchr(text, 0, size) != text + string.size) {
      fail(std::string("expected ") + what + " to end in its only zero");
      return "";
    }
    return text;
  }

  /// Dims of the result point into `records`.
  std::vector<zorro_tensor_desc> tensors(zorro_array which, const char *what,
                                         std::vector<zorro_tensor> &records);

private:
  const std::vector<char> &bytes;
  uint64_t budget; // bytes that arrays may still take
};

/// The product of `dims` times the element size, or nothing if it does not fit.
static std::optional<uint64_t> denseBytes(uint32_t type, uint32_t rank, const int64_t *dims) {
  constexpr uint64_t limit = uint64_t(1) << 62;
  uint64_t product = zorro_type_size(type);
  bool empty = false;
  for (uint32_t i = 0; i < rank; ++i) {
    if (dims[i] == 0)
      empty = true;
    else if (uint64_t(dims[i]) > limit / product)
      return std::nullopt;
    else
      product *= uint64_t(dims[i]);
  }
  return empty ? 0 : product;
}

std::vector<zorro_tensor_desc>
Descriptor::Reader::tensors(zorro_array which, const char *what,
                            std::vector<zorro_tensor> &records) {
  std::vector<zorro_tensor_desc> result;
  std::unordered_set<std::string_view> names;
  records = array<zorro_tensor>(which, what);
  for (const zorro_tensor &tensor : records) {
    const char *name = string(tensor.name, "a tensor's name");
    if (!zorro_type_size(tensor.type))
      fail("tensor '" + std::string(name) + "' has the unknown type " +
           std::to_string(tensor.type));
    if (tensor.rank > ZORRO_MAX_RANK)
      fail("expected a rank of at most " + std::to_string(ZORRO_MAX_RANK) + " but tensor '" +
           name + "' has " + std::to_string(tensor.rank));
    for (uint32_t i = 0; !error && i < tensor.rank; ++i)
      if (tensor.dims[i] < 0)
        fail("tensor '" + std::string(name) + "' has the dimension " +
             std::to_string(tensor.dims[i]));
    if (error)
      return {};
    std::optional<uint64_t> size = denseBytes(tensor.type, tensor.rank, tensor.dims);
    if (!size)
      fail("the size of tensor '" + std::string(name) + "' overflows");
    if (!names.insert(name).second)
      fail("two " + std::string(what) + " have the name '" + name + "'");
    result.push_back({name, string(tensor.modality, "a modality"), tensor.type, tensor.rank,
                      tensor.dims, size.value_or(0)});
  }
  return result;
}

/// The limits are those of every device: a launch beyond them could only fail.
void Descriptor::checkKernel(const zorro_kernel_info &kernel, uint32_t target, Reader &reader) {
  auto fail = [&](const std::string &what) {
    reader.fail("kernel '" + std::string(reader.string(kernel.name, "a kernel's name")) + "' " +
                what);
  };
  if (target == ZORRO_TARGET_CPU) {
    if (kernel.threads || kernel.shared_bytes || kernel.words || kernel.maps)
      fail("is for the CPU but has numbers for a GPU");
    return;
  }
  constexpr uint64_t parameterBytes = 32764, maxSharedBytes = uint64_t(1) << 20;
  if (kernel.threads == 0 || kernel.threads > 1024)
    fail("has blocks of " + std::to_string(kernel.threads) + " threads");
  if (kernel.shared_bytes > maxSharedBytes)
    fail("wants " + std::to_string(kernel.shared_bytes) + " bytes of shared memory");
  if (uint64_t(kernel.words) * 8 + uint64_t(kernel.maps) * 128 > parameterBytes)
    fail("takes " + std::to_string(kernel.words) + " words and " + std::to_string(kernel.maps) +
         " tensor maps");
  if (kernel.scratch_bytes != 0)
    fail("is for a GPU but has scratch");
}

void Descriptor::setDevice(std::string text) {
  device = std::move(text);
  modelDesc.device = device.c_str();
}

MaybeError Descriptor::parse(const std::vector<char> &bytes, uint64_t codeBytes,
                             uint64_t weightBytes) {
  Reader reader(bytes);
  zorro_descriptor header;
  if (bytes.size() < sizeof(header))
    return badFile("expected a descriptor of at least " + std::to_string(sizeof(header)) +
                   " bytes but got " + std::to_string(bytes.size()));
  memcpy(&header, bytes.data(), sizeof(header));
  if (memcmp(header.magic, ZORRO_DESCRIPTOR_MAGIC, sizeof(header.magic)) != 0)
    return badFile("the descriptor does not begin with its magic");
  if (header.abi_version != ZORRO_ABI_VERSION)
    return Error{ZORRO_UNSUPPORTED, "expected descriptor version " +
                                        std::to_string(ZORRO_ABI_VERSION) + " but got " +
                                        std::to_string(header.abi_version)};
  if (header.target != ZORRO_TARGET_CPU && header.target != ZORRO_TARGET_CUDA)
    return Error{ZORRO_UNSUPPORTED, "expected an artefact for a CPU or an NVIDIA GPU but got "
                                    "target " +
                                        std::to_string(header.target)};

  for (const zorro_kernel_info &kernel :
       reader.array<zorro_kernel_info>(header.kernels, "kernels")) {
    checkKernel(kernel, header.target, reader);
    kernels.push_back({reader.string(kernel.name, "a kernel's name"),
                       reader.string(kernel.kind, "a kernel's kind"),
                       reader.string(kernel.reason, "a kernel's reason"), kernel.scratch_bytes,
                       kernel.threads, kernel.shared_bytes, kernel.words, kernel.maps});
  }
  for (const zorro_weight_info &weight :
       reader.array<zorro_weight_info>(header.weights, "weights")) {
    const char *name = reader.string(weight.name, "a weight's name");
    if (weight.size > weightBytes || weight.offset > weightBytes - weight.size)
      reader.fail("weight '" + std::string(name) + "' lies outside the weights: offset " +
                  std::to_string(weight.offset) + ", size " + std::to_string(weight.size));
    if (weight.offset % ZORRO_ALIGN != 0)
      reader.fail("expected weight '" + std::string(name) + "' at a multiple of " +
                  std::to_string(ZORRO_ALIGN) + " but got " + std::to_string(weight.offset));
    weights.push_back({name, weight.size});
  }

  std::vector<zorro_entry_info> infos = reader.array<zorro_entry_info>(header.entries, "entries");
  std::unordered_set<std::string_view> names;
  storage.resize(infos.size());
  for (size_t i = 0; i < infos.size() && !reader.error; ++i) {
    const zorro_entry_info &info = infos[i];
    EntryStorage &own = storage[i];
    zorro_entry_desc entry{};
    entry.name = reader.string(info.name, "an entry's name");
    if (!*entry.name || !names.insert(entry.name).second)
      reader.fail("expected entries to have names of their own but got '" +
                  std::string(entry.name) + "'");
    own.inputs = reader.tensors(info.inputs, "inputs", own.inputRecords);
    own.outputs = reader.tensors(info.outputs, "outputs", own.outputRecords);
    for (const zorro_launch_info &launch :
         reader.array<zorro_launch_info>(info.launches, "launches")) {
      if (launch.kernel >= kernels.size()) {
        reader.fail("a launch names kernel " + std::to_string(launch.kernel) + " of " +
                    std::to_string(kernels.size()));
        break;
      }
      own.launches.push_back({launch.kernel, reader.string(launch.source, "a launch's source"),
                              launch.multiply_adds, launch.bytes});
      entry.scratch_bytes =
          std::max(entry.scratch_bytes, kernels[launch.kernel].scratch_bytes);
    }
    own.weights = reader.array<uint32_t>(info.weights, "weight indices");
    for (uint32_t index : own.weights)
      if (index >= weights.size())
        reader.fail("entry '" + std::string(entry.name) + "' names weight " +
                    std::to_string(index) + " of " + std::to_string(weights.size()));
    entry.input_count = uint32_t(own.inputs.size());
    entry.output_count = uint32_t(own.outputs.size());
    entry.launch_count = uint32_t(own.launches.size());
    entry.weight_count = uint32_t(own.weights.size());
    entry.inputs = own.inputs.data();
    entry.outputs = own.outputs.data();
    entry.launches = own.launches.data();
    entry.weights = own.weights.data();
    entry.arena_bytes = info.arena_bytes;
    entry.multiply_adds = info.multiply_adds;
    entries.push_back(entry);
  }
  if (entries.empty())
    reader.fail("expected at least one entry");

  featureNames = cpuFeatureNames(header.cpu_features);
  modelDesc = {reader.string(header.compiler, "the compiler's name"),
               reader.string(header.source, "the source's name"),
               reader.string(header.source_hash, "the source's hash"),
               reader.string(header.cpu, "the CPU's name"),
               reader.string(header.assumptions, "the assumptions"),
               featureNames.c_str(),
               header.cpu_features,
               codeBytes,
               weightBytes,
               uint32_t(entries.size()),
               uint32_t(kernels.size()),
               uint32_t(weights.size()),
               entries.data(),
               kernels.data(),
               weights.data(),
               header.target,
               reader.string(header.arch, "the architecture"),
               device.c_str()};
  return reader.error;
}

const zorro_entry_desc *Descriptor::find(const char *name) const {
  for (const zorro_entry_desc &entry : entries)
    if (strcmp(entry.name, name) == 0)
      return &entry;
  return nullptr;
}

std::string Descriptor::entryNames() const {
  std::string names;
  for (const zorro_entry_desc &entry : entries)
    names += (names.empty() ? "" : ", ") + std::string(entry.name);
  return names;
}
