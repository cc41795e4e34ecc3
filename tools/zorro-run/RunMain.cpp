//===- RunMain.cpp - The program zorro-run -----------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Everything that can be wrong with the command line is found before the model runs.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/RunMain.h"

#include "runtime/Core/Zorro.hpp"
#include "tools/zorro-run/ChromeTrace.h"
#include "tools/zorro-run/Compare.h"
#include "tools/zorro-run/Describe.h"
#include "tools/zorro-run/Inputs.h"
#include "tools/zorro-run/Options.h"
#include "tools/zorro-run/Outputs.h"
#include "tools/zorro-run/Route.h"

#include <cstdio>
#include <new>

using namespace zorro;
using npy::Array;
using npy::NamedArray;
using run::Failure;
using run::MaybeFailure;

static constexpr int exitOutputsDiffer = 5;

/// What the runtime has just reported.
static Failure lastFailure(zorro_status status) { return {status, zorro_last_error()}; }

static MaybeFailure makeOutputs(const zorro_entry_desc &entry, int64_t runs,
                                std::vector<NamedArray> &outputs) {
  for (uint32_t i = 0; i < entry.output_count; ++i) {
    const zorro_tensor_desc &desc = entry.outputs[i];
    Array array;
    array.type = desc.type;
    array.dims.assign(desc.dims, desc.dims + desc.rank);
    uint64_t bytes;
    if (__builtin_mul_overflow(desc.bytes, uint64_t(runs), &bytes))
      return Failure{ZORRO_LIMIT, "output '" + std::string(desc.name) + "' is too large"};
    // Clips are joined along the first axis; a scalar gets one.
    if (runs != 1 && desc.rank == 0)
      array.dims = {runs};
    else if (runs != 1)
      array.dims[0] *= runs;
    array.data.resize(bytes);
    outputs.push_back({desc.name, std::move(array)});
  }
  return std::nullopt;
}

static MaybeFailure runAll(Session &session, int64_t runs, std::vector<Array> &inputs,
                           std::vector<NamedArray> &outputs) {
  const zorro_entry_desc &entry = session.entry();
  for (int64_t turn = 0; turn < runs; ++turn) {
    auto viewOf = [turn](const zorro_tensor_desc &desc, Array &array) {
      return zorro_tensor_view{array.data.data() + uint64_t(turn) * desc.bytes, desc.type,
                               desc.rank, desc.dims};
    };
    std::vector<zorro_tensor_view> in, out;
    for (uint32_t i = 0; i < entry.input_count; ++i)
      in.push_back(viewOf(entry.inputs[i], inputs[i]));
    for (uint32_t i = 0; i < entry.output_count; ++i)
      out.push_back(viewOf(entry.outputs[i], outputs[i].array));
    if (zorro_status status = session.run(in.data(), in.size(), out.data(), out.size()))
      return lastFailure(status);
  }
  return std::nullopt;
}

/// Writes, prints and compares outputs as the command line asks.
static MaybeFailure finish(const run::Options &options, const std::vector<run::OutputFile> &files,
                           const std::vector<NamedArray> &expected,
                           const std::vector<NamedArray> &outputs, bool &outputsDiffer) {
  if (MaybeFailure failure = run::writeOutputs(files, outputs))
    return failure;
  if (files.empty() && options.expectedOutputs.empty())
    run::printOutputs(outputs, stdout);
  outputsDiffer = !run::compareOutputs(
      expected, outputs, {options.absoluteTolerance, options.relativeTolerance}, stdout);
  return std::nullopt;
}

