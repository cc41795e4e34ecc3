//===- ZorroKernelOps.td - Kernels, calls of them, launches ----------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_ZORROKERNELOPS_TD
#define ZORRO_DIALECTS_ZORRO_ZORROKERNELOPS_TD

include "ZorroMaskAttrs.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Zorro_YieldOp : Zorro_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "the result of an epilogue or of a kernel";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), "(void)$_state;">];
}

def Zorro_KernelKind : I32EnumAttr<"KernelKind", "the kind of a kernel's root", [
    I32EnumAttrCase<"Contract", 0, "contract">, I32EnumAttrCase<"Attention", 1, "attention">,
    I32EnumAttrCase<"Row", 2, "row">, I32EnumAttrCase<"Map", 3, "map">,
    I32EnumAttrCase<"Reduce", 4, "reduce">, I32EnumAttrCase<"Move", 5, "move">]> {
  let cppNamespace = "::zorro";
}

def Zorro_KernelOp : Zorro_Op<"kernel", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "one unit of work: a root and what was fused to it";
  let description = [{
    A kernel holds tensor operations with one root. Its arguments are what it reads; it yields what
    it writes. The sizes that vary from call to call (rows, batch, tokens) are dynamic, so that
    equal kernels of different entry points are one. `because` says why it was formed.

    Kinds and their bodies:
    - `contract`: [`zorro.layer_norm` or `zorro.rms_norm` of argument 0, then] one
      `zorro.contract`, on tensors [?, ?, K] → [?, ?, N] (batch, rows);
    - `attention`: one `zorro.attention` without mask on [?, ?, ?, D], its padding, if any, the last
      argument; the mask is the call's;
    - `row`: one `zorro.layer_norm`, `zorro.rms_norm` or `zorro.softmax` on [?, ?, C];
    - `map`: one `linalg.generic` with parallel iterators only, into the destination; the inputs are
      windows over the whole loop nest (identity maps; a broadcast is a stride of 0 in the call's
      view); further arguments may be read by `tensor.extract`;
    - `reduce`: `linalg.fill` of the destination with a constant, then one `linalg.generic` with
      reduction iterators into it; the inputs are windows over the whole loop nest, the destination
      has the parallel loops' axes in order;
    - `move`: one `linalg.copy` of its one input to the destination, or one `linalg.generic` that writes
      a constant there, or its one input in another element type.

    In `map`, `reduce` and `move` the last argument is the destination, which the call gives by
    `into`: it is not among the call's inputs.

    Arguments and result have the element types that memory has. Where the root computes in another
    one, an `arith.extf` stands behind the argument and an `arith.truncf` before the yield: they say
    how memory is read and written. So it is with the destination of a `reduce`, whose sums are never
    rounded on the way. In the bodies of `linalg.generic`, which take scalars from memory, the same
    operations on scalars do so.

    Constraints:
    - (C1) the body yields exactly one tensor;
    - (C2) a destination has the type of what is yielded.

    ```mlir
    zorro.kernel @scale_add map because "element-wise chain" {
    ^bb0(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>, %out: tensor<?x?xf32>):
      %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
          ins(%x, %y : tensor<?x?xf32>, tensor<?x?xf32>) outs(%out : tensor<?x?xf32>) { … }
      zorro.yield %0 : tensor<?x?xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Zorro_KernelKind:$kind, StrAttr:$because,
                       OptionalAttr<Zorro_ScheduleAttr>:$schedule);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name $kind `because` $because (`schedule` $schedule^)? attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The operation that the kernel is named after: the producer of what it yields, before that
    /// is rounded for memory.
    ::mlir::Operation *getRoot();
    /// The type of what is yielded, in memory's element type.
    ::mlir::RankedTensorType getResultType();
    /// The kernel argument that an operand of an operation in the body is read from, be it
    /// extended on the way or not; null for what is no argument.
    static ::mlir::BlockArgument getArgument(::mlir::Value operand);
    /// The destination argument of a map, reduce or move kernel; null for the other kinds.
    ::mlir::BlockArgument getDestination();
    /// The arguments that a call's inputs fill.
    ::llvm::ArrayRef<::mlir::BlockArgument> getInputArguments();
  }];
}

def Zorro_ViewOp : Zorro_Op<"view", [Pure]> {
  let summary = "a window on a tensor's elements; nothing moves";
  let description = [{
    result[i0, i1, …] = element number (offset + sum of i·strides) of the source in row-major order.

    Constraints:
    - (C1) one stride per result axis, none negative;
    - (C2) no element outside the source is named.

    ```mlir
    %q = zorro.view %qkv offset 0 strides [3022848, 64, 2304, 1] : tensor<1x1312x2304xf32> to tensor<1x12x1312x64xf32>
    ```
  }];
  let arguments = (ins AnyStaticShapeTensor:$source, I64Attr:$offset, DenseI64ArrayAttr:$strides);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $source `offset` $offset `strides` $strides attr-dict `:` type($source) `to` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Zorro_CallOp : Zorro_Op<"call", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "one use of a kernel";
  let description = [{
    Runs the kernel on the inputs. Its result, of type `shape`, is written through a view (element
    number `offset` + sum of i·`strides`) into `into`, and the op's result is `into` with those
    elements replaced. A call that fills a fresh tensor takes a `tensor.empty`. An attention call
    carries its mask and its scale.

    Constraints:
    - (C1) the symbol names a `zorro.kernel` whose arguments and result fit the inputs and `shape`, in
      shape and element type;
    - (C2) one stride per axis of `shape`; no element outside the result is named; `into`, `shape` and
      the result have one element type;
    - (C3) `mask` and `scale` are given for attention kernels only.

    ```mlir
    %x = zorro.call @proj(%o, %w, %b, %res) into %e shape tensor<1x1312x768xf32> offset 0
        strides [1007616, 768, 1] : (tensor<…>, …) -> tensor<1x1312x768xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyStaticShapeTensor>:$inputs,
      AnyStaticShapeTensor:$into, TypeAttrOf<AnyStaticShapeTensor>:$shape, I64Attr:$offset,
      DenseI64ArrayAttr:$strides, OptionalAttr<Zorro_MaskAttr>:$mask, OptionalAttr<F32Attr>:$scale);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = [{
    $callee `(` $inputs `)` `into` $into `shape` $shape `offset` $offset `strides` $strides
    (`mask` $mask^)? (`scale` $scale^)? attr-dict
    `:` (`(` type($inputs)^ `)`)? `into` type($into) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Zorro_TableOp : Zorro_Op<"table", [Symbol]> {
  let summary = "constant integers that a launch reads (key intervals of a mask)";
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$values);
  let assemblyFormat = "$sym_name $values attr-dict";
}

def Zorro_LaunchOp : Zorro_Op<"launch"> {
  let summary = "run a compiled kernel on places in memory";
  let description = [{
    Runs tasks [0, tasks) of function `kernel`. Its argument words are the addresses of `places`,
    followed by `scalars`. `multiply_adds` counts what the launch computes, `bytes` what it reads
    and writes.

    ```mlir
    zorro.launch @qkv tasks 164 places [#zorro.place<arena, 0>, #zorro.place<weight @w, 0>]
        scalars [1, 1312, 768] multiply_adds 2321547264 bytes 20000000
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, I64Attr:$tasks,
      TypedArrayAttrBase<Zorro_PlaceAttr, "places">:$places, DenseI64ArrayAttr:$scalars,
      I64Attr:$multiply_adds, I64Attr:$bytes);
  let assemblyFormat = [{
    $kernel `tasks` $tasks `places` $places `scalars` $scalars
    `multiply_adds` $multiply_adds `bytes` $bytes attr-dict
  }];
}

#endif // ZORRO_DIALECTS_ZORRO_ZORROKERNELOPS_TD
