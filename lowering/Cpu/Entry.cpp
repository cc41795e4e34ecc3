//===- Entry.cpp - Lists of launches into functions -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/Entry.h"

#include "dialects/Zorro/Zorro.h"
#include "lowering/Cpu/Kernels.h"
#include "runtime/Abi/Abi.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <cstddef>

using namespace mlir;
using namespace zorro;

namespace {

/// A builder for the little C-like code around kernels.
class Code : public ImplicitLocOpBuilder {
public:
  Code(Location loc, MLIRContext *context)
      : ImplicitLocOpBuilder(loc, context), ptr(LLVM::LLVMPointerType::get(context)),
        i8(getI8Type()), i32(getI32Type()), i64(getI64Type()) {}

  Value number(Type type, int64_t value) {
    return LLVM::ConstantOp::create(*this, type, getIntegerAttr(type, value));
  }
  Value at(Value base, int64_t bytes) {
    return bytes ? LLVM::GEPOp::create(*this, ptr, i8, base,
                                       ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(int32_t(bytes))})
                 : base;
  }
  /// `bytes` may exceed 32 bits.
  Value far(Value base, int64_t bytes) {
    return bytes ? LLVM::GEPOp::create(*this, ptr, i8, base,
                                       ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(number(i64, bytes))})
                 : base;
  }
  Value field(Value base, int64_t bytes, Type type) {
    return LLVM::LoadOp::create(*this, type, at(base, bytes));
  }
  /// A constant that other modules of the artefact may name, but nobody outside.
  LLVM::GlobalOp constant(Type type, StringRef name, Attribute value) {
    auto global = LLVM::GlobalOp::create(*this, type, /*isConstant=*/true,
                                         LLVM::Linkage::External, name, value);
    global.setVisibility_(LLVM::Visibility::Hidden);
    return global;
  }

  Type ptr, i8, i32, i64;
};

} // namespace

//===----------------------------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------------------------===//

/// The address of a place.
static FailureOr<Value> emitPlace(Code &c, Value frame, PlaceAttr place, LaunchOp launch,
                                  SymbolTable &symbols) {
  switch (place.getKind()) {
  case PlaceKind::Arena:
    return c.far(c.field(frame, offsetof(zorro_frame, arena), c.ptr), place.getOffset());
  case PlaceKind::Input:
  case PlaceKind::Output: {
    bool input = place.getKind() == PlaceKind::Input;
    int64_t list = input ? offsetof(zorro_frame, inputs) : offsetof(zorro_frame, outputs);
    Value array = c.field(frame, list, c.ptr);
    return c.far(c.field(array, 8 * place.getIndex(), c.ptr), place.getOffset());
  }
  case PlaceKind::Weight: {
    auto weight = symbols.lookup<WeightOp>(place.getSymbol().getValue());
    auto offset = weight ? weight->getAttrOfType<IntegerAttr>(kOffsetAttr) : IntegerAttr();
    if (!offset)
      return launch.emitOpError() << "expected a weight with an offset but got "
                                  << place.getSymbol();
    return c.far(c.field(frame, offsetof(zorro_frame, weights), c.ptr),
                 offset.getInt() + place.getOffset());
  }
  case PlaceKind::Table: {
    StringRef name = place.getSymbol().getValue();
    if (auto table = symbols.lookup<TableOp>(name))
      if (auto offset = table->getAttrOfType<IntegerAttr>(kOffsetAttr))
        return c.far(c.field(frame, offsetof(zorro_frame, weights), c.ptr),
                     offset.getInt() + place.getOffset());
    if (!symbols.lookup<LLVM::GlobalOp>(name))
      return launch.emitOpError() << "expected the name of a table but got " << place.getSymbol();
    return c.far(LLVM::AddressOfOp::create(c, c.ptr, name), place.getOffset());
  }
  }
  llvm_unreachable("all places are listed");
}

