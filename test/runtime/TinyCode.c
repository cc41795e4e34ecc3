//===- TinyCode.c - Code of the test artefacts ----------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// What the compiler would emit, small enough to read: two kernels and four entries, no library.
// The shapes are those of TinyArtefact.cpp.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Abi/Abi.h"

enum { rows = 37, columns = 8 };

// out[r][c] = in[r][c] + weight[c]. Goes through the scratch, so that threads which share one
// spoil each other's rows.
static void add(const int64_t *args, int64_t begin, int64_t end, char *scratch) {
  const float *in = (const float *)args[0], *weight = (const float *)args[1];
  float *out = (float *)args[2];
  volatile float *row = (volatile float *)scratch;
  for (int64_t r = begin; r < end; ++r) {
    for (int c = 0; c < columns; ++c)
      row[c] = in[r * columns + c] + weight[c];
    for (int c = 0; c < columns; ++c)
      out[r * columns + c] = row[c];
  }
}

// out[r][c] = in[r][c] * factor, the factor given as the bits of a float.
static void scale(const int64_t *args, int64_t begin, int64_t end, char *scratch) {
  (void)scratch;
  const float *in = (const float *)args[0];
  float *out = (float *)args[1];
  int32_t bits = (int32_t)args[2];
  float factor;
  __builtin_memcpy(&factor, &bits, sizeof(factor));
  for (int64_t i = begin * columns; i < end * columns; ++i)
    out[i] = in[i] * factor;
}

static int64_t bitsOf(float value) {
  int32_t bits;
  __builtin_memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// y = (x + bias) * FACTOR
static int32_t fused(zorro_frame *frame) {
  int64_t addArgs[] = {(int64_t)frame->inputs[0], (int64_t)(frame->weights + 64),
                       (int64_t)frame->arena};
  int32_t status = frame->table->launch(frame, 0, addArgs, rows);
  if (status)
    return status;
  int64_t scaleArgs[] = {(int64_t)frame->arena, (int64_t)frame->outputs[0], bitsOf(FACTOR)};
  return frame->table->launch(frame, 1, scaleArgs, rows);
}

// y = x * 1e-30: shows how subnormal numbers are treated.
static int32_t audio(zorro_frame *frame) {
  int64_t args[] = {(int64_t)frame->inputs[0], (int64_t)frame->outputs[0], bitsOf(1e-30f)};
  return frame->table->launch(frame, 0, args, rows);
}

// A launch that the descriptor does not have.
static int32_t broken(zorro_frame *frame) { return frame->table->launch(frame, 7, 0, 1); }

// No launch, no tensor, no arena.
static int32_t empty(zorro_frame *frame) {
  (void)frame;
  return 0;
}

static const zorro_entry_fn entries[] = {fused, audio, broken, empty};
static const zorro_kernel_fn kernels[] = {add, scale};

__attribute__((visibility("default"))) const zorro_code zorro_code_v2 = {
    ZORRO_ABI_VERSION, 4, 2, 0, entries, kernels, 0, 0, 0};
