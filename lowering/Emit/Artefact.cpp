//===- Artefact.cpp - Writing an artefact -----------------------------------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Emit/Artefact.h"

#include "dialects/Zorro/WeightFile.h"
#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Kernels.h"
#include "lowering/Emit/Descriptor.h"
#include "lowering/Emit/OutputFile.h"
#include "lowering/Gpu/Kernels.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/MathExtras.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace mlir;
using namespace zorro;

llvm::StringRef zorro::getCompilerVersion() {
  return "zorro 0.1.0 (LLVM " LLVM_VERSION_STRING ")";
}

static uint64_t segmentBytes(WeightOp weight) {
  RankedTensorType type = weight.getTensorType();
  return type.getNumElements() * bytesPerElement(type.getElementType());
}

static uint64_t offsetOf(Operation *op) {
  return op->getAttrOfType<IntegerAttr>(kOffsetAttr).getInt();
}

void zorro::assignWeightOffsets(ModuleOp module, bool withTables) {
  OpBuilder builder(module.getContext());
  uint64_t end = 0;
  auto put = [&](Operation *op, uint64_t size) {
    end = llvm::alignTo(end, ZORRO_ALIGN);
    op->setAttr(kOffsetAttr, builder.getI64IntegerAttr(end));
    end += size;
  };
  for (auto weight : module.getOps<WeightOp>())
    put(weight, segmentBytes(weight));
  if (withTables)
    for (auto table : module.getOps<TableOp>())
      put(table, table.getValues().size() * sizeof(int64_t));
}

//===----------------------------------------------------------------------------------------===//
// Descriptor
//===----------------------------------------------------------------------------------------===//

static std::optional<zorro_type> typeCode(Type type) {
  if (type.isF32())
    return ZORRO_F32;
  if (type.isF16())
    return ZORRO_F16;
  if (type.isBF16())
    return ZORRO_BF16;
  if (type.isF64())
    return ZORRO_F64;
  if (type.isInteger(1))
    return ZORRO_BOOL;
  bool isUnsigned = type.isUnsignedInteger();
  if (type.isInteger(8))
    return isUnsigned ? ZORRO_U8 : ZORRO_I8;
  if (type.isInteger(16))
    return isUnsigned ? ZORRO_U16 : ZORRO_I16;
  if (type.isInteger(32))
    return isUnsigned ? ZORRO_U32 : ZORRO_I32;
  if (type.isInteger(64))
    return isUnsigned ? ZORRO_U64 : ZORRO_I64;
  return std::nullopt;
}

/// The graph nodes behind a location: "/blocks.0/qkv, /blocks.0/Add", at most three.
static std::string sourceOf(Location loc) {
  SmallVector<StringRef> names;
  loc->walk([&](Location inner) {
    if (auto name = dyn_cast<NameLoc>(inner))
      if (!llvm::is_contained(names, name.getName().getValue()))
        names.push_back(name.getName().getValue());
    return WalkResult::advance();
  });
  if (names.size() > 3)
    names.resize(3);
  return llvm::join(names, ", ");
}

static LogicalResult describeTensors(func::FuncOp entry, StringRef attr,
                                     SmallVectorImpl<DescriptorWriter::Tensor> &tensors) {
  for (auto dict : entry->getAttrOfType<ArrayAttr>(attr).getAsRange<DictionaryAttr>()) {
    auto type = cast<RankedTensorType>(dict.getAs<TypeAttr>("type").getValue());
    auto code = typeCode(type.getElementType());
    StringRef name = dict.getAs<StringAttr>("name").getValue();
    if (!code || type.getRank() > ZORRO_MAX_RANK)
      return entry.emitError() << "unsupported: expected at most " << ZORRO_MAX_RANK
                               << " axes of a numeric type for '" << name << "' but got " << type;
    auto modality = dict.getAs<StringAttr>("modality");
    tensors.push_back({name, modality ? modality.getValue() : "", *code, type.getShape()});
  }
  return success();
}

