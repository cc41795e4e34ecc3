//===- Zorro.h - Load and run compiled models --------------------------------------*- C -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The public interface of the runtime. Every call that can fail returns a status; the sentence that
// goes with it is kept per thread and read with zorro_last_error(). No call aborts or throws.
//
//   zorro_model *model;
//   zorro_session *session;
//   zorro_model_load("model.so", NULL, &model);
//   zorro_session_create(model, "audio", 0, &session);
//   zorro_session_run(session, inputs, 1, outputs, 2);
//   zorro_session_free(session);
//   zorro_model_free(model);
//
// An artefact holds native code: loading one means trusting it like any program. The hashes guard
// against damage, not against malice. The file must not be written to while it is loaded; replacing
// it by renaming another over it is fine.
//
// Models may be used from any number of threads at once. A session belongs to one run at a time: a
// second run on it returns ZORRO_BUSY. Sessions must not be used across fork().
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_ZORRO_H
#define ZORRO_RUNTIME_CORE_ZORRO_H

#include "runtime/Abi/Abi.h" // enum zorro_type, enum zorro_cpu_feature

#include <stddef.h>
#include <stdint.h>

#define ZORRO_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

// The numbers are also the exit codes of the tools.
typedef enum zorro_status {
  ZORRO_OK = 0,
  ZORRO_INVALID = 1,     // a wrong argument: name, count, type, shape, alignment, null
  ZORRO_BAD_FILE = 2,    // the file cannot be read, or is damaged
  ZORRO_UNSUPPORTED = 3, // this machine or this runtime cannot run the artefact
  ZORRO_LIMIT = 4,       // memory, threads, or a limit that the options set
  ZORRO_BUSY = 7,        // the session is running on another thread
  ZORRO_INTERNAL = 70    // generated code reported a fault
} zorro_status;

typedef struct zorro_model zorro_model;
typedef struct zorro_session zorro_session;

// One sentence on the last call of this thread that failed; "" if none did. Valid until the next
// call of this thread.
ZORRO_API const char *zorro_last_error(void);

// "ok", "invalid argument", …
ZORRO_API const char *zorro_status_name(zorro_status status);

// "0.1.0"
ZORRO_API const char *zorro_version(void);

// Bytes of one element of `type` (enum zorro_type); 0 if there is no such type.
ZORRO_API size_t zorro_type_size(uint32_t type);

// "f32", "bf16", "bool", …; NULL if there is no such type.
ZORRO_API const char *zorro_type_name(uint32_t type);

//===-- Models ------------------------------------------------------------------------------===//

#define ZORRO_NO_DEVICE (-1)

typedef struct zorro_load_options {
  uint32_t struct_size;     // sizeof(zorro_load_options), set by zorro_load_options_init
  uint32_t verify_weights;  // 1 (default): check the hash of every weight chunk; 0: trust them
  uint32_t threads;         // default of sessions and of the check; 0: the cores this process has
  int32_t device;           // number of the GPU (default 0), for artefacts that run on one;
                            // ZORRO_NO_DEVICE: none, the model can be described but not run
  uint64_t max_arena_bytes; // sessions that need more return ZORRO_LIMIT; 0: no limit
} zorro_load_options;

ZORRO_API void zorro_load_options_init(zorro_load_options *options);

// Opens the artefact at `path`, or the one appended to the program at `path`, in this order:
// footer, code and descriptor hashes, descriptor contents, CPU features, weight hashes, and only
// then the code. `options` may be NULL. On failure *model is NULL.
// Weights are mapped read-only and shared between processes; for a GPU they are copied to it once.
// A GPU needs its driver's libcuda.so.1 and nothing else. The environment variable
// ZORRO_CUDA_DRIVER names another file to open instead. The device's primary context is used, as
// by CUDA's runtime library; the calling thread's current context is the same after each call.
ZORRO_API zorro_status zorro_model_load(const char *path, const zorro_load_options *options,
                                        zorro_model **model);

// Sessions made from the model stay usable; the last one to go unloads it. NULL is allowed.
ZORRO_API void zorro_model_free(zorro_model *model);

// 1 if the file at `path` ends in the footer of an artefact (which may still be damaged), else 0.
ZORRO_API int zorro_has_artefact(const char *path);

//===-- What is in a model ------------------------------------------------------------------===//

// All strings end in a zero, may be empty, are never NULL. All pointers live as long as the model.

typedef struct zorro_tensor_desc {
  const char *name;
  const char *modality; // of an input: "audio", "video", …; "" for outputs
  uint32_t type;        // enum zorro_type
  uint32_t rank;        // 0 is a scalar
  const int64_t *dims;  // rank of them, each >= 0
  uint64_t bytes;       // dense, row-major
} zorro_tensor_desc;

typedef struct zorro_launch_desc {
  uint32_t kernel;        // index into zorro_model_desc.kernels
  const char *source;     // graph nodes it came from
  uint64_t multiply_adds; // on unmasked work
  uint64_t bytes;         // read and written
} zorro_launch_desc;

