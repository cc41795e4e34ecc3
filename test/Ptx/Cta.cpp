//===- Cta.cpp - Runs the warps of a CTA ----------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Cta.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace zorro::ptx {

namespace {
constexpr const char *kReconverge = "for the other lanes of the warp";

std::string triple(uint32_t x, uint32_t y, uint32_t z) {
  return "(" + std::to_string(x) + ", " + std::to_string(y) + ", " + std::to_string(z) + ")";
}
} // namespace

std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

Cta::Cta(const Program &program, const KernelCode &code, const Launch &launch, Memory &memory,
         std::vector<uint64_t> &counts, std::vector<uint64_t> &conflicts)
    : program(program), code(code), launch(launch), memory(memory), conflicts(conflicts),
      counts_(counts) {
  params = launch.params;
  firstCta_ = memory.ctas + 1;
}

/// The value of a special register that is the same for all threads.
static uint64_t specialOf(Special which, const Launch &launch, Dim3 at, unsigned warp,
                          unsigned lane, uint32_t sharedBytes) {
  uint32_t thread = warp * kLanes + lane;
  uint32_t below = (1u << lane) - 1, equal = 1u << lane;
  switch (which) {
  case kTidX:
    return thread % launch.block.x;
  case kTidY:
    return thread / launch.block.x % launch.block.y;
  case kTidZ:
    return thread / launch.block.x / launch.block.y;
  case kNtidX:
    return launch.block.x;
  case kNtidY:
    return launch.block.y;
  case kNtidZ:
    return launch.block.z;
  case kCtaidX:
    return at.x;
  case kCtaidY:
    return at.y;
  case kCtaidZ:
    return at.z;
  case kNctaidX:
    return launch.grid.x;
  case kNctaidY:
    return launch.grid.y;
  case kNctaidZ:
    return launch.grid.z;
  case kLaneid:
    return lane;
  case kWarpid:
    return warp;
  case kNwarpid:
    return (launch.block.x * launch.block.y * launch.block.z + kLanes - 1) / kLanes;
  case kSmid:
  case kClock:
    return 0;
  case kLanemaskEq:
    return equal;
  case kLanemaskLt:
    return below;
  case kLanemaskLe:
    return below | equal;
  case kLanemaskGt:
    return ~(below | equal);
  case kLanemaskGe:
    return ~below;
  case kDynamicSmem:
    return launch.dynamicShared;
  case kTotalSmem:
    return sharedBytes;
  }
  return 0;
}

void Cta::start() {
  uint32_t threads = launch.block.x * launch.block.y * launch.block.z;
  unsigned count = (threads + kLanes - 1) / kLanes;
  uint32_t dynamic = (kSharedBase + code.info.staticShared + code.dynamicAlign - 1) /
                     code.dynamicAlign * code.dynamicAlign;
  uint32_t sharedBytes = dynamic - kSharedBase + launch.dynamicShared;
  shared.reset(sharedBytes, count);
  memoryBarriers.clear();
  bulkCopies.clear();
  named_.clear();
  released_.assign(count, 0);
  fenced.assign(count, 0);
  parties_ = count;
  local.assign(size_t(code.localBytes) * count * kLanes, 0xFF);

  files_.resize(size_t(code.fileBytes) * count);
  // NaN in every float type, and no address.
  for (size_t i = 0; i + 1 < files_.size(); i += 2)
    files_[i] = 0xFF, files_[i + 1] = 0x7F;
  const std::vector<uint64_t> &globals = memory.globals[program.id];
  warps.clear();
  warps.resize(count);
  for (unsigned w = 0; w < count; ++w) {
    Warp &warp = warps[w];
    warp.cta = this;
    warp.id = w;
    warp.file = files_.data() + size_t(code.fileBytes) * w;
    uint32_t lanes = std::min(threads - w * kLanes, kLanes);
    warp.live = lanes == kLanes ? kAllLanes : (1u << lanes) - 1;
    warp.groups.push_back({0, warp.live, nullptr, -1});
    warp.clock.assign(count, 0);
    if (code.watchesRegisters) {
      warp.writesInFlight.assign(code.fileBytes / 64, 0);
      warp.readsInFlight.assign(code.fileBytes / 64, 0);
      warp.touched.assign(code.fileBytes / 64, 0);
    }
    for (const Constant &constant : code.constants)
      for (unsigned lane = 0; lane < kLanes; ++lane) {
        uint64_t value = constant.value;
        if (constant.kind == Constant::kGlobal)
          value = globals[constant.value >> 32] + uint32_t(constant.value);
        else if (constant.kind == Constant::kDynamicShared)
          value += dynamic;
        else if (constant.kind == Constant::kSpecial)
          value = specialOf(Special(constant.value), launch, at, w, lane, sharedBytes);
        for (unsigned i = 0; i < constant.bytes; ++i)
          warp.file[constant.offset + lane * constant.bytes + i] =
              i < 8 ? uint8_t(value >> 8 * i) : 0;
      }
  }
  for (Warp &warp : warps)
    advance(warp);
}

