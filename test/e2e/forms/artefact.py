# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Artefacts through the C interface of libzorro.so, so that a run costs no process."""

import ctypes
import glob
import os

import numpy as np

TYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32,
         7: np.int64, 9: np.bool_, 11: np.float64, 12: np.uint32, 13: np.uint64}
NUMBERS = {np.dtype(kind): number for number, kind in TYPES.items()}


class Tensor(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("modality", ctypes.c_char_p),
                ("type", ctypes.c_uint32), ("rank", ctypes.c_uint32),
                ("dims", ctypes.POINTER(ctypes.c_int64)), ("bytes", ctypes.c_uint64)]


class Launch(ctypes.Structure):
    _fields_ = [("kernel", ctypes.c_uint32), ("source", ctypes.c_char_p),
                ("multiply_adds", ctypes.c_uint64), ("bytes", ctypes.c_uint64)]


class Entry(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("input_count", ctypes.c_uint32),
                ("output_count", ctypes.c_uint32), ("launch_count", ctypes.c_uint32),
                ("weight_count", ctypes.c_uint32), ("inputs", ctypes.POINTER(Tensor)),
                ("outputs", ctypes.POINTER(Tensor)), ("launches", ctypes.POINTER(Launch)),
                ("weights", ctypes.POINTER(ctypes.c_uint32)), ("arena_bytes", ctypes.c_uint64),
                ("scratch_bytes", ctypes.c_uint64), ("multiply_adds", ctypes.c_uint64)]


class Kernel(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("kind", ctypes.c_char_p),
                ("reason", ctypes.c_char_p), ("scratch_bytes", ctypes.c_uint64),
                *((n, ctypes.c_uint32) for n in ("threads", "shared_bytes", "words", "maps"))]


class Description(ctypes.Structure):
    _fields_ = [*((n, ctypes.c_char_p) for n in ("compiler", "source", "source_hash", "cpu",
                                                 "assumptions", "cpu_features")),
                *((n, ctypes.c_uint64) for n in ("cpu_feature_bits", "code_bytes",
                                                 "weight_bytes")),
                *((n, ctypes.c_uint32) for n in ("entry_count", "kernel_count", "weight_count")),
                ("entries", ctypes.POINTER(Entry)), ("kernels", ctypes.POINTER(Kernel)),
                ("weights", ctypes.c_void_p), ("target", ctypes.c_uint32),
                ("arch", ctypes.c_char_p), ("device", ctypes.c_char_p)]


class View(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("type", ctypes.c_uint32), ("rank", ctypes.c_uint32),
                ("dims", ctypes.POINTER(ctypes.c_int64))]


class RuntimeFailure(Exception):
    """A status other than 0, with the runtime's sentence."""


class Library:
    def __init__(self, tools):
        """tools: the folder of zorro-opt; the library lies in lib beside it."""
        pattern = os.path.join(os.path.dirname(os.path.abspath(tools)), "lib", "libzorro.so")
        if not glob.glob(pattern):
            raise RuntimeFailure(f"expected {pattern} but found none; build ZorroRuntimeShared")
        self.calls = ctypes.CDLL(pattern)
        self.calls.zorro_last_error.restype = ctypes.c_char_p
        self.calls.zorro_model_describe.restype = ctypes.POINTER(Description)
        self.calls.zorro_session_entry.restype = ctypes.POINTER(Entry)
        for name in ("model_free", "model_describe", "session_free", "session_entry"):
            getattr(self.calls, f"zorro_{name}").argtypes = [ctypes.c_void_p]
        self.calls.zorro_session_create.argtypes = [ctypes.c_void_p, ctypes.c_char_p,
                                                    ctypes.c_uint32, ctypes.c_void_p]
        self.calls.zorro_session_run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t,
                                                 ctypes.c_void_p, ctypes.c_size_t]

    def expect(self, status):
        if status != 0:
            raise RuntimeFailure(f"status {status}: {self.calls.zorro_last_error().decode()}")


class Artefact:
    def __init__(self, library, path):
        self.library, self.model, self.sessions = library, ctypes.c_void_p(), {}
        library.expect(library.calls.zorro_model_load(os.fsencode(path), None,
                                                      ctypes.byref(self.model)))
        self.description = library.calls.zorro_model_describe(self.model).contents

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for session in self.sessions.values():
            self.library.calls.zorro_session_free(session.handle)
        self.library.calls.zorro_model_free(self.model)

    def session(self, entry):
        if entry not in self.sessions:
            self.sessions[entry] = Session(self, entry)
        return self.sessions[entry]

    def launches(self, entry, kind):
        """How many launches of an entry are of a kind of kernel."""
        info = self.session(entry).info
        return sum(self.description.kernels[info.launches[i].kernel].kind == kind.encode()
                   for i in range(info.launch_count))


class Session:
    def __init__(self, artefact, entry):
        self.library, self.handle = artefact.library, ctypes.c_void_p()
        self.library.expect(self.library.calls.zorro_session_create(
            artefact.model, entry.encode(), 1, ctypes.byref(self.handle)))
        self.info = self.library.calls.zorro_session_entry(self.handle).contents
        self.inputs = [self.shape(self.info.inputs[i]) for i in range(self.info.input_count)]
        self.outputs = [self.shape(self.info.outputs[i]) for i in range(self.info.output_count)]

    @staticmethod
    def shape(tensor):
        return tensor.name.decode(), tuple(tensor.dims[:tensor.rank]), np.dtype(TYPES[tensor.type])

    def run(self, inputs):
        """Takes the arrays that the entry wants out of `inputs`."""
        given = [np.ascontiguousarray(inputs[name], kind) for name, _, kind in self.inputs]
        made = [np.empty(shape, kind) for _, shape, kind in self.outputs]
        views = [(View * max(len(arrays), 1))(*map(view, arrays)) for arrays in (given, made)]
        self.library.expect(self.library.calls.zorro_session_run(
            self.handle, views[0], len(given), views[1], len(made)))
        return {name: array for (name, _, _), array in zip(self.outputs, made)}


def view(array):
    dims = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
    result = View(array.ctypes.data, NUMBERS[array.dtype], array.ndim, dims)
    result.kept = dims  # lives as long as the view
    return result
