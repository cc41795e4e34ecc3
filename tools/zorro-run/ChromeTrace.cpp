//===- ChromeTrace.cpp - Traces as files -------------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Times in the file are microseconds, as the format wants.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/ChromeTrace.h"

#include "tools/npy/FileReplacement.h"

#include <nlohmann/json.hpp>

using namespace zorro;
using Json = nlohmann::ordered_json;

npy::MaybeFailure run::writeChromeTrace(const std::string &path, const zorro_model_desc &model,
                                        const zorro_session *session) {
  const zorro_trace_record *records;
  size_t count;
  zorro_status status = zorro_session_trace(session, &records, &count);
  if (status != ZORRO_OK)
    return npy::Failure{status, zorro_last_error()};
  const zorro_entry_desc &entry = *zorro_session_entry(session);
  Json events = Json::array();
  for (size_t i = 0; i < count; ++i) {
    const zorro_trace_record &record = records[i];
    const zorro_launch_desc &launch = entry.launches[record.launch];
    Json args = {{"source", record.source},
                 {"launch", record.launch},
                 {"tasks", record.tasks},
                 {"multiply_adds", launch.multiply_adds},
                 {"bytes", launch.bytes}};
    if (record.duration_ns != 0)
      args["gflops"] = 2.0 * double(launch.multiply_adds) / double(record.duration_ns);
    events.push_back({{"name", record.kernel_name},
                      {"cat", model.kernels[record.kernel].kind},
                      {"ph", "X"},
                      {"ts", double(record.start_ns) / 1000},
                      {"dur", double(record.duration_ns) / 1000},
                      {"pid", 1},
                      {"tid", 1},
                      {"args", std::move(args)}});
  }
  Json trace = {{"traceEvents", std::move(events)},
                {"displayTimeUnit", "ms"},
                {"otherData",
                 {{"entry", entry.name},
                  {"source", model.source},
                  {"threads", zorro_session_threads(session)}}}};
  // Names come from the graph and need not be UTF-8.
  std::string text = trace.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  npy::FileReplacement file(path);
  file.write(text.data(), text.size());
  return file.finish();
}
