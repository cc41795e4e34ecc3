//===- Control.cpp - Branches, ends and barriers of a CTA -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Lanes.h"

namespace zorro::ptx {

namespace {

void nothing(Warp &, const Instruction &, uint32_t) {}
void branch(Warp &warp, const Instruction &, uint32_t mask) { warp.taken = mask; }
void end(Warp &warp, const Instruction &, uint32_t mask) { warp.ended = mask; }
void trap(Warp &warp, const Instruction &i, uint32_t mask) {
  warp.cta->fail(warp, i, "was reached", __builtin_ctz(mask));
}

/// The value of an operand that must be the same in all lanes.
bool uniform(Warp &warp, const Instruction &i, uint32_t operand, uint32_t mask, uint32_t &value) {
  const uint32_t *values = warp.reg<uint32_t>(operand);
  value = values[__builtin_ctz(mask)];
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    if (values[__builtin_ctz(rest)] != value) {
      warp.cta->fail(warp, i, "names different barriers or counts in the lanes of a warp",
                     __builtin_ctz(rest));
      return false;
    }
  return true;
}

template <bool Waits> void ctaBarrier(Warp &warp, const Instruction &i, uint32_t mask) {
  if (mask != warp.live) {
    warp.cta->fail(warp, i, "is a divergent barrier: some lanes of the warp do not take part",
                   __builtin_ctz(mask));
    return;
  }
  uint32_t id = 0, threads = 0;
  if (uniform(warp, i, i.op[0], mask, id) && uniform(warp, i, i.op[1], mask, threads))
    warp.cta->arrive(warp, i, id, threads, Waits);
}

void warpBarrier(Warp &warp, const Instruction &, uint32_t) { warp.cta->advance(warp); }

bool bra(Decoder &decoder) {
  decoder.take("uni");
  if (!decoder.expectOperands(1) || decoder.operands[0].kind != Operand::kSymbol)
    return decoder.fail("expected a label");
  decoder.label = decoder.operands[0].name;
  decoder.inst.branch = true;
  decoder.inst.run = branch;
  return true;
}

bool bar(Decoder &decoder) {
  if (decoder.take("warp")) {
    if (!decoder.take("sync") || !decoder.expectOperands(1))
      return false;
    decoder.inst.members = int32_t(decoder.source(0, Type::U32));
    decoder.inst.run = warpBarrier;
    return true;
  }
  decoder.takeAny({"cta", "aligned"});
  bool waits = decoder.take("sync");
  if (!waits && !decoder.take("arrive"))
    return false;
  if (!decoder.expectOperands(waits ? 1 : 2, 2))
    return false;
  decoder.inst.op[0] = decoder.source(0, Type::U32);
  decoder.inst.op[1] = decoder.operandCount() > 1
                           ? decoder.source(1, Type::U32)
                           : decoder.builder.constant(Constant::kValue, 0, 4);
  decoder.inst.collective = true;
  decoder.inst.run = waits ? ctaBarrier<true> : ctaBarrier<false>;
  return true;
}

/// The tick up to which the warp's writes are visible to the engines beside it.
void fenceProxy(Warp &warp, const Instruction &, uint32_t) {
  warp.cta->fenced[warp.id] = warp.clock[warp.id];
  warp.cta->advance(warp);
}

bool fence(Decoder &decoder) {
  if (decoder.take("proxy")) {
    std::string kind =
        decoder.takeAny({"async", "async::generic", "alias", "tensormap", "tensormap::generic"});
    decoder.takeAny({"global", "shared::cta", "shared::cluster", "acquire", "release",
                     "sync_restrict::shared::cta", "sync_restrict::shared::cluster", "cta",
                     "cluster", "gpu", "sys"});
    decoder.inst.run = kind == "async" ? fenceProxy : nothing;
    if (kind == "tensormap" || kind == "tensormap::generic" || kind.empty())
      return false;
    return true;
  }
  decoder.takeAny({"sc", "acq_rel", "acquire", "release", "cta", "cluster", "gpu", "sys",
                   "mbarrier_init", "gl", "sync_restrict::shared::cta",
                   "sync_restrict::shared::cluster"});
  decoder.inst.run = nothing;
  return decoder.expectOperands(0);
}

bool ended(Decoder &decoder) {
  decoder.take("uni");
  decoder.inst.run = end;
  return decoder.expectOperands(0);
}

bool setmaxnreg(Decoder &decoder) {
  bool known = decoder.take("inc") || decoder.take("dec");
  uint64_t count = decoder.immediate(0);
  if (!known || !decoder.take("sync") || !decoder.take("aligned") || !decoder.take("u32"))
    return false;
  if (count % 8 || count < 24 || count > 256)
    return decoder.fail("expected a multiple of 8 from 24 to 256 registers but got " +
                        std::to_string(count));
  decoder.inst.collective = true;
  decoder.inst.run = nothing;
  return true;
}

} // namespace

void addControl(DecodeTable &table) {
  table["bra"] = bra;
  table["ret"] = ended;
  table["exit"] = ended;
  table["trap"] = [](Decoder &d) {
    d.inst.run = trap;
    return d.expectOperands(0);
  };
  table["bar"] = bar;
  table["barrier"] = bar;
  table["fence"] = fence;
  table["membar"] = fence;
  table["setmaxnreg"] = setmaxnreg;
  table["nanosleep"] = [](Decoder &d) {
    d.inst.run = nothing;
    return d.take("u32") && d.expectOperands(1);
  };
  // Launches do not overlap here.
  table["griddepcontrol"] = [](Decoder &d) {
    d.inst.run = nothing;
    return (d.take("wait") || d.take("launch_dependents")) && d.expectOperands(0);
  };
}

} // namespace zorro::ptx