static FailureOr<std::vector<char>> describe(ModuleOp module, const ArtefactOptions &options) {
  DescriptorWriter writer;
  auto text = [&](StringRef name) {
    auto attr = module->getAttrOfType<StringAttr>(name);
    return attr ? attr.getValue() : StringRef();
  };
  std::string assumptions;
  if (auto list = module->getAttrOfType<ArrayAttr>("zorro.assumptions"))
    assumptions = llvm::join(
        llvm::map_range(list.getAsRange<StringAttr>(), [](StringAttr s) { return s.getValue(); }),
        "; ");
  writer.setHeader(options.cpuFeatures, getCompilerVersion(), text("zorro.source"),
                   text("zorro.source_hash"), options.cpu, options.arch, assumptions);

  llvm::StringMap<uint32_t> kernels, weights;
  for (auto func : module.getOps<func::FuncOp>()) {
    auto kind = func->getAttrOfType<StringAttr>(kKindAttr);
    if (!kind)
      continue;
    auto because = func->getAttrOfType<StringAttr>(kBecauseAttr);
    kernels.try_emplace(func.getSymName(), kernels.size());
    writer.addKernel(func.getSymName(), kind.getValue(),
                     because ? because.getValue() : "",
                     getScratchBytes(func));
  }
  for (auto func : module.getOps<LLVM::LLVMFuncOp>()) {
    auto number = [&](StringRef name) {
      return uint32_t(func->getAttrOfType<IntegerAttr>(name).getInt());
    };
    auto kind = func->getAttrOfType<StringAttr>(kKindAttr);
    auto because = func->getAttrOfType<StringAttr>(kBecauseAttr);
    DescriptorWriter::Grid grid{number(kThreadsAttr), number(kSharedAttr),
                                func.getNumArguments() - number(kMapsAttr), number(kMapsAttr)};
    kernels.try_emplace(func.getSymName(), kernels.size());
    writer.addKernel(func.getSymName(), kind.getValue(), because ? because.getValue() : "", grid);
  }
  for (auto weight : module.getOps<WeightOp>()) {
    weights.try_emplace(weight.getSymName(), weights.size());
    writer.addWeight(weight.getSymName(), offsetOf(weight), segmentBytes(weight));
  }
  for (auto func : module.getOps<func::FuncOp>()) {
    auto arena = func->getAttrOfType<IntegerAttr>(kArenaAttr);
    if (!arena)
      continue;
    SmallVector<DescriptorWriter::Tensor> inputs, outputs;
    SmallVector<DescriptorWriter::Launch> launches;
    llvm::SmallSetVector<uint32_t, 32> used;
    if (failed(describeTensors(func, kInputsAttr, inputs)) ||
        failed(describeTensors(func, kOutputsAttr, outputs)))
      return failure();
    for (auto launch : func.getOps<LaunchOp>()) {
      launches.push_back({kernels.lookup(launch.getKernel()), sourceOf(launch.getLoc()),
                          launch.getMultiplyAdds(), launch.getBytes()});
      for (auto place : launch.getPlaces().getAsRange<PlaceAttr>())
        if (place.getKind() == PlaceKind::Weight)
          used.insert(weights.lookup(place.getSymbol().getValue()));
    }
    SmallVector<uint32_t> indices(used.begin(), used.end());
    llvm::sort(indices);
    writer.addEntry(func.getSymName(), inputs, outputs, launches, indices, arena.getInt());
  }
  return writer.finish();
}

//===----------------------------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------------------------===//

namespace {
/// Writes the weight segment and hashes it chunk by chunk.
class SegmentWriter {
public:
  explicit SegmentWriter(OutputFile &file) : file(file) { XXH3_64bits_reset(&state); }

