//===- Report.h - What a compilation tells of itself -----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The facts of one compilation, as the phases that it went through left them. A collector fills
// them in, a page shows them. What a compilation did not reach is empty.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_REPORT_REPORT_H
#define ZORRO_LOWERING_REPORT_REPORT_H

#include "dialects/Zorro/Zorro.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace zorro::report {

/// Multiply-adds; saturating.
struct Work {
  uint64_t live = 0;  // that the masks leave
  uint64_t dense = 0; // as if there were no mask

  Work &operator+=(const Work &other) {
    live = llvm::SaturatingAdd(live, other.live);
    dense = llvm::SaturatingAdd(dense, other.dense);
    return *this;
  }
};

struct TensorFacts {
  std::string name, modality, type; // "1×3×224×224 f32"
};

//===----------------------------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------------------------===//

/// A dependence of an output on an input.
struct DependenceFacts {
  unsigned input;
  bool conditional = false; // gone where no row loses all its keys at run time
  std::string why;          // one sentence
  std::vector<std::string> nodes; // from the output to the input
};

/// A part of an output, and the inputs that may influence it.
struct PartFacts {
  std::string box; // "[0…3, 0…31]"
  std::vector<unsigned> inputs;
};

struct OutputFacts {
  TensorFacts tensor;
  std::vector<DependenceFacts> depends; // by input, ascending
  std::vector<PartFacts> parts;
};

struct StreamFacts {
  std::vector<TensorFacts> inputs;
  std::vector<OutputFacts> outputs;
  std::vector<std::string> notes;       // dead inputs, operators without a rule, …
  std::vector<std::string> assumptions; // what the claims rest on
};

//===----------------------------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------------------------===//

struct MaskFacts {
  MaskAttr mask;
  /// Attention operations with this mask, by function: "main" is the source.
  std::map<std::string, std::vector<std::string>> users;
  std::map<std::string, unsigned> padded; // how many of them have padding
};

//===----------------------------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------------------------===//

/// Tokens of a sequence that are kept.
struct SequenceFacts {
  StreamsAttr streams;
  std::vector<int64_t> kept; // per stream
};

/// What the source has, or what an entry point kept of it.
struct SizeFacts {
  uint64_t operations = 0;
  uint64_t weights = 0, weightBytes = 0;
  Work work;
};

struct LayerFacts {
  std::string name;
  Work work;
  uint64_t launches = 0;
};

struct EntryFacts {
  std::string name;
  std::vector<TensorFacts> inputs, outputs;
  std::vector<SequenceFacts> sequences; // of the source
  std::optional<SizeFacts> size;        // phase special
  uint64_t dead = 0, narrowed = 0;      // operations of the source
  std::vector<std::pair<std::string, uint64_t>> workByStream;

  uint64_t calls = 0; // phase fused
  std::vector<LayerFacts> layers;
  std::map<std::string, uint64_t> workByKind;

  bool planned = false; // phase cpu
  uint64_t arenaBytes = 0, packedBytes = 0, packedWeights = 0;
  std::optional<uint64_t> arenaBound;
  uint64_t computed = 0; // multiply-adds, whole tiles
};

//===----------------------------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------------------------===//

struct KernelFacts {
  std::string name, kind, because;
  std::map<std::string, uint64_t> calls; // by entry
  std::map<std::string, uint64_t> work;  // multiply-adds by entry
  std::map<std::string, uint64_t> shapes; // of results, and how often
  std::vector<std::string> nodes;         // that it computes, each once
  std::optional<uint64_t> scratchBytes;
};

struct RemarkFacts {
  std::string node, text;
  std::vector<std::string> notes;
};

//===----------------------------------------------------------------------------------------===//
// All of it
//===----------------------------------------------------------------------------------------===//

struct Report {
  std::string model, hash, compiler, cpu, features, gpu, phase;
  std::vector<std::pair<std::string, std::string>> flags;
  std::vector<std::string> assumptions; // of this compilation, from the module
  std::string failure;                  // why it ended early, or ""

  std::optional<StreamFacts> streams;
  std::vector<MaskFacts> masks;
  std::vector<std::string> unmasked; // nodes of attention without a mask, in the source
  std::optional<SizeFacts> source;   // all outputs, at phase zorro
  std::vector<EntryFacts> entries;
  std::vector<KernelFacts> kernels;
  std::vector<RemarkFacts> remarks;

  EntryFacts &getEntry(llvm::StringRef name);
  KernelFacts &getKernel(llvm::StringRef name);
};

} // namespace zorro::report

#endif // ZORRO_LOWERING_REPORT_REPORT_H
