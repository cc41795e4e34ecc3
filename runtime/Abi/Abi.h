//===- Abi.h - What the compiler writes and the runtime reads ----------------------*- C -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The only bridge between the compiler and the runtime: the layout of an artefact, its descriptor,
// and the calls between generated code and the runtime. Plain C, no dependencies. All integers are
// little-endian; every struct has a fixed size without padding.
//
// An artefact is one file:
//
//   [ELF shared object] [zeros to a page] [weight segment] [descriptor] [chunk hashes] [footer]
//
// The footer stands at the very end of the file. Its offsets count from the artefact's first byte,
// which is (file size - footer.artefact_size): so a runner program can carry an artefact behind
// itself. All hashes are XXH3 (64 bits, seed 0).
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_ABI_ABI_H
#define ZORRO_RUNTIME_ABI_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZORRO_ABI_VERSION 2u
#define ZORRO_FOOTER_MAGIC "ZORROART" // 8 bytes, no terminator
#define ZORRO_DESCRIPTOR_MAGIC "ZORRODSC"
#define ZORRO_CODE_SYMBOL "zorro_code_v2"
#define ZORRO_PAGE 4096u
#define ZORRO_ALIGN 64u                   // of weights, arena buffers and scratch
#define ZORRO_WEIGHT_CHUNK (1u << 20)     // bytes covered by one chunk hash

//===-- Footer ------------------------------------------------------------------------------===//

typedef struct zorro_footer {
  char magic[8];
  uint32_t abi_version;
  uint32_t reserved0;
  uint64_t artefact_size; // from the first byte of the ELF file to the end of this footer
  uint64_t code_offset, code_size, code_hash;
  uint64_t weights_offset, weights_size; // offset is a multiple of ZORRO_PAGE; size may be 0
  uint64_t descriptor_offset, descriptor_size, descriptor_hash;
  uint64_t chunks_offset, chunk_count; // uint64_t per ZORRO_WEIGHT_CHUNK of the weight segment
  uint64_t chunks_hash;                // of the table of chunk hashes
  uint64_t footer_hash;                // of all bytes of this struct before this field
} zorro_footer;

//===-- Descriptor --------------------------------------------------------------------------===//

// A string: offset of its first byte from the start of the descriptor, and its length without the
// terminating zero, which is present.
typedef struct zorro_string {
  uint32_t offset, size;
} zorro_string;

// A run of `count` fixed-size records at `offset` from the start of the descriptor.
typedef struct zorro_array {
  uint32_t offset, count;
} zorro_array;

enum zorro_target { ZORRO_TARGET_CPU = 0, ZORRO_TARGET_CUDA = 1 };

// Element types, numbered as in ONNX's TensorProto.
enum zorro_type {
  ZORRO_F32 = 1, ZORRO_U8 = 2, ZORRO_I8 = 3, ZORRO_U16 = 4, ZORRO_I16 = 5, ZORRO_I32 = 6,
  ZORRO_I64 = 7, ZORRO_BOOL = 9, ZORRO_F16 = 10, ZORRO_F64 = 11, ZORRO_U32 = 12, ZORRO_U64 = 13,
  ZORRO_BF16 = 16
};

// CPU features that code may require, bit by bit.
enum zorro_cpu_feature {
  ZORRO_CPU_AVX = 0, ZORRO_CPU_AVX2 = 1, ZORRO_CPU_FMA = 2, ZORRO_CPU_F16C = 3,
  ZORRO_CPU_BMI = 4, ZORRO_CPU_BMI2 = 5, ZORRO_CPU_LZCNT = 6, ZORRO_CPU_POPCNT = 7,
  ZORRO_CPU_SSE42 = 8, ZORRO_CPU_MOVBE = 9,
  ZORRO_CPU_AVX512F = 16, ZORRO_CPU_AVX512CD = 17, ZORRO_CPU_AVX512BW = 18,
  ZORRO_CPU_AVX512DQ = 19, ZORRO_CPU_AVX512VL = 20, ZORRO_CPU_AVX512VNNI = 21,
  ZORRO_CPU_AVX512BF16 = 22, ZORRO_CPU_AMX_TILE = 32, ZORRO_CPU_AMX_BF16 = 33
};

#define ZORRO_MAX_RANK 8

typedef struct zorro_tensor {
  zorro_string name;
  zorro_string modality; // the modality this input belongs to; empty for outputs
  uint32_t type;         // enum zorro_type
  uint32_t rank;         // at most ZORRO_MAX_RANK
  int64_t dims[ZORRO_MAX_RANK];
} zorro_tensor;

// One launch of an entry, in program order: what traces and benchmarks name.
typedef struct zorro_launch_info {
  uint32_t kernel;           // index into the descriptor's kernels
  uint32_t reserved0;
  zorro_string source;       // the graph node(s) it came from
  uint64_t multiply_adds;    // counted on unmasked work, tails rounded to tiles
  uint64_t bytes;            // read and written, each buffer once
} zorro_launch_info;

typedef struct zorro_entry_info {
  zorro_string name;         // "fused", "audio", …
  zorro_array inputs;        // zorro_tensor
  zorro_array outputs;       // zorro_tensor
  zorro_array launches;      // zorro_launch_info
  zorro_array weights;       // uint32_t: indices into the descriptor's weights
  uint64_t arena_bytes;      // workspace of one run
  uint64_t multiply_adds;    // sum over the launches
} zorro_entry_info;

