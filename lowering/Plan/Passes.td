//===- Passes.td - From calls to launches ----------------------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_PLAN_PASSES_TD
#define ZORRO_LOWERING_PLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanLaunches : Pass<"zorro-plan-launches", "::mlir::ModuleOp"> {
  let summary = "give every buffer a place and turn kernel calls into launches";
  let description = [{
    Before: functions of `zorro.call` on tensors (phase `fused`). After: functions without
    arguments, whose body is a list of `zorro.launch` over places: inputs, outputs, weights, and
    offsets in one planned arena. Weights that are a contraction's matrix are packed for the
    target, once for all entry points: into panels for a CPU; for a GPU transposed, and filled with
    zeros to whole tiles. Weights that nothing reads vanish.

    ```mlir
    func.func @audio(%x: tensor<1x512x768xf32> {zorro.name = "audio"}) -> tensor<1x512x768xf32> {
      %y = zorro.call @proj(%x, %w) into %e …
    ```
    ->
    ```mlir
    func.func @audio() attributes {zorro.entry, zorro.arena = 0 : i64, zorro.inputs = […], …} {
      zorro.launch @proj tasks 64 places [#zorro.place<input 0, 0>, #zorro.place<weight @w.pack48, 0>, #zorro.place<output 0, 0>] …
    ```

    The kernels themselves stay; `zorro-lower-kernels` or `zorro-lower-device-kernels` writes their
    code, and must be told the same target.
  }];
  let options = [Option<"cpu", "cpu", "std::string", "\"native\"",
                        "choose the CPU whose registers the weights are packed for">,
                 Option<"device", "target", "std::string", "\"cpu\"", "plan for cpu or cuda">,
                 Option<"arch", "arch", "std::string", "\"sm_90a\"",
                        "choose the GPU architecture, for cuda">,
                 Option<"precision", "precision", "std::string", "\"bf16\"",
                        "say what products take, for cuda: bf16 or tf32">];
  let statistics = [Statistic<"numLaunches", "launches", "launches planned">,
                    Statistic<"numArenaBytes", "arena-bytes", "size of the largest arena">];
  let dependentDialects = ["::zorro::ZorroDialect"];
}

#endif // ZORRO_LOWERING_PLAN_PASSES_TD
