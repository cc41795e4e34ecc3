//===- Options.cpp - The command line of zorro-run ---------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One CLI11 application; its own exit codes are folded into the tools' common ones.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Options.h"

#include <CLI/CLI.hpp>

using namespace zorro::run;

std::optional<int> zorro::run::parseOptions(int argc, char **argv, bool embedded,
                                            Options &options) {
  CLI::App app("Runs a compiled model");
  app.set_version_flag("--version", std::string("zorro-run ") + zorro_version());
  app.footer("Exit codes: 0 ok, 1 usage, 2 unreadable or malformed input, 3 unsupported, 4 limit, "
             "5 outputs differ, 70 internal fault");
  if (embedded)
    options.model = "/proc/self/exe";
  else
    app.add_option("MODEL", options.model, "the artefact to load")->required();
  app.add_option("--function", options.function,
                 "the entry to run (default: the only one, or \"fused\")");
  auto many = [&](const char *name, std::vector<std::string> &values, const char *text) {
    app.add_option(name, values, text)->allow_extra_args(false);
  };
  many("--input", options.inputs,
       "@x.npz (by name), NAME=@x.npy, NAME=1x3xf32=0.5, or without NAME in the entry's order");
  many("--output", options.outputs, "@o.npz (all) or NAME=@o.npy: where to write outputs");
  many("--expected_output", options.expectedOutputs,
       "@e.npz or NAME=@e.npy: what outputs have to be like");
  auto tolerance = [&](const char *name, std::optional<double> &value, const char *text) {
    app.add_option_function<double>(name, [&value](double given) { value = given; }, text)
        ->check(CLI::NonNegativeNumber);
  };
  tolerance("--atol", options.absoluteTolerance,
            "largest absolute difference (default: f32 and f64 1e-4, f16 1e-3, bf16 1e-2)");
  tolerance("--rtol", options.relativeTolerance,
            "and relative to the expected value on top (default: 1e-5)");
  app.add_flag("--describe{table}", options.describe,
               "say what the file holds and end; --describe=json for programs")
      ->check(CLI::IsMember({"table", "json"}));
  app.add_option("--trace", options.trace,
                 "write a trace of the (last) run for chrome://tracing or Perfetto");
  app.add_option("--threads", options.threads, "threads of the run (default: the cores)")
      ->check(CLI::Range(1, 1024));
  app.add_flag("!--no-verify", options.verify, "do not check the hashes of the weights");
  app.add_flag("--each", options.each,
               "inputs hold N times the entry's first dim: run N times, join the outputs");
  CLI::Option *route = app.add_flag(
      "--route", options.route,
      "inputs hold any number of clips: each goes to the entry that needs only what it has and "
      "gives the most outputs; inputs not given are absent");
  for (const char *other : {"--function", "--each", "--trace"})
    route->excludes(app.get_option(other));
  app.add_option("--present", options.present,
                 "with --route, INPUT=@x.npy: which clips have the input (bool, one per clip)")
      ->allow_extra_args(false)
      ->needs(route);
  app.add_flag("--nan-is-absent", options.nanIsAbsent,
               "with --route: a clip of nothing but NaN lacks the input")
      ->needs(route);
  app.add_option_function<std::string>(
         "--device",
         [&](const std::string &given) {
           options.device = given == "cpu" ? ZORRO_NO_DEVICE : int32_t(std::stol(given));
         },
         "where to run: the number of an NVIDIA GPU (default: 0), or \"cpu\"; with --describe, "
         "the device to look at")
      ->check([](const std::string &given) {
        bool number = !given.empty() && given.size() <= 3 &&
                      given.find_first_not_of("0123456789") == std::string::npos;
        return number || given == "cpu" ? std::string()
                                        : "expected a number or cpu but got '" + given + "'";
      });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  return std::nullopt;
}