  void write(llvm::ArrayRef<char> bytes) {
    file.write(bytes);
    while (!bytes.empty()) {
      size_t step = std::min<size_t>(bytes.size(), ZORRO_WEIGHT_CHUNK - inChunk);
      XXH3_64bits_update(&state, bytes.data(), step);
      inChunk += step;
      size += step;
      bytes = bytes.drop_front(step);
      if (inChunk == ZORRO_WEIGHT_CHUNK)
        closeChunk();
    }
  }
  void padTo(uint64_t offset) {
    static const char zeros[ZORRO_ALIGN] = {};
    while (size < offset)
      write(llvm::ArrayRef(zeros, std::min<uint64_t>(ZORRO_ALIGN, offset - size)));
  }
  llvm::ArrayRef<uint64_t> finish() {
    if (inChunk)
      closeChunk();
    return chunks;
  }

  uint64_t size = 0;

private:
  void closeChunk() {
    chunks.push_back(XXH3_64bits_digest(&state));
    XXH3_64bits_reset(&state);
    inChunk = 0;
  }

  OutputFile &file;
  XXH3_state_t state;
  size_t inChunk = 0;
  std::vector<uint64_t> chunks;
};
} // namespace

template <typename T> static llvm::ArrayRef<char> bytesOf(llvm::ArrayRef<T> values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
}

static LogicalResult writeWeights(ModuleOp module, StringRef folder, SegmentWriter &segment) {
  WeightReader reader(folder);
  for (auto weight : module.getOps<WeightOp>()) {
    auto bytes = reader.readAll(weight);
    if (!bytes)
      return weight.emitError() << llvm::toString(bytes.takeError());
    applyRecipeToBytes(weight.getRecipeAttr(), cast<RankedTensorType>(weight.getStored()),
                       *bytes);
    segment.padTo(offsetOf(weight));
    segment.write(*bytes);
  }
  for (auto table : module.getOps<TableOp>()) {
    if (!table->hasAttr(kOffsetAttr)) // among the constants of the code
      continue;
    segment.padTo(offsetOf(table));
    segment.write(bytesOf(table.getValues()));
  }
  return success();
}

LogicalResult zorro::writeArtefact(ModuleOp module, llvm::ArrayRef<char> code,
                                   const ArtefactOptions &options) {
  auto descriptor = describe(module, options);
  if (failed(descriptor))
    return failure();
  OutputFile file(options.output, /*executable=*/true);
  if (!options.runner.empty()) {
    file.copyFrom(options.runner);
    file.padTo(ZORRO_PAGE);
  }
  uint64_t start = file.tell();

  zorro_footer footer = {};
  std::memcpy(footer.magic, ZORRO_FOOTER_MAGIC, sizeof(footer.magic));
  footer.abi_version = ZORRO_ABI_VERSION;
  footer.code_size = code.size();
  footer.code_hash = XXH3_64bits(code.data(), code.size());
  file.write(code);
  file.padTo(ZORRO_PAGE);

  footer.weights_offset = file.tell() - start;
  SegmentWriter segment(file);
  if (failed(writeWeights(module, options.folder, segment)))
    return failure();
  footer.weights_size = segment.size;
  llvm::ArrayRef<uint64_t> chunks = segment.finish();
  file.padTo(8);

  footer.descriptor_offset = file.tell() - start;
  footer.descriptor_size = descriptor->size();
  footer.descriptor_hash = XXH3_64bits(descriptor->data(), descriptor->size());
  file.write(*descriptor);

  footer.chunks_offset = file.tell() - start;
  footer.chunk_count = chunks.size();
  footer.chunks_hash = XXH3_64bits(chunks.data(), chunks.size() * sizeof(uint64_t));
  file.write(bytesOf(chunks));

  footer.artefact_size = file.tell() - start + sizeof(footer);
  footer.footer_hash = XXH3_64bits(&footer, offsetof(zorro_footer, footer_hash));
  file.write(bytesOf(llvm::ArrayRef(footer)));
  if (llvm::Error error = file.commit())
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}
