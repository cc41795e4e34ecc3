//===- Object.cpp - LLVM dialect into machine code --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Emit/Object.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"

#include <mutex>
#include <thread>

using namespace mlir;
using namespace zorro;

/// Says on every function which CPU it is for; a feature list alone would leave scheduling to the
/// oldest machine.
static void setTarget(llvm::Module &module, const CpuTarget &target) {
  for (llvm::Function &function : module) {
    function.addFnAttr("target-cpu", target.cpu);
    function.addFnAttr("tune-cpu", target.tuneCpu);
    function.addFnAttr("target-features", target.features);
    if (target.avx512)
      function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

static std::unique_ptr<llvm::Module> translate(ModuleOp module, const CpuTarget &target,
                                               llvm::LLVMContext &context) {
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  std::unique_ptr<llvm::Module> result = translateModuleToLLVMIR(module, context, "zorro");
  if (result)
    setTarget(*result, target);
  return result;
}

static std::unique_ptr<llvm::TargetMachine> makeMachine(const CpuTarget &target,
                                                        std::string &message) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  llvm::Triple triple(target.triple);
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!found)
    return nullptr;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      triple, target.cpu, target.features, llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
}

static LogicalResult compile(llvm::Module &module, const CpuTarget &target, ObjectCode &code,
                             std::string &message) {
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(target, message);
  if (!machine)
    return failure();
  module.setDataLayout(machine->createDataLayout());

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(machine.get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);

  llvm::raw_svector_ostream stream(code);
  llvm::legacy::PassManager codegen;
  if (machine->addPassesToEmitFile(codegen, stream, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    message = "no way to write object files for " + target.triple;
    return failure();
  }
  codegen.run(module);
  return success();
}

/// Leaves to `module` the functions that are dealt to `part`; the others become declarations.
static void keepPart(llvm::Module &module, const llvm::StringSet<> &kept, bool globals) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && !function.hasLocalLinkage() &&
        !kept.contains(function.getName()))
      function.deleteBody();
  if (!globals)
    for (llvm::GlobalVariable &global : module.globals())
      if (!global.hasLocalLinkage()) {
        global.setInitializer(nullptr);
        global.setLinkage(llvm::GlobalValue::ExternalLinkage);
      }
  llvm::ModuleAnalysisManager manager;
  llvm::PassBuilder().registerModuleAnalyses(manager);
  llvm::GlobalDCEPass().run(module, manager);
}

FailureOr<SmallVector<ObjectCode>> zorro::compileObjects(ModuleOp module, const CpuTarget &target,
                                                         unsigned threads) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> whole = translate(module, target, context);
  if (!whole)
    return failure();
  // Functions are dealt to parts by what they hold, the largest first. The number of parts is
  // fixed, so that an artefact does not depend on the machine that made it.
  constexpr unsigned parts = 2;
  SmallVector<std::pair<size_t, StringRef>> functions;
  for (llvm::Function &function : *whole) {
    if (function.isDeclaration() || function.hasLocalLinkage())
      continue;
    size_t size = function.getInstructionCount();
    for (llvm::Instruction &i : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallBase>(&i))
        if (llvm::Function *callee = call->getCalledFunction())
          size += callee->getInstructionCount();
    functions.push_back({size, function.getName()});
  }
  llvm::sort(functions, [](auto &a, auto &b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  llvm::StringSet<> kept[parts];
  size_t load[parts] = {};
  for (auto [size, name] : functions) {
    unsigned part = std::min_element(load, load + parts) - load;
    load[part] += size;
    kept[part].insert(name);
  }

  // Every part is read from bitcode into a context of its own: LLVM's contexts are not shared.
  SmallVector<char, 0> bitcode;
  llvm::raw_svector_ostream stream(bitcode);
  llvm::WriteBitcodeToFile(*whole, stream);
  SmallVector<ObjectCode> objects(parts);
  std::string messages[parts];
  bool done[parts] = {};
  auto work = [&](unsigned part) {
    llvm::LLVMContext own;
    auto copy = llvm::parseBitcodeFile(
        llvm::MemoryBufferRef(StringRef(bitcode.data(), bitcode.size()), "zorro"), own);
    if (!copy) {
      messages[part] = llvm::toString(copy.takeError());
      return;
    }
    keepPart(**copy, kept[part], /*globals=*/part == 0);
    done[part] = succeeded(compile(**copy, target, objects[part], messages[part]));
  };
  // The first use sets up LLVM's targets.
  std::string message;
  if (!makeMachine(target, message))
    return module.emitError() << "expected to compile for " << target.triple << " but got: "
                              << message;
  if (threads > 1) {
    std::thread other(work, 1);
    work(0);
    other.join();
  } else {
    work(0);
    work(1);
  }
  for (unsigned part = 0; part < parts; ++part)
    if (!done[part])
      return module.emitError() << "expected code but got: " << messages[part];
  return objects;
}

FailureOr<std::string> zorro::printLlvm(ModuleOp module, const CpuTarget &target) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> whole = translate(module, target, context);
  if (!whole)
    return failure();
  std::string text;
  llvm::raw_string_ostream stream(text);
  whole->print(stream, nullptr);
  return text;
}
