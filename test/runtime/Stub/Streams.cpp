//===- Streams.cpp - Streams, events and graphs of the stand-in -----------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A stream's work is a queue of closures; to wait for a mark is to work off its stream up to it.
//
//===----------------------------------------------------------------------------------------===//

#include "test/runtime/Stub/Streams.h"

#include <algorithm>

using namespace zorro::test;

void Streams::remove(StubStream *stream) {
  streams.erase(std::find(streams.begin(), streams.end(), stream));
}

std::shared_ptr<Mark> Streams::plainMark(StubStream &stream) {
  auto made = std::make_shared<Mark>();
  made->stream = &stream;
  stream.work.push_back([this, made] {
    made->reached = true;
    made->microseconds = clock;
  });
  return made;
}

void Streams::enqueue(StubStream &stream, std::function<void()> step) {
  // The default stream and the ordinary ones wait for each other.
  if (&stream == &ordinary) {
    for (StubStream *other : streams)
      if (other->blocking && !other->work.empty())
        wait(stream, plainMark(*other));
  } else if (stream.blocking && !ordinary.work.empty()) {
    wait(stream, plainMark(ordinary));
  }
  stream.work.push_back(std::move(step));
  stream.user = std::this_thread::get_id();
}

std::shared_ptr<Mark> Streams::mark(StubStream &stream) {
  enqueue(stream, [] {});
  return plainMark(stream);
}

void Streams::wait(StubStream &stream, std::shared_ptr<Mark> mark) {
  stream.work.push_back([this, mark = std::move(mark)] { reach(*mark); });
}

void Streams::step(StubStream &stream) {
  std::function<void()> first = std::move(stream.work.front());
  stream.work.pop_front();
  first();
}

void Streams::finish(StubStream &stream) {
  while (!stream.work.empty())
    step(stream);
}

void Streams::reach(const Mark &mark) {
  while (!mark.reached)
    step(*mark.stream);
}

bool Streams::idle() const {
  auto done = [](const StubStream &stream) {
    return stream.work.empty() || stream.user != std::this_thread::get_id();
  };
  return done(ordinary) && std::all_of(streams.begin(), streams.end(),
                                       [&](const StubStream *stream) { return done(*stream); });
}
