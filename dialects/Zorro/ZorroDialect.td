//===- ZorroDialect.td - The zorro dialect ---------------------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_ZORRODIALECT_TD
#define ZORRO_DIALECTS_ZORRO_ZORRODIALECT_TD

include "mlir/IR/DialectBase.td"
include "mlir/IR/OpBase.td"

def Zorro_Dialect : Dialect {
  let name = "zorro";
  let summary = "Modality-masked attention and the routing between token streams";
  let description = [{
    A Zorro model has several token streams (audio, video, …) and fusion tokens. A stream attends
    to itself, fusion tokens attend to all, so what leaves one stream never depends on another.
    This dialect keeps that routing in sight: which tokens belong to which stream
    (`#zorro.streams`), who may attend to whom (`#zorro.mask`), where streams meet and part
    (`zorro.join`, `zorro.take`), and the few operations that do the work.

    Weights are symbols (`zorro.weight`): their bytes stay in the file until the artefact is
    written. In the `fused` phase all work lies in kernels (`zorro.kernel`), which functions call
    (`zorro.call`); in the `cpu` phase a function is a list of launches (`zorro.launch`) over
    places in a planned arena.
  }];
  let cppNamespace = "::zorro";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = "void registerAttributes();";
}

class Zorro_Op<string mnemonic, list<Trait> traits = []> : Op<Zorro_Dialect, mnemonic, traits>;

#endif // ZORRO_DIALECTS_ZORRO_ZORRODIALECT_TD
