//===- Route.cpp - A batch of clips, some of which lack a modality -----------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Sessions of all routes come from one model: the weights are mapped once.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Route.h"

#include "tools/zorro-run/Elements.h"
#include "tools/zorro-run/Inputs.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace zorro;
using npy::Array;
using npy::Failure;
using npy::MaybeFailure;
using npy::NamedArray;

static Failure usage(std::string message) { return {ZORRO_INVALID, std::move(message)}; }

//===----------------------------------------------------------------------------------------===//
// Clips
//===----------------------------------------------------------------------------------------===//

/// Clips in an array; nothing where its type or its other dims are not those of the input.
static std::optional<int64_t> countClips(const Array &array, const zorro_tensor_desc &want) {
  if (array.type != want.type || array.dims.size() != want.rank ||
      !std::equal(array.dims.begin() + 1, array.dims.end(), want.dims + 1))
    return std::nullopt;
  return array.dims[0];
}

/// Whether a clip of a float array is nothing but NaN.
static bool isAllNaN(const Array &array, int64_t clip, int64_t clips) {
  size_t size = size_t(array.elements() / clips);
  if (!run::isFloat(array.type) || size == 0)
    return false;
  for (size_t i = 0; i != size; ++i)
    if (!std::isnan(run::elementAt(array, size_t(clip) * size + i)))
      return false;
  return true;
}

static MaybeFailure readPresent(const std::string &text, const run::Signature &signature,
                                run::Clips &clips) {
  run::FileSpec spec;
  if (!run::parseFileSpec(text, spec) || spec.name.empty() || spec.isNpz())
    return usage("expected --present=INPUT=@x.npy but got '" + text + "'");
  uint32_t input = run::Signature::find(signature.inputs, spec.name.c_str());
  if (input == signature.inputs.size())
    return usage("no entry has an input '" + spec.name + "' for --present");
  if (!clips.inputs[input])
    return usage("expected an --input '" + spec.name + "' beside its --present");
  Array array;
  if (MaybeFailure failure = npy::readNpy(spec.path, array))
    return failure;
  if (run::isFloat(array.type) || array.dims != std::vector<int64_t>{clips.count})
    return usage("expected " + npy::shapeText(ZORRO_BOOL, {clips.count}) + " for --present='" +
                 spec.name + "' but got " + npy::shapeText(array.type, array.dims));
  for (int64_t clip = 0; clip != clips.count; ++clip)
    clips.present[clip][input] = run::elementAt(array, size_t(clip)) != 0;
  return std::nullopt;
}

MaybeFailure run::readClips(const Options &options, const zorro_model_desc &model,
                            const Signature &signature, Clips &clips) {
  if (MaybeFailure failure = collectInputs(options.inputs, model, signature.entry, clips.inputs))
    return failure;
  const char *first = nullptr;
  for (size_t i = 0; i != clips.inputs.size(); ++i) {
    if (!clips.inputs[i])
      continue;
    const zorro_tensor_desc &want = signature.inputs[i];
    const Array &array = *clips.inputs[i];
    std::optional<int64_t> count = countClips(array, want);
    if (!count)
      return usage("expected clips of " +
                   npy::shapeText(want.type,
                                  std::vector<int64_t>(want.dims, want.dims + want.rank)) +
                   " (any first dim) for input '" + want.name + "' but got " +
                   npy::shapeText(array.type, array.dims));
    if (first && *count != clips.count)
      return usage("expected " + std::to_string(clips.count) + " clips as in input '" + first +
                   "' but got " + std::to_string(*count) + " in '" + want.name + "'");
    clips.count = *count;
    first = want.name;
  }
  if (!first)
    return usage("expected at least one --input for --route");
  std::vector<bool> given;
  for (const auto &array : clips.inputs)
    given.push_back(array.has_value());
  clips.present.assign(size_t(clips.count), given);
  for (const std::string &text : options.present)
    if (MaybeFailure failure = readPresent(text, signature, clips))
      return failure;
  if (options.nanIsAbsent)
    for (int64_t clip = 0; clip != clips.count; ++clip)
      for (size_t i = 0; i != clips.inputs.size(); ++i)
        if (clips.present[clip][i] && isAllNaN(*clips.inputs[i], clip, clips.count))
          clips.present[clip][i] = false;
  return std::nullopt;
}

