//===- ZorroAttrs.td - Streams, weight recipes, places ---------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_ZORROATTRS_TD
#define ZORRO_DIALECTS_ZORRO_ZORROATTRS_TD

include "ZorroDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Zorro_Attr<string name, string attrMnemonic> : AttrDef<Zorro_Dialect, name> {
  let mnemonic = attrMnemonic;
}

//===----------------------------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------------------------===//

def Zorro_StreamsAttr : Zorro_Attr<"Streams", "streams"> {
  let summary = "the named segments of a token axis, in order";
  let description = [{
    Constraints:
    - (C1) there is at least one segment;
    - (C2) every length is positive;
    - (C3) names are distinct.

    ```mlir
    #tokens = #zorro.streams<audio: 512, fusion: 16, video: 784>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::StringAttr">:$names,
                        ArrayRefParameter<"int64_t">:$sizes);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Number of tokens on the axis.
    int64_t getTotal() const;
    /// First token of segment `i`.
    int64_t getBegin(unsigned i) const;
    unsigned getCount() const { return getSizes().size(); }
    /// Index of the segment called `name`, or -1.
    int64_t find(::llvm::StringRef name) const;
    /// Read and write `name: size, name: size, …`.
    static ::mlir::ParseResult
    parseSegments(::mlir::AsmParser &p, ::llvm::SmallVectorImpl<::mlir::StringAttr> &names,
                  ::llvm::SmallVectorImpl<int64_t> &sizes);
    static void printSegment(::mlir::AsmPrinter &p, ::mlir::StringAttr name, int64_t size);
    void printSegments(::mlir::AsmPrinter &p) const;
  }];
}

//===----------------------------------------------------------------------------------------===//
// Weight recipes: what passes want done to a weight's bytes, carried out when it is written
//===----------------------------------------------------------------------------------------===//

def Zorro_SliceStepAttr : Zorro_Attr<"SliceStep", "slice"> {
  let summary = "recipe step: keep a window of the weight";
  let parameters = (ins ArrayRefParameter<"int64_t">:$offsets, ArrayRefParameter<"int64_t">:$sizes);
  let assemblyFormat = "`<` `[` $offsets `]` `,` `[` $sizes `]` `>`";
}

def Zorro_TransposeStepAttr : Zorro_Attr<"TransposeStep", "transpose"> {
  let summary = "recipe step: permute the axes (result axis i is source axis perm[i])";
  let parameters = (ins ArrayRefParameter<"int64_t">:$perm);
  let assemblyFormat = "`<` `[` $perm `]` `>`";
}

def Zorro_ReshapeStepAttr : Zorro_Attr<"ReshapeStep", "reshape"> {
  let summary = "recipe step: the same elements under another shape";
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape);
  let assemblyFormat = "`<` `[` $shape `]` `>`";
}

def Zorro_PackStepAttr : Zorro_Attr<"PackStep", "pack"> {
  let summary = "recipe step: [K, N] into panels [ceil(N / width)][K][width], padded with zeros";
  let parameters = (ins "int64_t":$width);
  let assemblyFormat = "`<` $width `>`";
}

def Zorro_FillStepAttr : Zorro_Attr<"FillStep", "fill"> {
  let summary = "recipe step: zeros behind every axis, up to this shape";
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape);
  let assemblyFormat = "`<` `[` $shape `]` `>`";
}

def Zorro_RoundStepAttr : Zorro_Attr<"RoundStep", "round"> {
  let summary = "recipe step: f32 to the nearest bf16, ties to even; a NaN stays one";
  let parameters = (ins "::mlir::Type":$element);
  let assemblyFormat = "`<` $element `>`";
}

//===----------------------------------------------------------------------------------------===//
// The cpu phase: places and schedules
//===----------------------------------------------------------------------------------------===//

def Zorro_PlaceKind : I32EnumAttr<"PlaceKind", "where a buffer of a launch lies", [
    I32EnumAttrCase<"Arena", 0, "arena">,
    I32EnumAttrCase<"Input", 1, "input">,
    I32EnumAttrCase<"Output", 2, "output">,
    I32EnumAttrCase<"Weight", 3, "weight">,
    I32EnumAttrCase<"Table", 4, "table">]> {
  let cppNamespace = "::zorro";
}

def Zorro_PlaceAttr : Zorro_Attr<"Place", "place"> {
  let summary = "a buffer of a launch";
  let description = [{
    `arena` + byte offset; `input` or `output` by index (+ byte offset); `weight` or `table` by
    symbol (+ byte offset).

    ```mlir
    #zorro.place<arena, 4096>
    #zorro.place<input 0, 0>
    #zorro.place<weight @blocks.0.qkv, 0>
    ```
  }];
  let parameters = (ins "::zorro::PlaceKind":$kind, "int64_t":$index,
                        OptionalParameter<"::mlir::FlatSymbolRefAttr">:$symbol, "int64_t":$offset);
  let hasCustomAssemblyFormat = 1;
}

def Zorro_ScheduleAttr : Zorro_Attr<"Schedule", "schedule"> {
  let summary = "tile sizes of a kernel: what a tuner or a researcher edits";
  let description = [{
    `tile` is the register tile (rows × columns of a contraction; keys × queries of attention),
    `block` the cache block (rows; keys), `unroll` the unrolling of the reduction.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$tile, "int64_t":$block, "int64_t":$unroll);
  let assemblyFormat = "`<` `tile` `=` `[` $tile `]` `,` `block` `=` $block `,` `unroll` `=` $unroll `>`";
}

#endif // ZORRO_DIALECTS_ZORRO_ZORROATTRS_TD
