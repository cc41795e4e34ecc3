//===- DeviceFrame.cpp - The function around a kernel, and writing its code ---------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/DeviceFrame.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------------------------===//

Value DeviceEmitter::at(Value address, Value bytes) {
  return LLVM::GEPOp::create(*this, address.getType(), i8, address,
                             ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(bytes)});
}

Value DeviceEmitter::at(Value address, int64_t bytes) {
  if (bytes == 0)
    return address;
  if (!llvm::isInt<32>(bytes))
    return at(address, number(i64, bytes));
  return LLVM::GEPOp::create(*this, address.getType(), i8, address,
                             ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(int32_t(bytes))});
}

Value DeviceEmitter::load(Type type, Value address, unsigned alignment) {
  return LLVM::LoadOp::create(*this, type, address, alignment);
}

void DeviceEmitter::store(Value value, Value address, unsigned alignment) {
  LLVM::StoreOp::create(*this, value, address, alignment);
}

Value DeviceEmitter::thread() { return NVVM::ThreadIdXOp::create(*this, i32); }
Value DeviceEmitter::block() { return NVVM::BlockIdXOp::create(*this, i32); }
void DeviceEmitter::barrier() { NVVM::Barrier0Op::create(*this); }

Value DeviceEmitter::shuffleXor(Value value, int64_t mask) {
  return NVVM::ShflOp::create(*this, value.getType(), number(-1), value, number(mask), number(31),
                              NVVM::ShflKind::bfly, UnitAttr());
}

Value DeviceEmitter::assembly(Type result, StringRef text, StringRef constraints,
                              ValueRange operands, bool effects) {
  auto op = LLVM::InlineAsmOp::create(
      *this, result ? TypeRange(result) : TypeRange(), operands, text, constraints, effects,
      /*is_align_stack=*/false, LLVM::TailCallKind::None,
      LLVM::AsmDialectAttr::get(getContext(), LLVM::AsmDialect::AD_ATT), ArrayAttr());
  return result ? op.getRes() : Value();
}

DeviceValues DeviceEmitter::loop(Value begin, Value end, Value step, ValueRange init, Body body) {
  auto loop = scf::ForOp::create(*this, begin, end, step, init);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  DeviceValues results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (init.empty()) {
    if (loop.getBody()->empty() || !loop.getBody()->back().hasTrait<OpTrait::IsTerminator>())
      scf::YieldOp::create(*this);
  } else {
    scf::YieldOp::create(*this, results);
  }
  return DeviceValues(loop.getResults());
}

void DeviceEmitter::loop(Value begin, Value end, Value step,
                         llvm::function_ref<void(Value)> body) {
  loop(begin, end, step, ValueRange(), [&](Value i, ValueRange) {
    body(i);
    return DeviceValues();
  });
}

DeviceValues DeviceEmitter::whileLoop(ValueRange init,
                                      llvm::function_ref<Value(ValueRange)> condition,
                                      llvm::function_ref<DeviceValues(ValueRange)> body) {
  auto loop = scf::WhileOp::create(*this, init.getTypes(), init);
  OpBuilder::InsertionGuard guard(*this);
  auto open = [&](Region &region) -> ValueRange {
    Block &block = region.emplaceBlock();
    for (Value value : init)
      block.addArgument(value.getType(), getLoc());
    setInsertionPointToStart(&block);
    return block.getArguments();
  };
  ValueRange before = open(loop.getBefore());
  Value goesOn = condition(before);
  scf::ConditionOp::create(*this, goesOn, before);
  DeviceValues values = body(open(loop.getAfter()));
  scf::YieldOp::create(*this, values);
  return DeviceValues(loop.getResults());
}

