//===- Describe.cpp - What an artefact holds ---------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The JSON has the field names of the public structs in Zorro.h.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Describe.h"

#include "tools/npy/Npy.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

using namespace zorro;
using Json = nlohmann::ordered_json;

/// "1.2 MB", in powers of 1000; without a unit "1.2 M".
static std::string amount(uint64_t value, const char *unit) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  double scaled = double(value);
  size_t step = 0;
  for (; scaled >= 999.5 && step + 1 < std::size(prefixes); ++step)
    scaled /= 1000;
  char text[64];
  const char *space = *prefixes[step] || *unit ? " " : "";
  snprintf(text, sizeof(text), step ? "%.3g%s%s%s" : "%.0f%s%s%s", scaled, space, prefixes[step],
           unit);
  return text;
}

static std::string shape(const zorro_tensor_desc &tensor) {
  return npy::shapeText(tensor.type,
                        std::vector<int64_t>(tensor.dims, tensor.dims + tensor.rank));
}

/// Rows of cells; columns become as wide as they need to be, the last one stays free.
static std::string table(const std::vector<std::vector<std::string>> &rows) {
  std::vector<size_t> widths;
  for (const auto &row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      widths.resize(std::max(widths.size(), row.size()));
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string text;
  for (const auto &row : rows) {
    std::string line = "  ";
    for (size_t i = 0; i < row.size(); ++i)
      line += row[i] + (i + 1 < row.size() ? std::string(widths[i] - row[i].size() + 2, ' ') : "");
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

static uint64_t weightBytes(const zorro_model_desc &model, const zorro_entry_desc &entry) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < entry.weight_count; ++i)
    bytes += model.weights[entry.weights[i]].bytes;
  return bytes;
}

/// In how many places of all entries kernel `index` is launched.
static uint64_t launchCount(const zorro_model_desc &model, uint32_t index) {
  uint64_t count = 0;
  for (uint32_t e = 0; e < model.entry_count; ++e)
    for (uint32_t i = 0; i < model.entries[e].launch_count; ++i)
      count += model.entries[e].launches[i].kernel == index;
  return count;
}

std::string run::describeAsTable(const zorro_model_desc &model) {
  auto orNone = [](const char *text) { return std::string(*text ? text : "none"); };
  const bool onGpu = model.target == ZORRO_TARGET_CUDA;
  std::vector<std::vector<std::string>> facts = {{"source", model.source},
                                                 {"compiler", model.compiler},
                                                 {"source hash", model.source_hash}};
  if (onGpu)
    facts.push_back({"GPU", model.arch});
  if (*model.device)
    facts.push_back({"device", model.device});
  facts.insert(facts.end(), {{"CPU", model.cpu},
                             {"needs", orNone(model.cpu_features)},
                             {"assumes", orNone(model.assumptions)},
                             {"code", amount(model.code_bytes, "B")},
                             {"weights", amount(model.weight_bytes, "B")}});
  std::string text = table(facts);
  for (uint32_t e = 0; e < model.entry_count; ++e) {
    const zorro_entry_desc &entry = model.entries[e];
    text += "\nentry " + std::string(entry.name) + "\n";
    std::vector<std::vector<std::string>> rows;
    for (uint32_t i = 0; i < entry.input_count; ++i) {
      const zorro_tensor_desc &input = entry.inputs[i];
      rows.push_back({"input", input.name, shape(input),
                      *input.modality ? "modality " + std::string(input.modality) : ""});
    }
    for (uint32_t i = 0; i < entry.output_count; ++i)
      rows.push_back({"output", entry.outputs[i].name, shape(entry.outputs[i]), ""});
    text += table(rows);
    text += table({{"work", amount(entry.multiply_adds, "") + " multiply-adds in " +
                                std::to_string(entry.launch_count) +
                                (entry.launch_count == 1 ? " launch" : " launches")},
                   {"memory", "arena " + amount(entry.arena_bytes, "B") +
                                  (onGpu ? ""
                                         : ", scratch " + amount(entry.scratch_bytes, "B") +
                                               " a thread")},
                   {"weights", amount(weightBytes(model, entry), "B") + " in " +
                                   std::to_string(entry.weight_count)}});
  }
  std::vector<std::vector<std::string>> kernels, weights;
  for (uint32_t i = 0; i < model.kernel_count; ++i) {
    const zorro_kernel_desc &kernel = model.kernels[i];
    std::vector<std::string> row = {kernel.kind, std::to_string(launchCount(model, i)) + "x"};
    if (onGpu)
      row.insert(row.end(), {std::to_string(kernel.threads) + " threads",
                             "shared " + amount(kernel.shared_bytes, "B")});
    row.insert(row.end(), {kernel.name, kernel.reason});
    kernels.push_back(std::move(row));
  }
  for (uint32_t i = 0; i < model.weight_count; ++i)
    weights.push_back({amount(model.weights[i].bytes, "B"), model.weights[i].name});
  return text + "\nkernels " + std::to_string(kernels.size()) + "\n" + table(kernels) +
         "\nweights " + std::to_string(weights.size()) + "\n" + table(weights);
}

static Json tensorsAsJson(const zorro_tensor_desc *tensors, uint32_t count, bool inputs) {
  Json result = Json::array();
  for (uint32_t i = 0; i < count; ++i) {
    Json tensor = {{"name", tensors[i].name}};
    if (inputs)
      tensor["modality"] = tensors[i].modality;
    tensor["type"] = zorro_type_name(tensors[i].type);
    tensor["dims"] =
        std::vector<int64_t>(tensors[i].dims, tensors[i].dims + tensors[i].rank);
    tensor["bytes"] = tensors[i].bytes;
    result.push_back(std::move(tensor));
  }
  return result;
}

std::string run::describeAsJson(const zorro_model_desc &model) {
  Json entries = Json::array(), kernels = Json::array(), weights = Json::array();
  for (uint32_t e = 0; e < model.entry_count; ++e) {
    const zorro_entry_desc &entry = model.entries[e];
    Json launches = Json::array(), used = Json::array();
    for (uint32_t i = 0; i < entry.launch_count; ++i)
      launches.push_back({{"kernel", entry.launches[i].kernel},
                          {"source", entry.launches[i].source},
                          {"multiply_adds", entry.launches[i].multiply_adds},
                          {"bytes", entry.launches[i].bytes}});
    for (uint32_t i = 0; i < entry.weight_count; ++i)
      used.push_back(entry.weights[i]);
    entries.push_back({{"name", entry.name},
                       {"inputs", tensorsAsJson(entry.inputs, entry.input_count, true)},
                       {"outputs", tensorsAsJson(entry.outputs, entry.output_count, false)},
                       {"arena_bytes", entry.arena_bytes},
                       {"scratch_bytes", entry.scratch_bytes},
                       {"multiply_adds", entry.multiply_adds},
                       {"weight_bytes", weightBytes(model, entry)},
                       {"weights", std::move(used)},
                       {"launches", std::move(launches)}});
  }
  for (uint32_t i = 0; i < model.kernel_count; ++i) {
    const zorro_kernel_desc &kernel = model.kernels[i];
    kernels.push_back({{"name", kernel.name},
                       {"kind", kernel.kind},
                       {"reason", kernel.reason},
                       {"scratch_bytes", kernel.scratch_bytes},
                       {"threads", kernel.threads},
                       {"shared_bytes", kernel.shared_bytes},
                       {"words", kernel.words},
                       {"maps", kernel.maps},
                       {"launches", launchCount(model, i)}});
  }
  for (uint32_t i = 0; i < model.weight_count; ++i)
    weights.push_back({{"name", model.weights[i].name}, {"bytes", model.weights[i].bytes}});
  Json result = {{"compiler", model.compiler},
                 {"source", model.source},
                 {"source_hash", model.source_hash},
                 {"target", model.target == ZORRO_TARGET_CUDA ? "cuda" : "cpu"},
                 {"arch", model.arch},
                 {"device", model.device},
                 {"cpu", model.cpu},
                 {"cpu_features", model.cpu_features},
                 {"assumptions", model.assumptions},
                 {"code_bytes", model.code_bytes},
                 {"weight_bytes", model.weight_bytes},
                 {"entries", std::move(entries)},
                 {"kernels", std::move(kernels)},
                 {"weights", std::move(weights)}};
  return result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}
