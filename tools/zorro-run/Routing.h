//===- Routing.h - Which entry a clip goes to ---------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The entries of an artefact are cut to different modalities. A clip goes to one that needs only
// what the clip has.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_ROUTING_H
#define ZORRO_TOOLS_ZORRO_RUN_ROUTING_H

#include "tools/npy/Npy.h"

namespace zorro::run {

/// Every input and output of a model's entries, once, as if of one entry.
struct Signature {
  std::vector<zorro_tensor_desc> inputs, outputs;
  zorro_entry_desc entry = {}; // views of the two
  int64_t batch = 1;           // first dim of every input

  /// Place of an input or output by name; it has to be there.
  static uint32_t find(const std::vector<zorro_tensor_desc> &tensors, const char *name);
};

/// Refuses entries that disagree on a tensor, and inputs that have no common batch axis.
npy::MaybeFailure uniteEntries(const zorro_model_desc &model, Signature &signature);

/// The entry that needs only inputs that are `present` (by place in the signature) and gives the
/// most outputs; among equals the one that uses the most inputs, then the first. Nothing where none
/// fits.
std::optional<uint32_t> chooseEntry(const zorro_model_desc &model, const Signature &signature,
                                    const std::vector<bool> &present);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_ROUTING_H
