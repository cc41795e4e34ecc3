//===- Passes.td - From kernels to device code -----------------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_PASSES_TD
#define ZORRO_LOWERING_GPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def LowerDeviceKernels : Pass<"zorro-lower-device-kernels", "::mlir::ModuleOp"> {
  let summary = "write the device code of every kernel";
  let description = [{
    Replaces every `zorro.kernel` by a function of the same name that the blocks of a grid run.

    ```mlir
    zorro.kernel @softmax row because "softmax" { … }
    ```
    →
    ```mlir
    llvm.func @softmax(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, …scalars…: i64)
        attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>, zorro.kernel = "row",
                    zorro.maps = 0 : i64, zorro.shared = 0 : i64, zorro.threads = 128 : i64}
    ```

    Before: no operation but `zorro.launch` names a kernel. After: no `zorro.kernel` is left.
    Numeric contract: sums run in an order that depends on the reduction's length and the target
    alone; products take numbers of `precision`, sums are f32.
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"sm_90a\"",
           "Write for this GPU: sm_80, sm_86, sm_89, sm_90, sm_90a, sm_100 or sm_120">,
    Option<"precision", "precision", "std::string", "\"bf16\"",
           "Say what products take: bf16 or tf32">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
      "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
      "::mlir::vector::VectorDialect"];
  let statistics = [Statistic<"kernels", "kernels", "Number of kernels written">];
}

#endif // ZORRO_LOWERING_GPU_PASSES_TD