std::string Cta::run(Dim3 where) {
  at = where;
  ++memory.ctas;
  error_.clear();
  steps_ = 0;
  ticks_ = 0;
  start();
  unsigned idle = 0;
  while (true) {
    bool progress = false, alive = false;
    for (Warp &warp : warps) {
      if (warp.done())
        continue;
      alive = true;
      progress |= runWarp(warp);
      if (failed())
        return error_;
      if (steps_ > launch.limit)
        return "kernel " + code.info.name + ", CTA " + triple(at.x, at.y, at.z) +
               ": expected at most " + std::to_string(launch.limit) +
               " warp instructions but it is still running";
    }
    if (!alive)
      break;
    // A warp that only asks again may hide for a round that another of its groups did something.
    idle = progress ? 0 : idle + 1;
    if (idle < 3)
      continue;
    idle = 0;
    if (!landNext())
      return deadlock();
  }
  while (landNext())
    if (failed())
      return error_;
  return error_;
}

bool Cta::runWarp(Warp &warp) {
  // Instructions of a loop that does nothing but ask.
  constexpr uint64_t kLoop = 32;
  bool progress = false, moved = false, asked = false;
  std::vector<Group> &groups = warp.groups;
  for (Group &group : groups) {
    group.waits = nullptr;
    group.asks = -1;
  }
  for (unsigned budget = 4096; budget && !groups.empty(); --budget) {
    size_t index = 0;
    while (index < groups.size() && groups[index].waits)
      ++index;
    if (index == groups.size())
      break;
    Group &group = groups[index];
    if (group.pc >= code.code.size()) {
      fail(warp, code.code.back(), "runs past the end of the kernel");
      return true;
    }
    const Instruction &instruction = code.code[group.pc];
    if (instruction.collective && group.lanes != warp.live) {
      group.waits = kReconverge;
      continue;
    }
    uint32_t mask = group.lanes;
    if (instruction.predicate >= 0) {
      uint32_t holds = warp.predicate(uint32_t(instruction.predicate));
      mask &= instruction.negated ? ~holds : holds;
    }
    if (instruction.members >= 0 && mask) {
      uint32_t first = uint32_t(__builtin_ctz(mask));
      uint32_t need = warp.reg<uint32_t>(uint32_t(instruction.members))[first];
      if ((mask & need) != mask) {
        fail(warp, instruction, "is run by lanes that its member mask " + hex(need) + " lacks",
             __builtin_ctz(mask & ~need));
        return true;
      }
      if ((group.lanes & need) != (need & warp.live)) {
        group.waits = kReconverge;
        continue;
      }
    }
    warp.pc = group.pc;
    warp.lanes = group.lanes;
    ++warp.steps;
    if (code.watchesRegisters && mask && !watch(warp, instruction))
      return true;
    if (mask)
      instruction.run(warp, instruction, mask);
    if (failed())
      return true;
    if (warp.waits && !warp.asks) {
      group.waits = warp.waits;
      warp.waits = nullptr;
      continue;
    }
    ++steps_;
    ++counts_[instruction.opcode];
    laneInstructions += uint32_t(__builtin_popcount(mask));
    uint32_t at = group.pc, lanes = group.lanes;
    if (groups.size() == 1 && !warp.taken && !warp.ended)
      ++group.pc;
    else
      settle(warp, index, instruction);
    moved = true;
    if (!warp.asks)
      continue;
    for (Group &asking : groups)
      if (asking.lanes & lanes) {
        asking.waits = warp.waits;
        asking.asks = at;
      }
    asked = true;
    progress |= at != warp.askedAt || warp.steps - warp.askedAfter > kLoop;
    warp.askedAt = at;
    warp.askedAfter = warp.steps;
    warp.waits = nullptr;
    warp.asks = false;
  }
  progress |= moved && !asked;
  if (groups.empty()) {
    if (!warp.products.empty() || !warp.openProducts.empty())
      fail(warp, code.code.back(), "ends while products are in flight");
    if (!warp.stores.empty() || !warp.openStores.empty())
      fail(warp, code.code.back(), "ends while a bulk copy still reads shared memory");
    for (auto &entry : named_)
      releaseIfDue(entry.first);
  }
  return progress;
}

