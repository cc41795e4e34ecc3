//===- WireScan.h - A model's structure without its bulk ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Walks the wire format of a ModelProto and leaves out the bytes of large tensors, so that neither
// protobuf nor libonnx ever holds a weight.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_IMPORT_WIRESCAN_H
#define ZORRO_DIALECTS_ONNX_IMPORT_WIRESCAN_H

#include "dialects/Onnx/Import/Import.h"
#include "dialects/Zorro/InputFile.h"

#include <string>

namespace zorro::onnx {

/// Keys of the external_data entries that stand for bytes left out, which lie in the model file
/// itself. A file that uses them is refused.
constexpr llvm::StringLiteral kInlineOffset = "zorro.offset";
constexpr llvm::StringLiteral kInlineLength = "zorro.length";

/// Tensors of at most this many bytes keep their data.
constexpr uint64_t kKeptBytes = 1024;

/// The serialised ModelProto in `file`, with every raw_data (or packed float_data, double_data) of
/// more than kKeptBytes replaced by its place in the file. Refuses what is not well-formed.
std::string scanModel(const InputFile &file, const ImportOptions &options);

} // namespace zorro::onnx

#endif // ZORRO_DIALECTS_ONNX_IMPORT_WIRESCAN_H
