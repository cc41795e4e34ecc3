//===- BoundAxes.cpp - Symbolic axes that a model fixes itself ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Pipeline/BoundAxes.h"

#include "dialects/Onnx/Import/Import.h"
#include "dialects/Zorro/Zorro.h"
#include "lowering/Pipeline/Pipelines.h"
#include "passes/Raise/OperatorTable.h"
#include "passes/Raise/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"

#include <map>

#include <map>

using namespace mlir;
using namespace zorro;

namespace {
struct Axis {
  std::string input;
  unsigned position;
};

class Trials {
public:
  Trials(const CompileOptions &options, const DialectRegistry &registry)
      : options(options), context(registry, MLIRContext::Threading::DISABLED),
        handler(&context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error && message.empty())
            message = diagnostic.str();
          return success();
        }) {
    context.loadAllAvailableDialects();
  }

  SmallVector<std::string> run() {
    SmallVector<std::string> found;
    for (auto &[name, axes] : findAxes()) {
      llvm::StringMap<SmallVector<int64_t>> shapes = options.shapes;
      for (const Axis &axis : axes)
        ++shapes[axis.input][axis.position];
      const Axis &axis = axes.front();
      int64_t size = options.shapes.find(axis.input)->second[axis.position];
      if (succeeds(shapes))
        continue;
      llvm::StringRef why = message;
      if (why.consume_front(options.input)) // messages of the importer begin with the file
        why.consume_front(": ");
      std::string text = "axis '" + name + "' of input '" + axis.input + "' is bound to " +
                         std::to_string(size) + ": with " + std::to_string(size + 1) + ", " +
                         why.str();
      found.push_back(text);
    }
    return found;
  }

private:
  OwningOpRef<ModuleOp> import(const llvm::StringMap<SmallVector<int64_t>> &shapes) {
    onnx::ImportOptions import;
    import.shapes = shapes;
    import.keeps = isHandled;
    onnx::ImportStatus status;
    auto module = onnx::importModel(options.input, import, context, status);
    return failed(module) ? OwningOpRef<ModuleOp>() : std::move(*module);
  }

  /// Symbolic axes of inputs that were given a shape, by name.
  llvm::MapVector<std::string, SmallVector<Axis>, std::map<std::string, unsigned>> findAxes() {
    llvm::MapVector<std::string, SmallVector<Axis>, std::map<std::string, unsigned>> axes;
    OwningOpRef<ModuleOp> module = import({});
    auto main = module ? module->lookupSymbol<func::FuncOp>("main") : func::FuncOp();
    for (unsigned i = 0, e = main ? main.getNumArguments() : 0; i != e; ++i) {
      auto input = main.getArgAttrOfType<StringAttr>(i, kNameAttr);
      auto dims = main.getArgAttrOfType<ArrayAttr>(i, onnx::kDimsAttr);
      auto shape = input ? options.shapes.find(input.getValue()) : options.shapes.end();
      if (!dims || shape == options.shapes.end() || shape->second.size() != dims.size())
        continue;
      for (auto [position, dim] : llvm::enumerate(dims))
        if (auto name = dyn_cast<StringAttr>(dim); name && name.getValue() != "?")
          axes[name.str()].push_back({input.str(), unsigned(position)});
    }
    return axes;
  }

  bool succeeds(const llvm::StringMap<SmallVector<int64_t>> &shapes) {
    message.clear();
    OwningOpRef<ModuleOp> module = import(shapes);
    if (!module)
      return false;
    PassManager pm(&context);
    FoldConstantsOptions fold;
    fold.folder = weightFolder(options);
    pm.addPass(createFoldConstants(fold));
    return succeeded(pm.run(*module));
  }

  const CompileOptions &options;
  MLIRContext context;
  ScopedDiagnosticHandler handler;
  std::string message; // the first error
};
} // namespace

SmallVector<std::string> zorro::findBoundAxes(const CompileOptions &options,
                                              const DialectRegistry &registry) {
  return options.shapes.empty() ? SmallVector<std::string>() : Trials(options, registry).run();
}
