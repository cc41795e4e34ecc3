# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes ONNX graphs node by node: values are names, constants numpy arrays, shapes inferred."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float64): TensorProto.DOUBLE,
         np.dtype(np.int64): TensorProto.INT64, np.dtype(np.int32): TensorProto.INT32,
         np.dtype(np.uint8): TensorProto.UINT8, np.dtype(bool): TensorProto.BOOL}
IR_VERSION = 10


class Graph:
    """A graph under construction. Every method that makes a node returns the name it defines."""

    def __init__(self, opset=18, seed=0):
        self.opset, self.domains = opset, {"": opset}
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants, self.inputs, self.outputs = [], [], {}, []
        self.prefix = ""

    def input(self, name, shape, kind=np.float32):
        self.inputs[name] = (tuple(shape), np.dtype(kind))
        return name

    def output(self, name, value):
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"/{name}"))
        self.outputs.append(name)

    def constant(self, array, name=None):
        array = np.asarray(array)
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def shape(self, *sizes):
        return self.constant(np.array(sizes, np.int64))

    def weight(self, *shape, scale=None):
        """Random numbers of a size that keeps activations near 1."""
        scale = scale or 1 / np.sqrt(shape[-2] if len(shape) > 1 else 1)
        return self.constant((self.random.standard_normal(shape) * scale).astype(np.float32),
                             f"w{len(self.constants)}")

    def op(self, kind, *values, outputs=1, domain="", **attributes):
        """A node; arrays among its values become constants, None an operand that is left out."""
        if domain:
            self.domains[domain] = 1
        names = ["" if v is None else v if isinstance(v, str) else self.constant(v)
                 for v in values]
        number = len(self.nodes)
        results = [f"v{number}"] if outputs == 1 else [f"v{number}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, names, results, domain=domain,
                                           name=f"{self.prefix}/{kind}_{number}", **attributes))
        return results[0] if outputs == 1 else results

    def reshape(self, value, *sizes):
        return self.op("Reshape", value, self.shape(*sizes))

    def transpose(self, value, *axes):
        return self.op("Transpose", value, perm=list(axes))

    def unsqueeze(self, value, *axes):
        if self.opset < 13:
            return self.op("Unsqueeze", value, axes=list(axes))
        return self.op("Unsqueeze", value, self.shape(*axes))

    def slice(self, value, axis, begin, end):
        return self.op("Slice", value, self.shape(begin), self.shape(end), self.shape(axis))

    def split(self, value, axis, sizes):
        if self.opset < 13:
            return self.op("Split", value, outputs=len(sizes), axis=axis, split=list(sizes))
        return self.op("Split", value, self.shape(*sizes), outputs=len(sizes), axis=axis)

    def reduce(self, kind, value, axis):
        """A reduction of one axis that stays with size 1, as the opset writes it."""
        if self.opset >= (13 if kind == "ReduceSum" else 18):
            return self.op(kind, value, self.shape(axis), keepdims=1)
        return self.op(kind, value, axes=[axis], keepdims=1)

    def cast(self, value, kind):
        return self.op("Cast", value, to=TYPES[np.dtype(kind)])

    def model(self, name):
        def info(value, shape, kind):
            return helper.make_tensor_value_info(value, TYPES[kind], shape)

        graph = helper.make_graph(
            self.nodes, name, [info(n, s, k) for n, (s, k) in self.inputs.items()],
            [onnx.ValueInfoProto(name=n) for n in self.outputs], initializer=self.constants)
        model = helper.make_model(graph, ir_version=IR_VERSION, opset_imports=[
            helper.make_opsetid(d, v) for d, v in self.domains.items()])
        return declareOutputs(model, name)


def declareOutputs(model, name):
    """Types and shapes of the outputs, as a file must have them; ONNX Runtime knows them all."""
    import onnxruntime
    for output in model.graph.output:  # a type is needed to load at all
        output.type.tensor_type.elem_type = TensorProto.FLOAT
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    for output, known in zip(model.graph.output, session.get_outputs()):
        if not all(isinstance(d, int) for d in known.shape):
            raise ValueError(f"{name}: expected a shape for {output.name} but got {known.shape}")
        output.CopyFrom(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, known.shape))
    return model
