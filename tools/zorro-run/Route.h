//===- Route.h - A batch of clips, some of which lack a modality --------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reads the clips, says which inputs each has, runs every clip by the entry that suits it, and puts
// the outputs together again.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TOOLS_ZORRO_RUN_ROUTE_H
#define ZORRO_TOOLS_ZORRO_RUN_ROUTE_H

#include "runtime/Core/Zorro.hpp"
#include "tools/npy/Npz.h"
#include "tools/zorro-run/Options.h"
#include "tools/zorro-run/Routing.h"

#include <cstdio>

namespace zorro::run {

/// Clips: rows of the batch axis of whatever inputs are given.
struct Clips {
  int64_t count = 0;
  std::vector<std::optional<npy::Array>> inputs; // by place in the signature
  std::vector<std::vector<bool>> present;        // [clip][input]
};

/// Reads --input and --present. An input that is not given is absent in every clip; with
/// `nanIsAbsent` also in clips where it is nothing but NaN.
npy::MaybeFailure readClips(const Options &options, const zorro_model_desc &model,
                            const Signature &signature, Clips &clips);

/// Clips in groups, by entry.
struct Routes {
  std::vector<std::vector<int64_t>> clips; // [entry], ascending
};

/// Fails on the first clip that no entry can take.
npy::MaybeFailure findRoutes(const zorro_model_desc &model, const Signature &signature,
                             const Clips &clips, Routes &routes);

/// The outputs that at least one clip gets; all of them if there is no clip.
std::vector<zorro_tensor_desc> givenOutputs(const zorro_model_desc &model,
                                            const Signature &signature, const Routes &routes);

/// Runs all groups, `signature.batch` clips at a time in their order; the last batch is filled up
/// with its last clip. Rows that no entry gives are NaN. Outputs that no route gives are left out.
npy::MaybeFailure runRoutes(const Model &model, const Options &options, const Signature &signature,
                            const Clips &clips, const Routes &routes,
                            std::vector<npy::NamedArray> &outputs);

/// How many clips went where, and which outputs some of them lack.
void printRoutes(const zorro_model_desc &model, const Routes &routes, int64_t clips,
                 const std::vector<npy::NamedArray> &outputs, FILE *to);

} // namespace zorro::run

#endif // ZORRO_TOOLS_ZORRO_RUN_ROUTE_H