void Cta::settle(Warp &warp, size_t index, const Instruction &instruction) {
  std::vector<Group> &groups = warp.groups;
  uint32_t taken = warp.taken, ended = warp.ended, rest = groups[index].lanes & ~(taken | ended);
  uint32_t next = groups[index].pc + 1;
  warp.taken = warp.ended = 0;
  groups.erase(groups.begin() + long(index));
  auto put = [&](uint32_t pc, uint32_t lanes) {
    if (!lanes)
      return;
    auto place = std::lower_bound(groups.begin(), groups.end(), pc,
                                  [](const Group &g, uint32_t pc) { return g.pc < pc; });
    if (place != groups.end() && place->pc == pc) {
      place->lanes |= lanes;
      place->waits = nullptr;
      place->asks = -1;
    } else {
      groups.insert(place, {pc, lanes, nullptr, -1});
    }
  };
  put(instruction.target, taken);
  put(next, rest);
  if (ended) {
    warp.live &= ~ended;
    for (Group &group : groups)
      group.waits = nullptr;
  }
}

bool Cta::watch(Warp &warp, const Instruction &instruction) {
  if (!instruction.asynchronous && warp.inFlight) {
    for (uint32_t reg : instruction.reads)
      if (warp.writesInFlight[reg / 64]) {
        fail(warp, instruction, "reads a register that a product in flight will write");
        return false;
      }
    for (uint32_t reg : instruction.writes)
      if (warp.writesInFlight[reg / 64] || warp.readsInFlight[reg / 64]) {
        fail(warp, instruction, "writes a register that a product in flight uses");
        return false;
      }
  }
  // A copy of a register is as old as what it copies: ptxas may well make them one.
  bool copies = instruction.copy && instruction.reads.size() == 1 && instruction.predicate < 0;
  if (!instruction.asynchronous)
    for (uint32_t reg : instruction.writes)
      warp.touched[reg / 64] = copies ? warp.touched[instruction.reads[0] / 64] : warp.steps;
  return true;
}

bool Cta::landNext() {
  if (bulkCopies.empty())
    return false;
  BulkCopy copy = std::move(bulkCopies.front());
  bulkCopies.pop_front();
  auto found = memoryBarriers.find(copy.barrier);
  for (const BulkCopy::Piece &piece : copy.pieces) {
    uint32_t bytes = uint32_t(piece.data.size());
    std::memcpy(shared.data(piece.target), piece.data.data(), bytes);
    shared.setState(piece.target, bytes, Shared::kBulkLanded);
    if (found != memoryBarriers.end())
      found->second.landed.push_back({piece.target, bytes});
  }
  if (found != memoryBarriers.end()) {
    found->second.bytes -= copy.total;
    completeIfDue(found->second);
  }
  return true;
}

std::string Cta::where(const Warp &warp, int lane) const {
  std::string text = "kernel " + code.info.name + ", CTA " + triple(at.x, at.y, at.z);
  uint32_t thread = warp.id * kLanes + uint32_t(std::max(lane, 0));
  if (lane < 0)
    return text + ", warp " + std::to_string(warp.id);
  return text + ", thread " +
         triple(thread % launch.block.x, thread / launch.block.x % launch.block.y,
                thread / launch.block.x / launch.block.y);
}

void Cta::fail(Warp &warp, const Instruction &instruction, const std::string &what, int lane) {
  if (failed())
    return;
  std::string text =
      instruction.line - 1 < program.lines.size() ? program.lines[instruction.line - 1] : "";
  error_ =
      where(warp, lane) + ", line " + std::to_string(instruction.line) + ": `" + text + "` " + what;
}

std::string Cta::deadlock() {
  std::string text = "kernel " + code.info.name + ", CTA " + triple(at.x, at.y, at.z) + ": ";
  bool divergent = false;
  for (const Warp &warp : warps)
    if (warp.groups.size() > 1)
      divergent |= std::all_of(warp.groups.begin(), warp.groups.end(),
                               [](const Group &g) { return g.waits == kReconverge; });
  text += divergent ? "divergent barrier, no warp can go on" : "deadlock, no warp can go on";
  for (const Warp &warp : warps)
    for (const Group &group : warp.groups) {
      uint32_t line = code.code[group.asks >= 0 ? size_t(group.asks) : group.pc].line;
      text += "\n  warp " + std::to_string(warp.id) + ", lanes " + hex(group.lanes) + ", line " +
              std::to_string(line) + ": `" + program.lines[line - 1] + "` waits " +
              (group.waits ? group.waits : "for nothing");
    }
  return text;
}

} // namespace zorro::ptx