void DeviceEmitter::ifThen(Value condition, llvm::function_ref<void()> then,
                           llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  then();
  if (!otherwise)
    return;
  setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

DeviceValues DeviceEmitter::ifValues(Value condition, llvm::function_ref<DeviceValues()> then,
                                     llvm::function_ref<DeviceValues()> otherwise) {
  // The types of the results are known only once a side is written.
  OpBuilder::InsertPoint here = saveInsertionPoint();
  auto write = [&](llvm::function_ref<DeviceValues()> side, Region &region) {
    setInsertionPointToStart(&region.emplaceBlock());
    DeviceValues values = side();
    scf::YieldOp::create(*this, values);
    return values;
  };
  OperationState state(getLoc(), scf::IfOp::getOperationName());
  state.addOperands(condition);
  Region *sides[] = {state.addRegion(), state.addRegion()};
  DeviceValues values = write(then, *sides[0]);
  write(otherwise, *sides[1]);
  state.addTypes(ValueRange(values).getTypes());
  restoreInsertionPoint(here);
  return DeviceValues(create(state)->getResults());
}

//===----------------------------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------------------------===//

static constexpr StringLiteral kSharedSymbol = "zorro_shared";

DeviceFrame::DeviceFrame(DeviceEmitter &e, OpBuilder &module, KernelOp kernel, unsigned tableCount,
                         unsigned scalarCount, unsigned mapCount)
    : e(e) {
  auto elementOf = [](Value value) { return getElementTypeOrSelf(value.getType()); };
  Value yielded = kernel.getBody().front().getTerminator()->getOperand(0);
  size_t memories = kernel.getInputArguments().size() + 1 + tableCount;
  SmallVector<Type> types(memories, e.global);
  types.append(scalarCount, e.i64);
  types.append(mapCount, LLVM::LLVMPointerType::get(e.getContext()));
  func = LLVM::LLVMFuncOp::create(
      module, kernel.getLoc(), kernel.getSymName(),
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(e.getContext()), types));
  func->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), e.getUnitAttr());
  func->setAttr(kKindAttr, e.getStringAttr(stringifyKernelKind(kernel.getKind())));
  func->setAttr(kBecauseAttr, kernel.getBecauseAttr());
  func->setAttr(kMapsAttr, e.getI64IntegerAttr(mapCount));
  e.setInsertionPointToStart(func.addEntryBlock(module));

  unsigned next = 0;
  for (BlockArgument argument : kernel.getInputArguments())
    inputs.push_back({func.getArgument(next++), elementOf(argument)});
  result = {func.getArgument(next++), elementOf(yielded)};
  for (unsigned i = 0; i < tableCount; ++i)
    tables.push_back(func.getArgument(next++));
  for (unsigned i = 0; i < scalarCount; ++i)
    scalars.push_back(func.getArgument(next++));
  Type map = LLVM::LLVMArrayType::get(e.i8, 128);
  for (unsigned i = 0; i < mapCount; ++i, ++next) {
    func.setArgAttr(next, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(map));
    func.setArgAttr(next, LLVM::LLVMDialect::getAlignAttrName(), e.getI32IntegerAttr(64));
    func.setArgAttr(next, NVVM::NVVMDialect::getGridConstantAttrName(), e.getUnitAttr());
    maps.push_back(func.getArgument(next));
  }
}

Value DeviceFrame::reserve(int64_t bytes) {
  if (!base) {
    auto module = func->getParentOfType<ModuleOp>();
    if (!module.lookupSymbol(kSharedSymbol)) {
      OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
      LLVM::GlobalOp::create(builder, e.getLoc(), LLVM::LLVMArrayType::get(e.i8, 0),
                             /*isConstant=*/false, LLVM::Linkage::External, kSharedSymbol,
                             Attribute(), /*alignment=*/1024, /*addrSpace=*/3);
    }
    OpBuilder::InsertionGuard guard(e);
    e.setInsertionPointToStart(&func.getBody().front());
    base = LLVM::AddressOfOp::create(e, e.shared, kSharedSymbol);
  }
  sharedBytes = llvm::alignTo(sharedBytes, bytes >= 1024 ? 1024 : 16);
  Value part = e.at(base, sharedBytes);
  sharedBytes += bytes;
  return part;
}

LLVM::LLVMFuncOp DeviceFrame::close(int64_t threads) {
  LLVM::ReturnOp::create(e, ValueRange());
  func->setAttr(kThreadsAttr, e.getI64IntegerAttr(threads));
  func->setAttr(kSharedAttr, e.getI64IntegerAttr(sharedBytes));
  func->setAttr(NVVM::NVVMDialect::getMaxntidAttrName(),
                e.getDenseI32ArrayAttr({int32_t(threads)}));
  return func;
}