//===----------------------------------------------------------------------------------------===//
// Routes
//===----------------------------------------------------------------------------------------===//

static std::string join(const zorro_tensor_desc *tensors, uint32_t count) {
  std::string text;
  for (uint32_t i = 0; i < count; ++i)
    text += (i ? ", " : "") + std::string(tensors[i].name);
  return text.empty() ? "nothing" : text;
}

MaybeFailure run::findRoutes(const zorro_model_desc &model, const Signature &signature,
                             const Clips &clips, Routes &routes) {
  routes.clips.assign(model.entry_count, {});
  for (int64_t clip = 0; clip != clips.count; ++clip) {
    const std::vector<bool> &present = clips.present[clip];
    if (std::optional<uint32_t> entry = chooseEntry(model, signature, present)) {
      routes.clips[*entry].push_back(clip);
      continue;
    }
    std::vector<zorro_tensor_desc> there;
    for (size_t i = 0; i != present.size(); ++i)
      if (present[i])
        there.push_back(signature.inputs[i]);
    std::string needs;
    for (uint32_t e = 0; e < model.entry_count; ++e)
      needs += (e ? "; '" : "'") + std::string(model.entries[e].name) + "' needs " +
               join(model.entries[e].inputs, model.entries[e].input_count);
    return usage("no entry takes clip " + std::to_string(clip) + ", which has " +
                 join(there.data(), uint32_t(there.size())) + ": " + needs);
  }
  return std::nullopt;
}

/// One output of all clips, full of NaN.
static MaybeFailure makeOutput(const zorro_tensor_desc &desc, const run::Signature &signature,
                               int64_t clips, NamedArray &output) {
  output.name = desc.name;
  Array &array = output.array;
  array.type = desc.type;
  array.dims.assign(desc.dims, desc.dims + desc.rank);
  if (array.dims.empty())
    array.dims = {1};
  array.dims[0] = array.dims[0] / signature.batch * clips;
  std::optional<uint64_t> bytes = npy::denseBytes(array.dims, zorro_type_size(desc.type));
  if (!bytes)
    return Failure{ZORRO_LIMIT, "output '" + output.name + "' is too large"};
  array.data.resize(*bytes);
  if (!run::isFloat(desc.type))
    return std::nullopt;
  char nan[8];
  size_t size = zorro_type_size(desc.type);
  run::storeElement(desc.type, "nan", nan);
  for (size_t at = 0; at != array.data.size(); at += size)
    memcpy(array.data.data() + at, nan, size);
  return std::nullopt;
}

namespace {

/// Runs the clips of one entry and puts their outputs where they belong.
class Route {
public:
  Route(Session &session, const run::Signature &signature, const run::Clips &clips,
        std::vector<NamedArray> &outputs)
      : session(session), entry(session.entry()), signature(signature), clips(clips),
        outputs(outputs) {
    for (uint32_t i = 0; i < entry.input_count; ++i)
      in.emplace_back(entry.inputs[i].bytes);
    for (uint32_t i = 0; i < entry.output_count; ++i)
      out.emplace_back(entry.outputs[i].bytes);
  }

  MaybeFailure run(const std::vector<int64_t> &list) {
    for (size_t begin = 0; begin < list.size(); begin += size_t(signature.batch))
      if (MaybeFailure failure = runBatch(list, begin))
        return failure;
    return std::nullopt;
  }

private:
  MaybeFailure runBatch(const std::vector<int64_t> &list, size_t begin) {
    size_t batch = size_t(signature.batch), there = std::min(batch, list.size() - begin);
    std::vector<zorro_tensor_view> inputs, results;
    for (uint32_t i = 0; i < entry.input_count; ++i) {
      const zorro_tensor_desc &desc = entry.inputs[i];
      const Array &source = *clips.inputs[run::Signature::find(signature.inputs, desc.name)];
      size_t bytes = desc.bytes / batch;
      for (size_t row = 0; row != batch && bytes; ++row)
        memcpy(in[i].data() + row * bytes,
               source.data.data() + size_t(list[begin + std::min(row, there - 1)]) * bytes, bytes);
      inputs.push_back({in[i].data(), desc.type, desc.rank, desc.dims});
    }
    for (uint32_t i = 0; i < entry.output_count; ++i)
      results.push_back({out[i].data(), entry.outputs[i].type, entry.outputs[i].rank,
                         entry.outputs[i].dims});
    if (zorro_status status =
            session.run(inputs.data(), inputs.size(), results.data(), results.size()))
      return Failure{status, zorro_last_error()};
    for (uint32_t i = 0; i < entry.output_count; ++i) {
      auto at = std::find_if(outputs.begin(), outputs.end(), [&](const NamedArray &output) {
        return output.name == entry.outputs[i].name;
      });
      size_t bytes = entry.outputs[i].bytes / batch;
      for (size_t row = 0; row != there && bytes; ++row)
        memcpy(at->array.data.data() + size_t(list[begin + row]) * bytes,
               out[i].data() + row * bytes, bytes);
    }
    return std::nullopt;
  }