typedef struct zorro_kernel_info {
  zorro_string name;         // "contract_768x2304_…"
  zorro_string kind;         // "contract", "attention", "row", "map", "reduce", "move"
  zorro_string reason;       // why it was formed
  uint64_t scratch_bytes;    // per thread; 0 on a GPU
  // On a GPU: what a launch needs besides its grid, which is the tasks. All 0 on a CPU.
  uint32_t threads;          // of a block
  uint32_t shared_bytes;     // dynamic shared memory of a block
  uint32_t words;            // argument words that are parameters, 8 bytes each
  uint32_t maps;             // tensor maps, parameters of 128 bytes aligned to 64 behind the words
} zorro_kernel_info;

typedef struct zorro_weight_info {
  zorro_string name;         // the initializer's name in the source file
  uint64_t offset, size;     // in the weight segment
} zorro_weight_info;

typedef struct zorro_descriptor {
  char magic[8];
  uint32_t abi_version;
  uint32_t target;           // enum zorro_target
  uint64_t cpu_features;     // bits of enum zorro_cpu_feature that the code requires
  zorro_string compiler;     // "zorro 0.1.0 (LLVM 22.1.8)"
  zorro_string source;       // name of the source file
  zorro_string source_hash;  // its XXH3, in hex
  zorro_string cpu;          // "x86-64-v4", as asked for
  zorro_string arch;         // of a GPU: "sm_90a"; empty for a CPU
  zorro_string assumptions;  // what the dependence claims and masks assume, one sentence
  zorro_array entries;       // zorro_entry_info
  zorro_array kernels;       // zorro_kernel_info
  zorro_array weights;       // zorro_weight_info
} zorro_descriptor;

//===-- Calls between generated code and the runtime ----------------------------------------===//

struct zorro_frame;

// Run kernel `launch.kernel` on tasks [0, tasks), split over threads; returns when all are done.
// `launch` is the index of the launch within its entry. `args` is an array of 64-bit words that
// only the kernel reads (pointers and integers). Returns 0, or a non-zero status that the entry
// hands back at once.
typedef int32_t (*zorro_launch_fn)(struct zorro_frame *frame, uint32_t launch, const int64_t *args,
                                   int64_t tasks);

typedef struct zorro_runtime_table {
  uint32_t abi_version;
  uint32_t reserved0;
  zorro_launch_fn launch;
} zorro_runtime_table;

// What generated entry code receives. The pointers stay valid for the call. Inputs and outputs are
// dense, row-major, aligned to their element type, in the order of the descriptor.
typedef struct zorro_frame {
  const zorro_runtime_table *table;
  void *runtime;               // the runtime's own state
  char *arena;                 // arena_bytes, aligned to ZORRO_ALIGN
  const char *weights;         // the weight segment
  const void *const *inputs;
  void *const *outputs;
} zorro_frame;

// Tasks [begin, end) of one launch. `scratch` is this thread's, kernel.scratch_bytes large and
// aligned to ZORRO_ALIGN; its contents are undefined at entry.
typedef void (*zorro_kernel_fn)(const int64_t *args, int64_t begin, int64_t end, char *scratch);
typedef int32_t (*zorro_entry_fn)(zorro_frame *frame);

// A tensor map that a launch on a GPU takes: ZORRO_MAP_WORDS argument words behind those of the
// kernel's parameters, one map after the other. Axes go from the innermost outwards.
#define ZORRO_MAP_RANK 5
typedef struct zorro_tensor_map {
  int64_t word;                     // the argument word that holds the address
  int64_t byte_offset;              // from that address, a multiple of 16
  int64_t type;                     // enum zorro_type: ZORRO_BF16 or ZORRO_F32
  int64_t rank;                     // 2 to ZORRO_MAP_RANK
  int64_t dims[ZORRO_MAP_RANK];     // elements; what a box reaches beyond them reads as zero
  int64_t strides[ZORRO_MAP_RANK];  // bytes, multiples of 16; of axis 0: the element's size
  int64_t box[ZORRO_MAP_RANK];      // elements of one copy, at most 256 each
  int64_t swizzle;                  // bytes: 0, 32, 64 or 128
} zorro_tensor_map;
#define ZORRO_MAP_WORDS 20

// A program for a GPU inside the ELF part.
enum zorro_image_kind { ZORRO_IMAGE_CUBIN = 0, ZORRO_IMAGE_PTX = 1 };
typedef struct zorro_image {
  uint32_t kind;   // enum zorro_image_kind
  uint32_t arch;   // 90 for sm_90 and sm_90a
  const char *data; // PTX ends in a zero
  uint64_t size;   // with the zero
} zorro_image;

// The one symbol that an artefact's ELF part exports, under the name ZORRO_CODE_SYMBOL. Counts and
// order are those of the descriptor.
typedef struct zorro_code {
  uint32_t abi_version;
  uint32_t entry_count;
  uint32_t kernel_count;
  uint32_t reserved0;
  const zorro_entry_fn *entries;
  const zorro_kernel_fn *kernels;   // for a CPU; null for a GPU
  uint32_t image_count;             // for a GPU: the same kernels, for one device or another
  uint32_t reserved1;
  const zorro_image *images;        // cubins first
} zorro_code;

#ifdef __cplusplus
}
#endif

#endif // ZORRO_RUNTIME_ABI_ABI_H
