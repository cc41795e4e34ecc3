//===- Streams.h - Streams, events and graphs of the stand-in --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Work happens as late as it may: only when somebody waits for it. So a wait that is missing shows
// as a wrong result every time, not now and then.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_RUNTIME_STUB_STREAMS_H
#define ZORRO_TEST_RUNTIME_STUB_STREAMS_H

#include "test/runtime/Stub/Engine.h"

#include <deque>
#include <functional>
#include <thread>

namespace zorro::test {

/// A place in a stream's work.
struct Mark {
  struct StubStream *stream = nullptr;
  bool reached = false;
  double microseconds = 0;
};

struct StubFunction {
  StubModule *module;
  std::string name;
  int sharedLimit = 48 * 1024;
};

struct StubLaunch {
  StubModule *module;
  KernelLaunch launch;
};

struct StubGraph {
  std::vector<StubLaunch> launches;
};

struct StubStream {
  bool blocking = true; // waits for the default stream, and it for this one
  StubGraph *capture = nullptr;
  std::deque<std::function<void()>> work;
  std::thread::id user; // who enqueued last
};

struct StubEvent {
  bool timed = true;
  std::shared_ptr<Mark> mark; // null before the first record
};

/// All streams of the device, and its clock.
class Streams {
public:
  StubStream ordinary; // the default stream

  void add(StubStream *stream) { streams.push_back(stream); }
  void remove(StubStream *stream);
  void enqueue(StubStream &stream, std::function<void()> step);
  std::shared_ptr<Mark> mark(StubStream &stream);
  void wait(StubStream &stream, std::shared_ptr<Mark> mark);
  /// Does what is left of the stream's work.
  void finish(StubStream &stream);
  void reach(const Mark &mark);
  /// Whether all is done that the calling thread enqueued; others may be at work.
  bool idle() const;
  void advance(double microseconds) { clock += microseconds; }

private:
  void step(StubStream &stream);
  std::shared_ptr<Mark> plainMark(StubStream &stream);

  std::vector<StubStream *> streams;
  double clock = 0;
};

} // namespace zorro::test

#endif // ZORRO_TEST_RUNTIME_STUB_STREAMS_H
