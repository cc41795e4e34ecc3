//===- ZorroTensorOps.td - The operations that do the work -----------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_ZORROTENSOROPS_TD
#define ZORRO_DIALECTS_ZORRO_ZORROTENSOROPS_TD

include "ZorroMaskAttrs.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Zorro_ContractOp : Zorro_Op<"contract", [Pure, SingleBlock, IsolatedFromAbove]> {
  let summary = "rows times a matrix, with a scalar epilogue";
  let description = [{
    result[…, n] = epilogue(sum over k of a[…, k] · b[k, n], extras[…, n]…)

    `a` holds rows of K values under any leading axes; `b` is a matrix of K × N. Each extra operand of
    the epilogue is broadcast to the result as numpy would (right-aligned), but only whole leading
    axes may be missing: its shape, without leading ones, is a tail of the result's shape. The
    epilogue region takes the accumulator and one scalar per operand, and yields the result;
    it holds `arith`, `math` and `zorro.gelu` operations only. Without a region the sum is the
    result.

    Constraints:
    - (C1) the last axis of `a` and the first of `b` agree;
    - (C2) the result has `a`'s leading axes and `b`'s columns;
    - (C3) each operand broadcasts to the result as above;
    - (C4) the region has one scalar argument for the accumulator and one per operand, and yields
      one scalar of the result's element type.

    ```mlir
    %y = zorro.contract %x, %w (%bias, %res) {
    ^bb0(%acc: f32, %b: f32, %r: f32):
      %0 = arith.addf %acc, %b : f32
      %1 = arith.addf %0, %r : f32
      zorro.yield %1 : f32
    } : tensor<1x512x768xf32>, tensor<768x768xf32> (tensor<768xf32>, tensor<1x512x768xf32>)
        -> tensor<1x512x768xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[AnyFloat]>:$a, RankedTensorOf<[AnyFloat]>:$b,
                       Variadic<AnyRankedTensor>:$extras);
  let results = (outs RankedTensorOf<[AnyFloat]>:$result);
  let regions = (region MaxSizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $a `,` $b (`(` $extras^ `)`)? ($epilogue^)? attr-dict
    `:` type($a) `,` type($b) (`(` type($extras)^ `)`)? `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getK() { return getB().getType().getDimSize(0); }
    int64_t getN() { return getB().getType().getDimSize(1); }
  }];
}