FailureOr<LLVM::LLVMFuncOp> zorro::lowerEntry(func::FuncOp entry) {
  SymbolTable symbols(entry->getParentOfType<ModuleOp>());
  Code c(entry.getLoc(), entry.getContext());
  SmallVector<LaunchOp> launches;
  int64_t words = 1;
  for (Operation &op : entry.getBody().front().without_terminator()) {
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      return op.emitOpError() << "expected launches only in the entry '" << entry.getName() << "'";
    launches.push_back(launch);
    words = std::max<int64_t>(words, launch.getPlaces().size() + launch.getScalars().size());
  }

  c.setInsertionPoint(entry);
  auto function = LLVM::LLVMFuncOp::create(c, ("zorro_entry_" + entry.getName()).str(),
                                           LLVM::LLVMFunctionType::get(c.i32, {c.ptr}));
  function.setVisibility_(LLVM::Visibility::Hidden);
  Block *block = function.addEntryBlock(c);
  Block *out = function.addBlock();
  Value status = out->addArgument(c.i32, entry.getLoc());
  c.setInsertionPointToStart(out);
  LLVM::ReturnOp::create(c, status);

  c.setInsertionPointToStart(block);
  Value frame = block->getArgument(0);
  Value arguments = LLVM::AllocaOp::create(c, c.ptr, c.i64, c.number(c.i64, words));
  Value table = c.field(frame, offsetof(zorro_frame, table), c.ptr);
  Value run = c.field(table, offsetof(zorro_runtime_table, launch), c.ptr);
  auto type = LLVM::LLVMFunctionType::get(c.i32, {c.ptr, c.i32, c.ptr, c.i64});
  Value zero = c.number(c.i32, 0);
  for (auto [index, launch] : llvm::enumerate(launches)) {
    c.setLoc(launch.getLoc());
    int64_t word = 0;
    auto put = [&](Value value) { LLVM::StoreOp::create(c, value, c.at(arguments, 8 * word++)); };
    for (Attribute place : launch.getPlaces()) {
      FailureOr<Value> address = emitPlace(c, frame, cast<PlaceAttr>(place), launch, symbols);
      if (failed(address))
        return failure();
      put(*address);
    }
    for (int64_t scalar : launch.getScalars())
      put(c.number(c.i64, scalar));
    Value status = LLVM::CallOp::create(c, type,
                                        ValueRange{run, frame, c.number(c.i32, index), arguments,
                                                   c.number(c.i64, launch.getTasks())})
                       .getResult();
    Value bad = LLVM::ICmpOp::create(c, LLVM::ICmpPredicate::ne, status, zero);
    Block *next = function.addBlock();
    LLVM::CondBrOp::create(c, bad, out, ValueRange{status}, next, ValueRange{});
    c.setInsertionPointToStart(next);
  }
  LLVM::BrOp::create(c, ValueRange{c.number(c.i32, 0)}, out);
  entry.erase();
  return function;
}

void zorro::lowerTables(ModuleOp module) {
  for (TableOp table : llvm::make_early_inc_range(module.getOps<TableOp>())) {
    if (table->hasAttr(kOffsetAttr)) // in the weight segment; entries still ask where
      continue;
    Code c(table.getLoc(), table.getContext());
    c.setInsertionPoint(table);
    auto type = LLVM::LLVMArrayType::get(c.i64, table.getValues().size());
    c.constant(type, table.getSymName(), c.getI64TensorAttr(table.getValues()));
    table.erase();
  }
}

//===----------------------------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------------------------===//

LLVM::LLVMFuncOp zorro::wrapKernel(LLVM::LLVMFuncOp kernel, FunctionType type) {
  Code c(kernel.getLoc(), kernel.getContext());
  std::string name = kernel.getName().str();
  kernel.setName(name + ".body");
  kernel.setLinkage(LLVM::Linkage::Internal);
  kernel.setAlwaysInline(true);
  c.setInsertionPointAfter(kernel);
  auto voidType = LLVM::LLVMVoidType::get(c.getContext());
  auto wrapper = LLVM::LLVMFuncOp::create(
      c, name, LLVM::LLVMFunctionType::get(voidType, {c.ptr, c.i64, c.i64, c.ptr}));
  wrapper.setVisibility_(LLVM::Visibility::Hidden);
  Block *block = wrapper.addEntryBlock(c);
  c.setInsertionPointToStart(block);
  Value words = block->getArgument(0);
  SmallVector<Value> arguments;
  // A memref is passed as its pointer twice, an offset, a size and a stride.
  auto memory = [&](Value pointer) {
    arguments.append({pointer, pointer, c.number(c.i64, 0), c.number(c.i64, INT64_MAX),
                      c.number(c.i64, 1)});
  };
  int64_t word = 0;
  for (Type input : type.getInputs().drop_back(3)) {
    bool pointer = isa<MemRefType>(input);
    Value value = c.field(words, 8 * word++, pointer ? c.ptr : c.i64);
    if (pointer)
      memory(value);
    else
      arguments.push_back(value);
  }
  arguments.append({block->getArgument(1), block->getArgument(2)});
  memory(block->getArgument(3));
  LLVM::CallOp::create(c, kernel, arguments);
  LLVM::ReturnOp::create(c, ValueRange());
  return wrapper;
}

//===----------------------------------------------------------------------------------------===//
// The record
//===----------------------------------------------------------------------------------------===//

