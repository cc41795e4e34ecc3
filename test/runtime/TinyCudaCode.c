//===- TinyCudaCode.c - Code of the test artefacts for a GPU --------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The host code that the compiler would emit: the same lists of launches as in TinyCode.c. The
// kernels are in Stub/Kernels.cpp; images only name them. With MISTAKE the PTX does not compile,
// with LACKING it lacks a kernel; with PTX the kernels are those of TinyKernels.ptx.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Abi/Abi.h"

enum { rows = 37, columns = 8 };

static int64_t bitsOf(float value) {
  int32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// y = (x + bias) * 2
static int32_t fused(zorro_frame *frame) {
  int64_t addArgs[] = {(int64_t)frame->inputs[0], (int64_t)(frame->weights + 64),
                       (int64_t)frame->arena};
  int32_t status = frame->table->launch(frame, 0, addArgs, rows);
  if (status)
    return status;
  int64_t scaleArgs[] = {(int64_t)frame->arena, (int64_t)frame->outputs[0], bitsOf(2)};
  return frame->table->launch(frame, 1, scaleArgs, rows);
}

// y = x * 3
static int32_t audio(zorro_frame *frame) {
  int64_t args[] = {(int64_t)frame->inputs[0], (int64_t)frame->outputs[0], bitsOf(3)};
  return frame->table->launch(frame, 0, args, rows);
}

// A launch that the descriptor does not have.
static int32_t broken(zorro_frame *frame) { return frame->table->launch(frame, 7, 0, 1); }

// No launch, no tensor, no arena.
static int32_t empty(zorro_frame *frame) {
  (void)frame;
  return 0;
}

static int32_t runMapped(zorro_frame *frame, const zorro_tensor_map *map, int64_t tasks) {
  int64_t args[3 + ZORRO_MAP_WORDS] = {(int64_t)frame->inputs[0], (int64_t)frame->outputs[0], 17};
  for (int i = 0; i < ZORRO_MAP_WORDS; ++i)
    args[3 + i] = ((const int64_t *)map)[i];
  return frame->table->launch(frame, 0, args, tasks);
}

// y[r] = x[r + 1], read through a tensor map.
static int32_t mapped(zorro_frame *frame) {
  zorro_tensor_map map = {0, columns * 4, ZORRO_F32, 2, {columns, rows - 1}, {4, columns * 4},
                          {columns, 1}, 32};
  return runMapped(frame, &map, rows - 1);
}

// A tensor map that no device takes.
static int32_t crooked(zorro_frame *frame) {
  zorro_tensor_map map = {0, 0, ZORRO_F32, 2, {columns, rows}, {4, 20}, {columns, 1}, 32};
  return runMapped(frame, &map, rows);
}

// Launches of nothing, with a tensor map of nothing.
static int32_t nothing(zorro_frame *frame) {
  zorro_tensor_map map = {0, 0, ZORRO_F32, 2, {columns, 0}, {4, 32}, {columns, 1}, 32};
  return runMapped(frame, &map, 0);
}

static const char cubin[] =
#if defined(PTX)
    "\x7f"
    "ELF but no more of it";
#else
    "stub cubin sm_90a add_8 scale_8 mapped_8";
#endif
#if defined(PTX)
static const char ptx[] =
#include "TinyKernels.inc"
    ;
#elif defined(MISTAKE)
static const char ptx[] = "// stub\n.target sm_80\nadd_8 mistake";
#elif defined(LACKING)
static const char ptx[] = "// stub\n.target sm_80\nadd_8 mapped_8";
#else
static const char ptx[] = "// stub\n.target sm_80\nadd_8 scale_8 mapped_8";
#endif

static const zorro_image images[] = {{ZORRO_IMAGE_CUBIN, 90, cubin, sizeof(cubin)},
                                     {ZORRO_IMAGE_PTX, 90, ptx, sizeof(ptx)}};
static const zorro_entry_fn entries[] = {fused, audio, broken, empty, mapped, crooked, nothing};

__attribute__((visibility("default"))) const zorro_code zorro_code_v2 = {
    ZORRO_ABI_VERSION, 7, 3, 0, entries, 0, 2, 0, images};
