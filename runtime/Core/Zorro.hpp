//===- Zorro.hpp - The C interface with owners -----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Two owners that free what Zorro.h makes, and nothing else: no exceptions, no copies of data.
//
//   zorro::Model model;
//   if (model.load("model.so") != ZORRO_OK)
//     puts(zorro_last_error());
//   zorro::Session session;
//   session.create(model, "audio");
//   session.run(inputs, 1, outputs, 2);
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CORE_ZORRO_HPP
#define ZORRO_RUNTIME_CORE_ZORRO_HPP

#include "runtime/Core/Zorro.h"

#include <memory>

namespace zorro {

class Model {
public:
  /// See zorro_model_load. What was loaded before is freed.
  zorro_status load(const char *path, const zorro_load_options *options = nullptr) {
    zorro_model *loaded;
    zorro_status status = zorro_model_load(path, options, &loaded);
    model.reset(loaded);
    return status;
  }
  explicit operator bool() const { return bool(model); }
  zorro_model *get() const { return model.get(); }
  /// Only of a loaded model.
  const zorro_model_desc &describe() const { return *zorro_model_describe(model.get()); }

private:
  struct Free {
    void operator()(zorro_model *model) const { zorro_model_free(model); }
  };
  std::unique_ptr<zorro_model, Free> model;
};

class Session {
public:
  /// See zorro_session_create.
  zorro_status create(const Model &model, const char *entry = nullptr, uint32_t threads = 0) {
    zorro_session *created;
    zorro_status status = zorro_session_create(model.get(), entry, threads, &created);
    session.reset(created);
    return status;
  }
  zorro_status run(const zorro_tensor_view *inputs, size_t inputCount,
                   const zorro_tensor_view *outputs, size_t outputCount) {
    return zorro_session_run(session.get(), inputs, inputCount, outputs, outputCount);
  }
  /// See zorro_session_run_async.
  zorro_status runAsync(const zorro_tensor_view *inputs, size_t inputCount,
                        const zorro_tensor_view *outputs, size_t outputCount, void *stream) {
    return zorro_session_run_async(session.get(), inputs, inputCount, outputs, outputCount,
                                   stream);
  }
  explicit operator bool() const { return bool(session); }
  zorro_session *get() const { return session.get(); }
  /// Only of a created session.
  const zorro_entry_desc &entry() const { return *zorro_session_entry(session.get()); }
  uint32_t threads() const { return zorro_session_threads(session.get()); }
  zorro_status setTrace(bool on) { return zorro_session_set_trace(session.get(), on); }

private:
  struct Free {
    void operator()(zorro_session *session) const { zorro_session_free(session); }
  };
  std::unique_ptr<zorro_session, Free> session;
};

} // namespace zorro

#endif // ZORRO_RUNTIME_CORE_ZORRO_HPP
