//===- KernelTimes.cpp - How long each kernel of an entry takes --------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Inputs are random and not zero: power, and on some machines the clock, depend on the data.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-bench/KernelTimes.h"

#include <cstring>
#include <numeric>
#include <random>

using namespace zorro;
using namespace zorro::bench;

/// Random numbers in [-1, 1), as what `type` can hold: small integers, false and true.
static void fill(const zorro_tensor_desc &tensor, char *bytes, std::mt19937 &random) {
  size_t size = zorro_type_size(tensor.type);
  for (uint64_t at = 0; at < tensor.bytes; at += size) {
    float value = float(int32_t(random())) * 0x1p-31f;
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    double wide = double(value);
    // Halves: the sign, exponent -1 to -3, random fraction. No subnormal numbers, no NaN.
    uint16_t half = uint16_t((bits >> 16 & 0x8000) | (12 + bits % 3) << 10 | (bits >> 4 & 1023));
    uint16_t brain = uint16_t(bits >> 16);
    uint64_t integer = bits >> 8 & 1;
    switch (tensor.type) {
    case ZORRO_F32:
      memcpy(bytes + at, &value, size);
      break;
    case ZORRO_F64:
      memcpy(bytes + at, &wide, size);
      break;
    case ZORRO_F16:
      memcpy(bytes + at, &half, size);
      break;
    case ZORRO_BF16:
      memcpy(bytes + at, &brain, size);
      break;
    default:
      memcpy(bytes + at, &integer, size);
    }
  }
}

bool Workload::create(const Model &model, const char *entry, uint32_t threads) {
  if (owned.create(model, entry, threads) != ZORRO_OK)
    return false;
  std::mt19937 random(1);
  auto add = [&](const zorro_tensor_desc &tensor, std::vector<zorro_tensor_view> &views) {
    std::vector<uint64_t> buffer((tensor.bytes + 7) / 8);
    char *bytes = reinterpret_cast<char *>(buffer.data());
    fill(tensor, bytes, random);
    views.push_back({bytes, tensor.type, tensor.rank, tensor.dims});
    buffers.push_back(std::move(buffer));
  };
  const zorro_entry_desc &desc = owned.entry();
  for (uint32_t i = 0; i < desc.input_count; ++i)
    add(desc.inputs[i], inputs);
  for (uint32_t i = 0; i < desc.output_count; ++i)
    add(desc.outputs[i], outputs);
  return true;
}

zorro_status Workload::run() {
  return owned.run(inputs.data(), inputs.size(), outputs.data(), outputs.size());
}

bool KernelTimes::runOnce(Workload &workload, std::vector<double> &seconds) {
  const zorro_trace_record *records;
  size_t count;
  if (workload.run() != ZORRO_OK ||
      zorro_session_trace(workload.session().get(), &records, &count) != ZORRO_OK)
    return false;
  seconds.assign(model.describe().kernel_count, 0.0);
  for (size_t i = 0; i < count; ++i)
    seconds[records[i].kernel] += double(records[i].duration_ns) * 1e-9;
  return true;
}

bool KernelTimes::record(Workload &workload) {
  std::vector<KernelRun> recording(runs);
  if (workload.run() != ZORRO_OK || workload.session().setTrace(true) != ZORRO_OK)
    return false;
  Rates before = probe();
  for (KernelRun &run : recording) {
    if (!runOnce(workload, run.seconds))
      return false;
    if (std::accumulate(run.seconds.begin(), run.seconds.end(), 0.0) < shortRun &&
        !runOnce(workload, run.seconds))
      return false;
    Rates after = probe();
    run.rates = larger(before, after);
    before = after;
  }
  recordings.push_back(std::move(recording));
  return workload.session().setTrace(false) == ZORRO_OK;
}

const std::vector<KernelRun> *KernelTimes::recording(Workload &workload, size_t repetition) {
  while (recordings.size() <= repetition)
    if (!record(workload))
      return nullptr;
  return &recordings[repetition];
}
