//===- Inputs.h - Inputs from the command line --------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reads what --input names and puts it in the entry's order.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_INPUTS_H
#define ZORRO_TOOLS_ZORRO_RUN_INPUTS_H

#include "tools/npy/Npz.h"

namespace zorro::run {

/// A file named on the command line: "NAME=@x.npy", "@x.npz".
struct FileSpec {
  std::string name; // may be empty
  std::string path;
  bool isNpz() const;
};

/// Splits "NAME=@PATH"; false if there is no "@" where one has to be. Names may hold "=".
bool parseFileSpec(const std::string &text, FileSpec &spec);

/// Reads `specs` into `given`, one place for each input of `entry`; shapes are not checked, and
/// inputs may be missing. In a .npz, arrays that only other entries of the model take are passed over.
npy::MaybeFailure collectInputs(const std::vector<std::string> &specs,
                                const zorro_model_desc &model, const zorro_entry_desc &entry,
                                std::vector<std::optional<npy::Array>> &given);

/// Reads `specs` into `arrays`, one for each input of `entry` in its order, types and trailing dims
/// checked.
/// `runs` is 1, or with `each` the number of times that the entry's first dim goes into theirs.
npy::MaybeFailure readInputs(const std::vector<std::string> &specs, const zorro_model_desc &model,
                             const zorro_entry_desc &entry, bool each,
                             std::vector<npy::Array> &arrays, int64_t &runs);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_INPUTS_H
