//===- Run.cpp - Runs a kernel over its grid ------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Cta.h"

#include <cstring>

namespace zorro::ptx {

const std::vector<Kernel> &Module::kernels() const { return program_->kernels; }

const Kernel *Module::kernel(std::string_view name) const {
  for (const Kernel &kernel : program_->kernels)
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

/// Puts a module's variables into memory, once.
static const std::vector<uint64_t> &globalsOf(const Program &program, Memory &memory) {
  auto [place, fresh] = memory.globals.try_emplace(program.id);
  if (!fresh)
    return place->second;
  std::vector<uint64_t> addresses;
  for (const Variable &variable : program.variables)
    addresses.push_back(variable.space == Space::Global ? memory.allocate(variable.size) : 0);
  for (size_t i = 0; i < addresses.size(); ++i) {
    const Variable &variable = program.variables[i];
    if (!addresses[i])
      continue;
    memory.write(addresses[i], variable.bytes.data(), variable.bytes.size());
    for (auto &[offset, index] : variable.pointers)
      memory.write(addresses[i] + offset, &addresses[index], 8);
  }
  return place->second = addresses;
}

uint64_t Module::global(std::string_view name, Memory &memory) const {
  for (size_t i = 0; i < program_->variables.size(); ++i)
    if (program_->variables[i].name == name && program_->variables[i].space == Space::Global)
      return globalsOf(*program_, memory)[i];
  return 0;
}

uint64_t Statistics::conflicts() const {
  uint64_t sum = 0;
  for (auto &entry : bankConflicts)
    sum += entry.second;
  return sum;
}

uint64_t Statistics::count(std::string_view prefix) const {
  uint64_t sum = 0;
  for (auto &[name, count] : opcodes)
    if (name.compare(0, prefix.size(), prefix) == 0)
      sum += count;
  return sum;
}

/// What the driver would refuse; empty if nothing.
static std::string refusal(const KernelCode &code, const Launch &launch) {
  const Kernel &kernel = code.info;
  auto number = [](uint64_t value) { return std::to_string(value); };
  const Dim3 &b = launch.block, &g = launch.grid;
  uint64_t threads = uint64_t(b.x) * b.y * b.z;
  if (!threads || threads > 1024 || b.z > 64)
    return "expected blocks of 1 to 1024 threads but got " + number(threads);
  if (!g.x || !g.y || !g.z || g.x > 0x7FFFFFFF || g.y > 65535 || g.z > 65535)
    return "expected a grid of at least one block and at most 2147483647 x 65535 x 65535 but got " +
           number(g.x) + " x " + number(g.y) + " x " + number(g.z);
  uint64_t most = uint64_t(kernel.maxThreads[0]) * kernel.maxThreads[1] * kernel.maxThreads[2];
  if (most && threads > most)
    return "expected at most " + number(most) + " threads (.maxntid) but got " + number(threads);
  if (launch.params.size() != kernel.paramBytes)
    return "expected " + number(kernel.paramBytes) + " bytes of parameters but got " +
           number(launch.params.size());
  if (kernel.staticShared > 48 * 1024)
    return "expected at most 49152 bytes of static shared memory but got " +
           number(kernel.staticShared);
  if (uint64_t(kernel.staticShared) + launch.dynamicShared > 227 * 1024)
    return "expected at most 232448 bytes of shared memory but got " +
           number(uint64_t(kernel.staticShared) + launch.dynamicShared);
  return "";
}

std::optional<Statistics> run(const Module &module, std::string_view name, const Launch &launch,
                              Memory &memory, std::string &error) {
  const Program &program = module.program();
  const KernelCode *code = nullptr;
  for (const KernelCode &each : program.codes)
    if (each.info.name == name)
      code = &each;
  if (!code) {
    error = "expected a kernel of the module but got '" + std::string(name) + "'";
    return std::nullopt;
  }
  error = refusal(*code, launch);
  if (!error.empty()) {
    error = "kernel " + code->info.name + ": " + error;
    return std::nullopt;
  }
  globalsOf(program, memory);
  std::vector<uint64_t> counts(program.opcodes.size(), 0), conflicts(program.opcodes.size(), 0);
  Cta cta(program, *code, launch, memory, counts, conflicts);
  for (uint32_t z = 0; z < launch.grid.z; ++z)
    for (uint32_t y = 0; y < launch.grid.y; ++y)
      for (uint32_t x = 0; x < launch.grid.x; ++x) {
        Dim3 at{x, y, z};
        if (launch.select && !launch.select(at))
          continue;
        if (launch.beforeCta)
          launch.beforeCta(at);
        error = cta.run(at);
        if (!error.empty())
          return std::nullopt;
      }
  Statistics statistics;
  statistics.laneInstructions = cta.laneInstructions;
  for (size_t i = 0; i < counts.size(); ++i) {
    statistics.warpInstructions += counts[i];
    if (counts[i])
      statistics.opcodes[program.opcodes[i]] += counts[i];
    if (conflicts[i])
      statistics.bankConflicts[program.opcodes[i]] += conflicts[i];
  }
  return statistics;
}

} // namespace zorro::ptx