typedef struct zorro_entry_desc {
  const char *name;
  uint32_t input_count, output_count, launch_count, weight_count;
  const zorro_tensor_desc *inputs, *outputs;
  const zorro_launch_desc *launches; // in program order
  const uint32_t *weights;           // indices into zorro_model_desc.weights
  uint64_t arena_bytes;              // workspace of a session
  uint64_t scratch_bytes;            // and of each of its threads
  uint64_t multiply_adds;            // of one run
} zorro_entry_desc;

typedef struct zorro_kernel_desc {
  const char *name, *kind, *reason;
  uint64_t scratch_bytes; // per thread
  uint32_t threads;       // of a block, on a GPU; 0 on a CPU
  uint32_t shared_bytes;  // dynamic shared memory of a block
  uint32_t words, maps;   // parameters: 8-byte words, tensor maps
} zorro_kernel_desc;

typedef struct zorro_weight_desc {
  const char *name;
  uint64_t bytes;
} zorro_weight_desc;

typedef struct zorro_model_desc {
  const char *compiler, *source, *source_hash, *cpu, *assumptions;
  const char *cpu_features; // "avx2, fma": what the code requires, in words
  uint64_t cpu_feature_bits;
  uint64_t code_bytes, weight_bytes;
  uint32_t entry_count, kernel_count, weight_count;
  const zorro_entry_desc *entries;
  const zorro_kernel_desc *kernels;
  const zorro_weight_desc *weights;
  uint32_t target;    // enum zorro_target
  const char *arch;   // of a GPU: "sm_90a"
  const char *device; // "NVIDIA H200 (9.0), cubin for sm_90a"; "" on a CPU or without a device
} zorro_model_desc;

// NULL only if `model` is.
ZORRO_API const zorro_model_desc *zorro_model_describe(const zorro_model *model);

//===-- Sessions ----------------------------------------------------------------------------===//

// Memory and threads (on a GPU: memory, a stream and the recorded launches) for runs of one entry.
// `entry` may be NULL if the model has one entry or one
// named "fused". `threads` counts the caller; 0: the model's default. At most 1024.
ZORRO_API zorro_status zorro_session_create(zorro_model *model, const char *entry, uint32_t threads,
                                            zorro_session **session);

// Must not be called during a run of the session. NULL is allowed.
ZORRO_API void zorro_session_free(zorro_session *session);

// The entry that the session runs; lives as long as the session.
ZORRO_API const zorro_entry_desc *zorro_session_entry(const zorro_session *session);
ZORRO_API uint32_t zorro_session_threads(const zorro_session *session);

// A dense row-major tensor in the caller's memory, aligned to its element type. `data` may be NULL
// if the tensor has no elements. Data of inputs is only read.
typedef struct zorro_tensor_view {
  void *data;
  uint32_t type; // enum zorro_type
  uint32_t rank;
  const int64_t *dims;
} zorro_tensor_view;

// One run. Counts, types, ranks and shapes must be those of the entry, in its order; outputs must
// not overlap each other or an input. On a GPU each may lie in host memory or on the session's
// device; what is enqueued on the device's default stream is waited for. If the status is not
// ZORRO_OK for a wrong argument, nothing has been written. The calling thread's floating-point mode
// is the same after the call as before. The result does not depend on the number of threads.
ZORRO_API zorro_status zorro_session_run(zorro_session *session, const zorro_tensor_view *inputs,
                                         size_t input_count, const zorro_tensor_view *outputs,
                                         size_t output_count);

// The same on a stream of the caller's (a CUstream or cudaStream_t; NULL is the default stream):
// returns when the run is enqueued. Inputs must stay as they are, and outputs are there, only when
// the stream has come past the run. Host memory that is not page-locked makes the call wait. Faults
// of the device show at the next call that waits for the stream. Runs of one session follow each
// other whatever their streams. Not with a trace. On a CPU `stream` must be NULL, and the run is
// done on return.
ZORRO_API zorro_status zorro_session_run_async(zorro_session *session,
                                               const zorro_tensor_view *inputs, size_t input_count,
                                               const zorro_tensor_view *outputs,
                                               size_t output_count, void *stream);

//===-- Traces ------------------------------------------------------------------------------===//

// One launch of the last run, in program order (a launch in a loop appears once per turn).
typedef struct zorro_trace_record {
  uint32_t launch;                    // index into the entry's launches
  uint32_t kernel;                    // index into the model's kernels
  uint64_t start_ns, duration_ns;     // start counts from the beginning of the run
  int64_t tasks;
  const char *kernel_name, *source;
} zorro_trace_record;

// Off at first. Costs some 50 ns a launch on a CPU. On a GPU, kernels of a traced run are launched
// one by one, and times are the device's.
ZORRO_API zorro_status zorro_session_set_trace(zorro_session *session, int on);

// The records of the last traced run, valid until the next run or zorro_session_set_trace.
ZORRO_API zorro_status zorro_session_trace(const zorro_session *session,
                                           const zorro_trace_record **records, size_t *count);

#ifdef __cplusplus
}
#endif

#endif // ZORRO_RUNTIME_CORE_ZORRO_H