  Session &session;
  const zorro_entry_desc &entry;
  const run::Signature &signature;
  const run::Clips &clips;
  std::vector<NamedArray> &outputs;
  std::vector<std::vector<char>> in, out;
};

} // namespace

/// Clips of which no route gives output `name`.
static int64_t countMissing(const zorro_model_desc &model, const run::Routes &routes,
                            const std::string &name) {
  int64_t missing = 0;
  for (uint32_t e = 0; e < model.entry_count; ++e) {
    const zorro_entry_desc &entry = model.entries[e];
    if (std::none_of(entry.outputs, entry.outputs + entry.output_count,
                     [&](const auto &output) { return name == output.name; }))
      missing += int64_t(routes.clips[e].size());
  }
  return missing;
}

std::vector<zorro_tensor_desc> run::givenOutputs(const zorro_model_desc &model,
                                                 const Signature &signature,
                                                 const Routes &routes) {
  int64_t clips = 0;
  for (const std::vector<int64_t> &list : routes.clips)
    clips += int64_t(list.size());
  std::vector<zorro_tensor_desc> given;
  for (const zorro_tensor_desc &output : signature.outputs)
    if (clips == 0 || countMissing(model, routes, output.name) < clips)
      given.push_back(output);
  return given;
}

MaybeFailure run::runRoutes(const Model &model, const Options &options, const Signature &signature,
                            const Clips &clips, const Routes &routes,
                            std::vector<NamedArray> &outputs) {
  const zorro_model_desc &desc = model.describe();
  for (const zorro_tensor_desc &output : givenOutputs(desc, signature, routes)) {
    int64_t missing = countMissing(desc, routes, output.name);
    if (missing && !isFloat(output.type))
      return Failure{ZORRO_UNSUPPORTED, "output '" + std::string(output.name) + "' (" +
                                            zorro_type_name(output.type) + ") has no NaN for the " +
                                            std::to_string(missing) + " clips that lack it"};
    if (MaybeFailure failure =
            makeOutput(output, signature, clips.count, outputs.emplace_back()))
      return failure;
  }
  for (uint32_t e = 0; e < desc.entry_count; ++e) {
    if (routes.clips[e].empty())
      continue;
    Session session;
    if (zorro_status status = session.create(model, desc.entries[e].name, options.threads))
      return Failure{status, zorro_last_error()};
    if (MaybeFailure failure =
            Route(session, signature, clips, outputs).run(routes.clips[e]))
      return failure;
  }
  return std::nullopt;
}

void run::printRoutes(const zorro_model_desc &model, const Routes &routes, int64_t clips,
                      const std::vector<NamedArray> &outputs, FILE *to) {
  size_t width = strlen("entry");
  for (uint32_t e = 0; e < model.entry_count; ++e)
    width = std::max(width, strlen(model.entries[e].name));
  fprintf(to, "%-*s  %8s  %7s  %s\n", int(width), "entry", "clips", "outputs", "needs");
  for (uint32_t e = 0; e < model.entry_count; ++e)
    fprintf(to, "%-*s  %8zu  %7u  %s\n", int(width), model.entries[e].name, routes.clips[e].size(),
            model.entries[e].output_count,
            join(model.entries[e].inputs, model.entries[e].input_count).c_str());
  for (const NamedArray &output : outputs)
    if (int64_t missing = countMissing(model, routes, output.name))
      fprintf(to, "%s: NaN for %lld of %lld clips\n", output.name.c_str(), (long long)missing,
              (long long)clips);
}
