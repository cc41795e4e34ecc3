//===- Capi.cpp - The C interface -----------------------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Checks pointers, keeps the last error of each thread, and lets no exception out: the standard
// library throws when memory runs out, and that becomes ZORRO_LIMIT here.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Session.h"

#include <new>

using namespace zorro::runtime;

struct zorro_model {
  std::shared_ptr<const Model> model;
};

struct zorro_session {
  std::unique_ptr<Session> session;
};

static std::string &lastError() {
  thread_local std::string message;
  return message;
}

/// Runs `body` and keeps what it reports.
template <typename Body>
static zorro_status guarded(Body body) {
  try {
    MaybeError error = body();
    if (!error)
      return ZORRO_OK;
    lastError() = std::move(error->message);
    return error->status;
  } catch (const std::bad_alloc &) {
    lastError().assign("not enough memory");
    return ZORRO_LIMIT;
  } catch (const std::exception &unforeseen) {
    lastError().assign("internal fault");
    return ZORRO_INTERNAL;
  }
}

const char *zorro_last_error(void) { return lastError().c_str(); }

const char *zorro_version(void) { return ZORRO_VERSION; }

const char *zorro_status_name(zorro_status status) {
  switch (status) {
  case ZORRO_OK:
    return "ok";
  case ZORRO_INVALID:
    return "invalid argument";
  case ZORRO_BAD_FILE:
    return "unreadable or damaged file";
  case ZORRO_UNSUPPORTED:
    return "unsupported";
  case ZORRO_LIMIT:
    return "limit reached";
  case ZORRO_BUSY:
    return "session in use";
  case ZORRO_INTERNAL:
    return "internal fault";
  }
  return "unknown status";
}

namespace {
struct TypeRow {
  uint32_t type;
  const char *name;
  size_t size;
};
} // namespace

static const TypeRow *findType(uint32_t type) {
  static const TypeRow rows[] = {
      {ZORRO_F32, "f32", 4},   {ZORRO_U8, "u8", 1},   {ZORRO_I8, "i8", 1},
      {ZORRO_U16, "u16", 2},   {ZORRO_I16, "i16", 2}, {ZORRO_I32, "i32", 4},
      {ZORRO_I64, "i64", 8},   {ZORRO_F16, "f16", 2}, {ZORRO_F64, "f64", 8},
      {ZORRO_U32, "u32", 4},   {ZORRO_U64, "u64", 8}, {ZORRO_BF16, "bf16", 2},
      {ZORRO_BOOL, "bool", 1}};
  for (const TypeRow &row : rows)
    if (row.type == type)
      return &row;
  return nullptr;
}

size_t zorro_type_size(uint32_t type) {
  const TypeRow *row = findType(type);
  return row ? row->size : 0;
}

const char *zorro_type_name(uint32_t type) {
  const TypeRow *row = findType(type);
  return row ? row->name : nullptr;
}

void zorro_load_options_init(zorro_load_options *options) {
  if (options)
    *options = {uint32_t(sizeof(*options)), 1, 0, 0, 0};
}

zorro_status zorro_model_load(const char *path, const zorro_load_options *options,
                              zorro_model **model) {
  return guarded([&]() -> MaybeError {
    if (!model)
      return invalid("expected a place for the model but got a null pointer");
    *model = nullptr;
    if (!path)
      return invalid("expected a path but got a null pointer");
    zorro_load_options defaults;
    zorro_load_options_init(&defaults);
    if (!options)
      options = &defaults;
    if (options->struct_size != sizeof(*options))
      return invalid("expected load options of " + std::to_string(sizeof(*options)) +
                     " bytes but got " + std::to_string(options->struct_size));
    if (options->threads > maxThreads)
      return invalid("expected at most " + std::to_string(maxThreads) + " threads but got " +
                     std::to_string(options->threads));
    if (options->device < ZORRO_NO_DEVICE)
      return invalid("expected the number of a device but got " +
                     std::to_string(options->device));
    auto loaded = std::make_shared<Model>();
    if (MaybeError error = loaded->load(path, *options))
      return error;
    *model = new zorro_model{std::move(loaded)};
    return std::nullopt;
  });
}

void zorro_model_free(zorro_model *model) { delete model; }

int zorro_has_artefact(const char *path) { return path && Artefact::hasFooter(path); }

const zorro_model_desc *zorro_model_describe(const zorro_model *model) {
  return model ? &model->model->descriptor.model() : nullptr;
}

zorro_status zorro_session_create(zorro_model *model, const char *entry, uint32_t threads,
                                  zorro_session **session) {
  return guarded([&]() -> MaybeError {
    if (!session)
      return invalid("expected a place for the session but got a null pointer");
    *session = nullptr;
    if (!model)
      return invalid("expected a model but got a null pointer");
    auto made = std::make_unique<zorro_session>();
    if (MaybeError error = Session::create(model->model, entry, threads, made->session))
      return error;
    *session = made.release();
    return std::nullopt;
  });
}

void zorro_session_free(zorro_session *session) { delete session; }

const zorro_entry_desc *zorro_session_entry(const zorro_session *session) {
  return session ? &session->session->entryDesc() : nullptr;
}

uint32_t zorro_session_threads(const zorro_session *session) {
  return session ? session->session->threadCount() : 0;
}

zorro_status zorro_session_run(zorro_session *session, const zorro_tensor_view *inputs,
                               size_t input_count, const zorro_tensor_view *outputs,
                               size_t output_count) {
  return guarded([&]() -> MaybeError {
    if (!session)
      return invalid("expected a session but got a null pointer");
    return session->session->run(inputs, input_count, outputs, output_count);
  });
}

zorro_status zorro_session_run_async(zorro_session *session, const zorro_tensor_view *inputs,
                                     size_t input_count, const zorro_tensor_view *outputs,
                                     size_t output_count, void *stream) {
  return guarded([&]() -> MaybeError {
    if (!session)
      return invalid("expected a session but got a null pointer");
    return session->session->runAsync(inputs, input_count, outputs, output_count, stream);
  });
}

zorro_status zorro_session_set_trace(zorro_session *session, int on) {
  return guarded([&]() -> MaybeError {
    if (!session)
      return invalid("expected a session but got a null pointer");
    return session->session->setTrace(on != 0);
  });
}

zorro_status zorro_session_trace(const zorro_session *session, const zorro_trace_record **records,
                                 size_t *count) {
  return guarded([&]() -> MaybeError {
    if (!session || !records || !count)
      return invalid("expected a session and places for its records but got a null pointer");
    return session->session->trace(*records, *count);
  });
}
