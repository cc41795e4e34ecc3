//===- ZorroRoutingOps.td - Weights, and streams into and out of sequences --*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_ZORROROUTINGOPS_TD
#define ZORRO_DIALECTS_ZORRO_ZORROROUTINGOPS_TD

include "ZorroMaskAttrs.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Zorro_WeightOp : Zorro_Op<"weight", [Symbol]> {
  let summary = "a weight: bytes in a file, and what to do with them";
  let description = [{
    Names `length` bytes at `offset` of `file` (relative to the model's folder; the model file
    itself, or one of its external data files), holding a row-major tensor of type `stored`. The
    `recipe` is a list of steps (`#zorro.slice`, `#zorro.transpose`, `#zorro.reshape`,
    `#zorro.pack`, `#zorro.fill`, `#zorro.round`) that turns it into a tensor of type `type`; it is carried out when the artefact
    is written. `hash` is the XXH3 of the bytes. `fills` marks a weight that holds a value that is
    not finite or lies at or below -1e29. A constant that a pass made has no file (""): its bytes
    stand in `value`.

    Constraints:
    - (C1) `length` is the size of `stored` in bytes;
    - (C2) `value` is given where `file` is empty, and has the type `stored`;
    - (C3) the recipe, applied to `stored`, gives `type`.

    ```mlir
    zorro.weight @blocks.0.qkv : tensor<768x2304xf32> from "model.data"[26214400, 7077888]
        stored tensor<768x2304xf32> hash "90ab…"
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyStaticShapeTensor>:$type,
      StrAttr:$file, I64Attr:$offset, I64Attr:$length, TypeAttrOf<AnyStaticShapeTensor>:$stored,
      StrAttr:$hash, UnitAttr:$fills, OptionalAttr<ElementsAttr>:$value,
      OptionalAttr<ArrayAttr>:$recipe);
  let assemblyFormat = [{
    $sym_name `:` $type `from` $file `[` $offset `,` $length `]` `stored` $stored `hash` $hash
    (`fills` $fills^)? (`value` $value^)? (`recipe` $recipe^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getType());
    }
    /// The type that `recipe` makes of `stored`; failure where a step does not fit.
    static ::mlir::FailureOr<::mlir::RankedTensorType>
    applyRecipe(::mlir::RankedTensorType stored, ::mlir::ArrayAttr recipe);
  }];
}

def Zorro_WeightRefOp : Zorro_Op<"weight_ref", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a weight";
  let description = [{
    Constraints:
    - (C1) the symbol names a `zorro.weight` of the result's type.

    ```mlir
    %w = zorro.weight_ref @blocks.0.qkv : tensor<768x2304xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

def Zorro_JoinOp : Zorro_Op<"join", [Pure]> {
  let summary = "streams into one token sequence";
  let description = [{
    Concatenates the parts along `axis`; part i is the stream `streams[i]`.

    Constraints:
    - (C1) one part per segment of `streams`;
    - (C2) part i has `streams[i]` tokens on `axis`, and the result their sum;
    - (C3) all other dimensions and the element type agree.

    ```mlir
    %x = zorro.join %a, %f, %v axis 1 of #tokens
        : tensor<1x512x768xf32>, tensor<1x16x768xf32>, tensor<1x784x768xf32> -> tensor<1x1312x768xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyStaticShapeTensor>:$parts, I64Attr:$axis,
                       Zorro_StreamsAttr:$streams);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $parts `axis` $axis `of` $streams attr-dict `:` type($parts) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Zorro_TakeOp : Zorro_Op<"take", [Pure]> {
  let summary = "one or more neighbouring streams out of a token sequence";
  let description = [{
    Keeps `count` segments of `streams` from segment `first` on, along `axis`.

    Constraints:
    - (C1) the segments exist;
    - (C2) `axis` of the source has the tokens of `streams`, `axis` of the result those of the
      segments kept;
    - (C3) all other dimensions and the element type agree.

    ```mlir
    %a = zorro.take %x [0, 1] axis 1 of #tokens : tensor<1x1312x768xf32> -> tensor<1x512x768xf32>
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$source, I64Attr:$first, I64Attr:$count, I64Attr:$axis,
                       Zorro_StreamsAttr:$streams);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $source `[` $first `,` $count `]` `axis` $axis `of` $streams attr-dict
    `:` type($source) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// First token kept, on the source's axis.
    int64_t getBegin() { return getStreams().getBegin(getFirst()); }
  }];
}

#endif // ZORRO_DIALECTS_ZORRO_ZORROROUTINGOPS_TD