/// A constant array of the functions' addresses; gives its name.
static StringRef addFunctionTable(Code &c, StringRef name, ArrayRef<LLVM::LLVMFuncOp> functions) {
  auto type = LLVM::LLVMArrayType::get(c.ptr, functions.size());
  LLVM::GlobalOp global = c.constant(type, name, Attribute());
  OpBuilder::InsertionGuard guard(c);
  c.createBlock(&global.getInitializerRegion());
  Value array = LLVM::UndefOp::create(c, type);
  for (auto [i, entry] : llvm::enumerate(functions)) {
    LLVM::LLVMFuncOp function = entry;
    Value address = LLVM::AddressOfOp::create(c, c.ptr, function.getName());
    array = LLVM::InsertValueOp::create(c, array, address, ArrayRef<int64_t>{int64_t(i)});
  }
  LLVM::ReturnOp::create(c, array);
  return name;
}

/// A constant array of images; gives its name.
static StringRef addImageTable(Code &c, StringRef name, ArrayRef<CodeImage> images) {
  // kind, arch, data, size: zorro_image.
  auto record = LLVM::LLVMStructType::getLiteral(c.getContext(), {c.i32, c.i32, c.ptr, c.i64});
  auto type = LLVM::LLVMArrayType::get(record, images.size());
  for (auto [i, image] : llvm::enumerate(images)) {
    std::string bytes = image.bytes;
    if (image.kind == ZORRO_IMAGE_PTX)
      bytes.push_back('\0');
    c.constant(LLVM::LLVMArrayType::get(c.i8, bytes.size()), (name + Twine(i)).str(),
               c.getStringAttr(bytes))
        .setAlignment(ZORRO_ALIGN);
  }
  LLVM::GlobalOp global = c.constant(type, name, Attribute());
  OpBuilder::InsertionGuard guard(c);
  c.createBlock(&global.getInitializerRegion());
  Value array = LLVM::UndefOp::create(c, type);
  for (auto [i, image] : llvm::enumerate(images)) {
    int64_t size = image.bytes.size() + (image.kind == ZORRO_IMAGE_PTX);
    Value fields[] = {c.number(c.i32, image.kind), c.number(c.i32, image.arch),
                      LLVM::AddressOfOp::create(c, c.ptr, (name + Twine(i)).str()),
                      c.number(c.i64, size)};
    for (auto [field, value] : llvm::enumerate(fields))
      array = LLVM::InsertValueOp::create(c, array, value,
                                          ArrayRef<int64_t>{int64_t(i), int64_t(field)});
  }
  LLVM::ReturnOp::create(c, array);
  return name;
}

/// The exported record; an empty name stands for a null pointer.
static void addRecord(Code &c, int64_t entryCount, StringRef entries, int64_t kernelCount,
                      StringRef kernels, int64_t imageCount, StringRef images) {
  auto type = LLVM::LLVMStructType::getLiteral(c.getContext(),
                                               {c.i32, c.i32, c.i32, c.i32, c.ptr, c.ptr,
                                                c.i32, c.i32, c.ptr});
  LLVM::GlobalOp global = c.constant(type, ZORRO_CODE_SYMBOL, Attribute());
  global.setVisibility_(LLVM::Visibility::Default);
  c.createBlock(&global.getInitializerRegion());
  Value record = LLVM::UndefOp::create(c, type);
  int64_t field = 0;
  auto put = [&](Value value) {
    record = LLVM::InsertValueOp::create(c, record, value, ArrayRef<int64_t>{field++});
  };
  auto address = [&](StringRef name) -> Value {
    if (name.empty())
      return LLVM::ZeroOp::create(c, c.ptr);
    return LLVM::AddressOfOp::create(c, c.ptr, name);
  };
  for (int64_t number : {int64_t(ZORRO_ABI_VERSION), entryCount, kernelCount, int64_t(0)})
    put(c.number(c.i32, number));
  put(address(entries));
  put(address(kernels));
  put(c.number(c.i32, imageCount));
  put(c.number(c.i32, 0));
  put(address(images));
  LLVM::ReturnOp::create(c, record);
}

void zorro::addCodeRecord(ModuleOp module, ArrayRef<LLVM::LLVMFuncOp> entries,
                          ArrayRef<LLVM::LLVMFuncOp> kernels) {
  Code c(module.getLoc(), module.getContext());
  c.setInsertionPointToEnd(module.getBody());
  StringRef names[] = {addFunctionTable(c, "zorro_entries", entries),
                       addFunctionTable(c, "zorro_kernels", kernels)};
  addRecord(c, entries.size(), names[0], kernels.size(), names[1], 0, "");
}

void zorro::addCodeRecord(ModuleOp module, ArrayRef<LLVM::LLVMFuncOp> entries, unsigned kernels,
                          ArrayRef<CodeImage> images) {
  Code c(module.getLoc(), module.getContext());
  c.setInsertionPointToEnd(module.getBody());
  StringRef names[] = {addFunctionTable(c, "zorro_entries", entries),
                       addImageTable(c, "zorro_images", images)};
  addRecord(c, entries.size(), names[0], kernels, "", images.size(), names[1]);
}
