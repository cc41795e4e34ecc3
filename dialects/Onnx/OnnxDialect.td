//===- OnnxDialect.td - A graph as its file holds it ------------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ONNX_ONNXDIALECT_TD
#define ZORRO_DIALECTS_ONNX_ONNXDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let summary = "An ONNX graph, one operation per node";
  let description = [{
    One carrier operation for every operator of every domain and version: `onnx.node`. It knows no
    operator; libonnx's schemas do (import, shape inference), and the table in passes/Raise says
    what each means.
  }];
  let cppNamespace = "::zorro::onnx";
  let useDefaultTypePrinterParser = 1;
}

def Onnx_UnknownType : TypeDef<Onnx_Dialect, "Unknown"> {
  let mnemonic = "unknown";
  let summary = "a value whose type neither a schema nor the file tells";
  let description = [{
    Results of operators that libonnx does not know, and values that are not tensors of numbers.
  }];
}

class Onnx_Op<string mnemonic, list<Trait> traits = []> : Op<Onnx_Dialect, mnemonic, traits>;

def Onnx_NodeOp : Onnx_Op<"node", [Pure]> {
  let summary = "one node of an ONNX graph";
  let description = [{
    `op_type`, `domain` ("" is ai.onnx) and `since_version` (the version of the operator in force
    under the model's opset) name the operator. Inputs that the node leaves out are left out here
    too: `present` then has one entry per input of the node, false where it is missing. Outputs
    that the node leaves out have type `none`. The node's attributes stand in `attrs`: integers as
    i64, floats as f32, strings, arrays of these (`array<i64: …>`, `array<f32: …>`, an array of
    strings), tensors as dense attributes; graphs are regions, named in order by
    `graph_names`. The node's name is the location.

    Constraints:
    - (C1) `present`, where given, is true as often as there are inputs;
    - (C2) `graph_names` has one name per graph;
    - (C3) each graph is one block that ends with `onnx.yield`.

    ```mlir
    %1 = onnx.node "Softmax" since 13 (%0) {axis = -1 : i64}
        : (tensor<1x4x68x68xf32>) -> tensor<1x4x68x68xf32> loc("/blocks.0/Softmax")
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs, StrAttr:$op_type,
      DefaultValuedStrAttr<StrAttr, "">:$domain, I64Attr:$since_version, DictionaryAttr:$attrs,
      OptionalAttr<DenseBoolArrayAttr>:$present, OptionalAttr<StrArrayAttr>:$graph_names);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$graphs);
  let assemblyFormat = [{
    $op_type (`of` $domain^)? `since` $since_version `(` $inputs `)` (`present` $present^)? $attrs
    (`graphs` $graph_names^ $graphs)? attr-dict `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Input `i` of the node as its operator's schema counts them; null where it is left out.
    ::mlir::Value getInput(unsigned i);
    /// Number of inputs as the schema counts them, missing ones included.
    unsigned getInputCount();
    /// An attribute of the node, or null.
    ::mlir::Attribute getNodeAttr(::llvm::StringRef name) { return getAttrs().get(name); }
    int64_t getInt(::llvm::StringRef name, int64_t otherwise);
    float getFloat(::llvm::StringRef name, float otherwise);
    ::llvm::StringRef getString(::llvm::StringRef name, ::llvm::StringRef otherwise);
    /// The integers of an attribute; nothing where it is absent.
    std::optional<::llvm::ArrayRef<int64_t>> getInts(::llvm::StringRef name);
    /// Whether this is operator `name` of ai.onnx.
    bool is(::llvm::StringRef name) { return getOpType() == name && getDomain().empty(); }
    /// Name of the node in its file, for messages; its first output's name where it has none.
    std::string getNodeName();
  }];
}

def Onnx_YieldOp : Onnx_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "the outputs of a subgraph";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // ZORRO_DIALECTS_ONNX_ONNXDIALECT_TD