def Zorro_AttentionOp : Zorro_Op<"attention", [Pure]> {
  let summary = "masked attention over token streams";
  let description = [{
    result[b, h, i, :] = sum over live j of softmax_j(scale · q[b, h, i, :] · k[b, h, j, :]) v[b, h, j, :]

    The softmax runs over the keys that `mask` leaves live for query i; masked keys and values are
    never read. Without a mask all keys are live. A query without a live key gives what the mask
    says (`nan`, `uniform`, `zero`; `nan` without a mask).

    `padding` is known at run time only: where it is false, the key is dead for every query of its
    batch entry. `uniform` then means the mean of all values, padded ones included: that is what the
    softmax of equal fills gives.

    Constraints:
    - (C1) q, k, v and the result are [batch, heads, tokens, head size]; batch and heads agree;
    - (C2) q and k agree in head size; k and v in tokens; the result has q's tokens and v's head size;
    - (C3) the mask's queries and keys cover q's and k's tokens;
    - (C4) `padding` is [batch or 1, k's tokens].

    ```mlir
    %o = zorro.attention %q, %k, %v mask #routes scale 1.250000e-01 : tensor<1x12x1312x64xf32>,
        tensor<1x12x1312x64xf32>, tensor<1x12x1312x64xf32> -> tensor<1x12x1312x64xf32>
    %p = zorro.attention %q, %k, %v padding %keep : tensor<1x1312xi1> mask #routes scale 0.125 : …
    ```
  }];
  let arguments = (ins RankedTensorOf<[AnyFloat]>:$q, RankedTensorOf<[AnyFloat]>:$k,
                       RankedTensorOf<[AnyFloat]>:$v, Optional<RankedTensorOf<[I1]>>:$padding,
                       OptionalAttr<Zorro_MaskAttr>:$mask,
                       F32Attr:$scale);
  let results = (outs RankedTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`padding` $padding^ `:` type($padding))? (`mask` $mask^)? `scale` $scale attr-dict
    `:` type($q) `,` type($k) `,` type($v) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

class Zorro_RowOp<string mnemonic, list<Trait> traits = []>
    : Zorro_Op<mnemonic, [Pure, AllTypesMatch<["x", "result"]>] # traits>;

def Zorro_LayerNormOp : Zorro_RowOp<"layer_norm", [AttrSizedOperandSegments]> {
  let summary = "layer normalisation over the last axis";
  let description = [{
    result = (x - mean(x)) / sqrt(mean((x - mean(x))²) + eps) · scale + bias, over the last axis.

    Constraints:
    - (C1) `scale` and `bias`, where given, are vectors of the last axis' size.

    ```mlir
    %n = zorro.layer_norm %x (%scale) (%bias) eps 1.0e-05 : tensor<1x512x768xf32>, tensor<768xf32>, tensor<768xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[AnyFloat]>:$x, Optional<RankedTensorOf<[AnyFloat]>>:$scale,
                       Optional<RankedTensorOf<[AnyFloat]>>:$bias, F32Attr:$eps);
  let results = (outs RankedTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = [{
    $x (`scale` $scale^ `:` type($scale))? (`bias` $bias^ `:` type($bias))? `eps` $eps attr-dict
    `:` type($x)
  }];
  let hasVerifier = 1;
}

def Zorro_RMSNormOp : Zorro_RowOp<"rms_norm"> {
  let summary = "root-mean-square normalisation over the last axis";
  let description = [{
    result = x / sqrt(mean(x²) + eps) · scale, over the last axis.

    Constraints:
    - (C1) `scale`, where given, is a vector of the last axis' size.
  }];
  let arguments = (ins RankedTensorOf<[AnyFloat]>:$x, Optional<RankedTensorOf<[AnyFloat]>>:$scale,
                       F32Attr:$eps);
  let results = (outs RankedTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = "$x (`scale` $scale^ `:` type($scale))? `eps` $eps attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def Zorro_SoftmaxOp : Zorro_RowOp<"softmax"> {
  let summary = "softmax over the last axis";
  let description = [{
    result = exp(x - max(x)) / sum(exp(x - max(x))), over the last axis. A row of -inf gives NaN.

    ```mlir
    %p = zorro.softmax %s : tensor<1x12x64x64xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[AnyFloat]>:$x);
  let results = (outs RankedTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def Zorro_GeluKind : I32EnumAttr<"GeluKind", "how GELU is computed", [
    I32EnumAttrCase<"Erf", 0, "erf">, I32EnumAttrCase<"Tanh", 1, "tanh">]> {
  let cppNamespace = "::zorro";
}

def Zorro_GeluOp : Zorro_Op<"gelu", [Pure, SameOperandsAndResultType]> {
  let summary = "Gaussian error linear unit, of a tensor, a vector or a scalar";
  let description = [{
    `erf`: x/2 · (1 + erf(x/√2)); `tanh`: x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))).

    ```mlir
    %y = zorro.gelu %x erf : tensor<1x512x3072xf32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[AnyFloat, RankedTensorOf<[AnyFloat]>, VectorOfAnyRankOf<[AnyFloat]>]>:$x,
                       Zorro_GeluKind:$kind);
  let results = (outs AnyTypeOf<[AnyFloat, RankedTensorOf<[AnyFloat]>, VectorOfAnyRankOf<[AnyFloat]>]>:$result);
  let assemblyFormat = "$x $kind attr-dict `:` type($x)";
}

#endif // ZORRO_DIALECTS_ZORRO_ZORROTENSOROPS_TD