/// --route: clips that may lack inputs.
static MaybeFailure executeRoutes(const run::Options &options, const Model &model,
                                  bool &outputsDiffer) {
  const zorro_model_desc &desc = model.describe();
  run::Signature signature;
  if (MaybeFailure failure = run::uniteEntries(desc, signature))
    return failure;
  run::Clips clips;
  if (MaybeFailure failure = run::readClips(options, desc, signature, clips))
    return failure;
  run::Routes routes;
  if (MaybeFailure failure = run::findRoutes(desc, signature, clips, routes))
    return failure;
  // Only what some route gives can be written.
  std::vector<zorro_tensor_desc> given = run::givenOutputs(desc, signature, routes);
  zorro_entry_desc entry = signature.entry;
  entry.output_count = uint32_t(given.size());
  entry.outputs = given.data();
  std::vector<run::OutputFile> files;
  if (MaybeFailure failure = run::parseOutputs(options.outputs, entry, files))
    return failure;
  std::vector<NamedArray> expected, outputs;
  if (MaybeFailure failure = run::readExpected(options.expectedOutputs, entry, expected))
    return failure;
  if (MaybeFailure failure =
          run::runRoutes(model, options, signature, clips, routes, outputs))
    return failure;
  run::printRoutes(desc, routes, clips.count, outputs, stdout);
  return finish(options, files, expected, outputs, outputsDiffer);
}

static MaybeFailure execute(const run::Options &options, bool &outputsDiffer) {
  zorro_load_options load;
  zorro_load_options_init(&load);
  load.verify_weights = options.verify;
  load.threads = options.threads;
  // What a file holds can be told where nothing could run it.
  load.device = options.device.value_or(options.describe.empty() ? 0 : ZORRO_NO_DEVICE);
  Model model;
  if (zorro_status status = model.load(options.model.c_str(), &load))
    return lastFailure(status);
  const zorro_model_desc &desc = model.describe();
  if (!options.describe.empty()) {
    std::string text =
        options.describe == "json" ? run::describeAsJson(desc) : run::describeAsTable(desc);
    fputs(text.c_str(), stdout);
    return std::nullopt;
  }
  if (desc.target != ZORRO_TARGET_CPU && load.device == ZORRO_NO_DEVICE)
    return Failure{ZORRO_INVALID, "expected the number of a GPU for an artefact for " +
                                      std::string(desc.arch) + " but got --device=cpu"};
  if (options.route)
    return executeRoutes(options, model, outputsDiffer);

  Session session;
  const char *function = options.function.empty() ? nullptr : options.function.c_str();
  if (zorro_status status = session.create(model, function, options.threads)) {
    Failure failure = lastFailure(status);
    if (!function && status == ZORRO_INVALID)
      failure.message += " (--function=NAME)";
    return failure;
  }
  const zorro_entry_desc &entry = session.entry();
  std::vector<run::OutputFile> files;
  if (MaybeFailure failure = run::parseOutputs(options.outputs, entry, files))
    return failure;
  std::vector<NamedArray> expected, outputs;
  if (MaybeFailure failure = run::readExpected(options.expectedOutputs, entry, expected))
    return failure;
  std::vector<Array> inputs;
  int64_t runs;
  if (MaybeFailure failure =
          run::readInputs(options.inputs, desc, entry, options.each, inputs, runs))
    return failure;
  if (MaybeFailure failure = makeOutputs(entry, runs, outputs))
    return failure;
  if (!options.trace.empty())
    if (zorro_status status = session.setTrace(true))
      return lastFailure(status);
  if (MaybeFailure failure = runAll(session, runs, inputs, outputs))
    return failure;

  if (!options.trace.empty())
    if (MaybeFailure failure = run::writeChromeTrace(options.trace, desc, session.get()))
      return failure;
  return finish(options, files, expected, outputs, outputsDiffer);
}

int run::runMain(int argc, char **argv) {
  Options options;
  bool outputsDiffer = false;
  MaybeFailure failure;
  try {
    bool embedded = zorro_has_artefact("/proc/self/exe");
    if (std::optional<int> code = parseOptions(argc, argv, embedded, options))
      return *code;
    failure = execute(options, outputsDiffer);
  } catch (const std::bad_alloc &) {
    failure = Failure{ZORRO_LIMIT, "not enough memory"};
  }
  if (!failure && fflush(stdout) != 0)
    failure = Failure{ZORRO_BAD_FILE, "cannot write to the standard output"};
  if (!failure)
    return outputsDiffer ? exitOutputsDiffer : 0;
  fprintf(stderr, "zorro-run: error: %s\n", failure->message.c_str());
  return failure->status;
}
