//===- Passes.td - From the zorro phase to the special phase ---------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_SPECIALISE_PASSES_TD
#define ZORRO_PASSES_SPECIALISE_PASSES_TD

include "mlir/Pass/PassBase.td"

def Specialise : Pass<"zorro-specialise", "::mlir::ModuleOp"> {
  let summary = "cut out a function for each wanted set of modalities";
  let description = [{
    For each entry a function of that name replaces `@main`: `fused` keeps all outputs; `audio` or
    `audio+video` keeps the outputs that are proved to need no other modality. Only what these
    outputs need is left: token axes shrink to the streams that are still alive, masks lose their
    dead keys, joins their dead parts, and a weight of which a part is read becomes a weight with a
    longer recipe.

    ```mlir
    func.func @main(%audio: tensor<1x512x768xf32>, %video: tensor<1x784x768xf32>) -> (…) {
      %x = zorro.join %audio, %f, %video axis 1 of #tokens : … -> tensor<1x1312x768xf32>
      %o = zorro.attention %q, %k, %v mask #routes scale 0.125 : …
    ```
    ->
    ```mlir
    func.func @audio(%audio: tensor<1x512x768xf32>) -> (…) {
      %o = zorro.attention %q, %k, %v scale 0.125 : tensor<1x12x512x64xf32>, …
    ```

    `absent=video` makes `@without_video`, the other meaning of "no video": fusion and global outputs
    stay, and are what padding gives that leaves out every token of video. Attentions are taken in
    order; keys that depend on absent inputs alone become dead, and what still needs them is not
    among the outputs. Outputs that changed are named in a warning and in `zorro.assumptions`.

    Before: the `zorro` phase. After: the `special` phase; every function is analysed again, and its
    claims must be those of `@main` for the outputs kept. An entry that no output can be cut free
    for is refused, with the chain of nodes that holds it. Bit-exact, if masked values are never
    multiplied. A module without `@main` in the `special` phase is left alone.
  }];
  let options = [
    ListOption<"entries", "entries", "std::string",
               "Entry points: fused, or modalities joined by + (default: fused)">,
    ListOption<"absent", "absent", "std::string",
               "Modalities, or several joined by +, to make an entry without_… for that masks them out">,
    ListOption<"keep", "keep", "std::string",
               "Outputs to keep; refuse where one of them cannot be cut free (default: all that can)">
  ];
  let statistics = [
    Statistic<"numDead", "dead", "Operations that an entry point does not need">,
    Statistic<"numNarrowed", "narrowed", "Operations that work on fewer elements">,
    Statistic<"numWeights", "weights", "Weights that no entry point needs">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
                           "::zorro::ZorroDialect"];
}

#endif // ZORRO_PASSES_SPECIALISE_PASSES_TD
