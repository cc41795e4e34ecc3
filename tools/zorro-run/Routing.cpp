//===- Routing.cpp - Which entry a clip goes to ------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One artefact comes from one model, so a name means the same tensor in all entries; that is
// checked.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Routing.h"

#include <algorithm>
#include <cstring>

using namespace zorro;
using npy::Failure;
using npy::MaybeFailure;

static std::string shapeOf(const zorro_tensor_desc &desc) {
  return npy::shapeText(desc.type, std::vector<int64_t>(desc.dims, desc.dims + desc.rank));
}

uint32_t run::Signature::find(const std::vector<zorro_tensor_desc> &tensors, const char *name) {
  return uint32_t(std::find_if(tensors.begin(), tensors.end(),
                               [&](const auto &known) { return !strcmp(known.name, name); }) -
                  tensors.begin());
}

static MaybeFailure addAll(std::vector<zorro_tensor_desc> &tensors, const zorro_tensor_desc *list,
                           uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t at = run::Signature::find(tensors, list[i].name);
    if (at == tensors.size())
      tensors.push_back(list[i]);
    else if (shapeOf(tensors[at]) != shapeOf(list[i]))
      return Failure{ZORRO_INVALID, "expected '" + std::string(list[i].name) +
                                        "' to be the same in all entries but got " +
                                        shapeOf(tensors[at]) + " and " + shapeOf(list[i])};
  }
  return std::nullopt;
}

MaybeFailure run::uniteEntries(const zorro_model_desc &model, Signature &signature) {
  for (uint32_t e = 0; e < model.entry_count; ++e) {
    const zorro_entry_desc &entry = model.entries[e];
    if (MaybeFailure failure = addAll(signature.inputs, entry.inputs, entry.input_count))
      return failure;
    if (MaybeFailure failure = addAll(signature.outputs, entry.outputs, entry.output_count))
      return failure;
  }
  for (const zorro_tensor_desc &input : signature.inputs) {
    int64_t batch = input.rank ? input.dims[0] : 0;
    if (&input == &signature.inputs.front())
      signature.batch = batch;
    if (batch < 1 || batch != signature.batch)
      return Failure{ZORRO_INVALID, "expected inputs with a common batch axis in front for --route "
                                    "but got " + shapeOf(signature.inputs.front()) + " for '" +
                                        signature.inputs.front().name + "' and " +
                                        shapeOf(input) + " for '" + input.name + "'"};
  }
  for (const zorro_tensor_desc &output : signature.outputs)
    if (signature.batch != 1 && (!output.rank || output.dims[0] % signature.batch != 0))
      return Failure{ZORRO_INVALID, "expected a batch axis of " + std::to_string(signature.batch) +
                                        " in front of output '" + output.name +
                                        "' for --route but got " + shapeOf(output)};
  signature.entry.name = "any";
  signature.entry.input_count = uint32_t(signature.inputs.size());
  signature.entry.inputs = signature.inputs.data();
  signature.entry.output_count = uint32_t(signature.outputs.size());
  signature.entry.outputs = signature.outputs.data();
  return std::nullopt;
}

std::optional<uint32_t> run::chooseEntry(const zorro_model_desc &model, const Signature &signature,
                                         const std::vector<bool> &present) {
  std::optional<uint32_t> best;
  for (uint32_t e = 0; e < model.entry_count; ++e) {
    const zorro_entry_desc &entry = model.entries[e];
    bool fits = std::all_of(entry.inputs, entry.inputs + entry.input_count, [&](const auto &input) {
      return present[Signature::find(signature.inputs, input.name)];
    });
    auto gain = [&](uint32_t i) {
      return std::pair(model.entries[i].output_count, model.entries[i].input_count);
    };
    if (fits && entry.output_count && (!best || gain(e) > gain(*best)))
      best = e;
  }
  return best;
}
