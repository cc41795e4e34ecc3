//===- Import.cpp - From an ONNX file to the onnx dialect ---------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Reads the file, checks the model as a whole, and turns every refusal into one diagnostic.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/Import.h"
#include "dialects/Onnx/Import/Failure.h"
#include "dialects/Onnx/Import/GraphImporter.h"
#include "dialects/Onnx/Import/WireScan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/defs/parser.h>
#include <onnx/defs/schema.h>

using namespace llvm;
using namespace mlir;
using namespace zorro;
using namespace zorro::onnx;

constexpr uint64_t kMaxTextBytes = 64 << 20;
constexpr int64_t kMaxTextNesting = 200; // of brackets; the parser recurses on them

static std::string readText(const InputFile &file) {
  if (file.getSize() == 0)
    malformed("the file is empty");
  if (file.getSize() > kMaxTextBytes)
    beyondLimit("expected at most 64 MiB of text but the file has " + Twine(file.getSize()) +
                " bytes");
  std::string text(file.getSize(), '\0');
  if (Error error = file.read(0, MutableArrayRef(text.data(), text.size())))
    malformed(toString(std::move(error)));
  // The parser takes a C string.
  if (text.find('\0') != std::string::npos)
    malformed("expected text but got a zero byte");
  int64_t nesting = 0;
  for (char c : text) {
    nesting += c == '(' || c == '{' || c == '[' || c == '<';
    nesting -= c == ')' || c == '}' || c == ']' || c == '>';
    if (nesting > kMaxTextNesting)
      beyondLimit("expected at most " + Twine(kMaxTextNesting) +
                  " brackets within each other");
  }
  return text;
}

static void parseModel(StringRef path, const InputFile &file, const ImportOptions &options,
                       ::onnx::ModelProto &model) {
  if (path.ends_with(".onnxtxt")) {
    std::string text = readText(file);
    auto status = ::onnx::OnnxParser::Parse(model, text.c_str());
    if (!status.IsOK()) {
      StringRef message = status.ErrorMessage();
      message.consume_front("[ParseError at position ");
      malformed("expected ONNX text: at " + message.split('\n').first.trim());
    }
    return;
  }
  google::protobuf::LogSilencer silence; // its remarks would be a second message
  std::string bytes = scanModel(file, options);
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(bytes.data()), int(bytes.size()));
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    malformed("expected an ONNX model in protobuf form (subgraphs nested too deeply give this "
              "error too)");
}

static void checkModel(const ::onnx::ModelProto &model) {
  if (!model.has_graph())
    malformed("expected an ONNX model but got a file without a graph");
  // Newer than libonnx: its meaning is not known. 0 and less: never given out.
  if (model.ir_version() < 1)
    malformed("the model has IR version " + Twine(model.ir_version()) + ", expected at least 1");
  if (model.ir_version() > ::onnx::IR_VERSION)
    unsupported("the model has IR version " + Twine(model.ir_version()) +
                ", the newest one supported is " + Twine(int64_t(::onnx::IR_VERSION)));
  if (model.graph().node_size() == 0 && model.graph().output_size() == 0)
    malformed("the graph is empty");
}

static OwningOpRef<ModuleOp> import(StringRef path, const ImportOptions &options,
                                    MLIRContext &context) {
  InputFile file = orRefuse(InputFile::open(path), "cannot read the model");
  ::onnx::ModelProto model;
  parseModel(path, file, options, model);
  checkModel(model);

  context.loadDialect<OnnxDialect, ZorroDialect, arith::ArithDialect, func::FuncDialect>();
  StringRef name = sys::path::filename(path);
  Builder builder(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(NameLoc::get(builder.getStringAttr(name)));
  WeightDigest digest =
      orRefuse(WeightReader::digest(file, 0, file.getSize(), Type()), "cannot read the model");
  (*module)->setAttr(kPhaseAttr, builder.getStringAttr("imported"));
  (*module)->setAttr("zorro.source", builder.getStringAttr(name));
  (*module)->setAttr("zorro.source_hash", builder.getStringAttr(digest.hash));
  TensorImporter tensors(path, file, options, *module);
  GraphImporter(model, options, tensors, *module).importMain();
  return module;
}

FailureOr<OwningOpRef<ModuleOp>> zorro::onnx::importModel(StringRef path,
                                                          const ImportOptions &options,
                                                          MLIRContext &context,
                                                          ImportStatus &status) {
  status = {};
  try {
    OwningOpRef<ModuleOp> module = import(path, options, context);
    if (succeeded(verify(*module)))
      return module;
    status = {ImportFailure::Internal, "the imported module is not valid"};
    return failure();
  } catch (const Refusal &refusal) {
    status = {refusal.failure, refusal.message};
  } catch (const std::bad_alloc &) {
    status = {ImportFailure::Limit, "there is not enough memory for the model"};
  } catch (const std::exception &error) {
    status = {ImportFailure::Malformed,
              StringRef(error.what()).split('\n').first.trim().str()};
  } catch (...) {
    status = {ImportFailure::Internal, "an unexpected error came up"};
  }
  status.message = printable(status.message);
  emitError(NameLoc::get(StringAttr::get(&context, path))) << status.message;
  return failure();
}
