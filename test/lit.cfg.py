# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The lit suite over test/: which files are tests, and the programs they may name."""

import glob
import os
import shutil

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "Zorro"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".onnxtxt"]
config.excludes = ["models", "e2e", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.zorro_obj_root, "test")

config.substitutions.append(("%zorro_tools", config.zorro_tools))
config.substitutions.append(("%models", os.path.join(config.test_source_root, "models")))
config.substitutions.append(("%python", config.zorro_python))
llvm_config.use_default_substitutions()
# A tool that is not built leaves its name in the command, so that only its own tests fail.
llvm_config.add_tool_substitutions(
    [ToolSubst(t, unresolved="ignore")
     for t in ("zorro-opt", "zorro-run", "zorro-bench", "split-file", "not")],
    [config.zorro_tools, config.lit_tools_dir])

# NVIDIA's assembler, where zorro-opt looks for it: `REQUIRES: ptxas`.
ptxas = os.environ.get("ZORRO_PTXAS") or shutil.which("ptxas")
folders = ["/usr/local/cuda*/bin", os.path.join(
    os.path.dirname(config.test_source_root), ".venv/lib/python3*/site-packages/nvidia/cu*/bin")]
for folder in [] if ptxas else folders:
    ptxas = ptxas or next(iter(sorted(glob.glob(os.path.join(folder, "ptxas")), reverse=True)), "")
if ptxas:
    config.environment["ZORRO_PTXAS"] = ptxas
    config.available_features.add("ptxas")

# What the machine can run: `REQUIRES: avx512` and the like.
try:
    with open("/proc/cpuinfo") as cpuinfo:
        flags = next((l.split() for l in cpuinfo if l.startswith("flags")), [])
except OSError:
    flags = []
for feature, needed in (("avx2", ("avx2", "fma")),
                        ("avx512", ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"))):
    if all(f in flags for f in needed):
        config.available_features.add(feature)
