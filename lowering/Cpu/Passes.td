//===- Passes.td - From kernels to machine-near code -----------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_CPU_PASSES_TD
#define ZORRO_LOWERING_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def LowerKernels : Pass<"zorro-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "write the code of every kernel";
  let description = [{
    Replaces every `zorro.kernel` by a function of the same name: loops and vectors over memory.

    ```mlir
    zorro.kernel @softmax row because "softmax" { … }
    ```
    →
    ```mlir
    func.func @softmax(%x: memref<?xf32>, %y: memref<?xf32>, …scalars…: index,
                       %begin: index, %end: index, %scratch: memref<?xi8>)
        attributes {zorro.kernel = "row", zorro.scratch = 0 : i64}
    ```

    Before: no operation but `zorro.launch` names a kernel. After: no `zorro.kernel` is left.
    Numeric contract: sums run in an order that depends on the reduction's length and the target
    alone; math functions become polynomials.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"",
           "Write for this CPU: x86-64-v3, x86-64-v4, znver4, sapphirerapids or native">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
      "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"kernels", "kernels", "Number of kernels written">];
}

def CpuToLlvm : Pass<"zorro-cpu-to-llvm", "::mlir::ModuleOp"> {
  let summary = "lower the cpu phase to the LLVM dialect";
  let description = [{
    Turns kernel functions into functions of the artefact's interface, entries (functions with
    `zorro.entry`) into calls of the runtime's launch function, tables into constants, and adds the
    exported record `zorro_code_v2`.

    Before: only functions, weights with `zorro.offset`, and tables. After: only the LLVM dialect.
    Numeric contract: bit-exact.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"",
           "Write for this CPU: x86-64-v3, x86-64-v4, znver4, sapphirerapids or native">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect"];
}

#endif // ZORRO_LOWERING_CPU_PASSES_TD
