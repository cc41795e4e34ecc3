//===- ThreadPool.cpp - Threads that spin between launches ----------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Two counters: `round` tells workers that a job is there, `pending` tells the caller that it is
// done. Each side spins on the other's counter for a while, then sleeps on it with a futex. A side
// announces its sleep before it looks a last time, and the other side writes before it looks for
// sleepers; both orders are sequentially consistent, so no wake-up is lost.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Cpu/ThreadPool.h"

#include "runtime/Cpu/FloatMode.h"

#include <climits>
#include <csignal>
#include <ctime>
#include <emmintrin.h>
#include <linux/futex.h>
#include <new>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace zorro::runtime;

namespace {

constexpr int64_t spinNanoseconds = 500'000;
constexpr int64_t politeNanoseconds = 20'000;

int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void futexWait(std::atomic<uint32_t> &word, uint32_t value) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAIT_PRIVATE, value, nullptr,
          nullptr, 0);
}

void futexWakeAll(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, reinterpret_cast<uint32_t *>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr,
          nullptr, 0);
}

/// Waits until `done(word)`; spins first, then sleeps with `sleepers` raised.
template <typename Done>
void waitFor(std::atomic<uint32_t> &word, std::atomic<uint32_t> &sleepers, Done done) {
  for (int64_t deadline = 0;;) {
    // The clock costs more than a look at the word, so it is read once in a while.
    for (int i = 0; i < 256; ++i) {
      if (done(word.load(std::memory_order_acquire)))
        return;
      _mm_pause();
    }
    int64_t time = now();
    if (deadline == 0)
      deadline = time + spinNanoseconds;
    else if (time > deadline)
      break;
    // With more threads than cores, the one that is waited for may need this core.
    else if (time > deadline - spinNanoseconds + politeNanoseconds)
      sched_yield();
  }
  sleepers.fetch_add(1);
  for (;;) {
    uint32_t value = word.load();
    if (done(value))
      break;
    futexWait(word, value);
  }
  sleepers.fetch_sub(1);
}

} // namespace

std::unique_ptr<ThreadPool> ThreadPool::create(unsigned threads) {
  std::unique_ptr<ThreadPool> pool(new (std::nothrow) ThreadPool(threads));
  if (!pool)
    return nullptr;
  if (threads < 2)
    return pool;
  pool->workers.reset(new (std::nothrow) Worker[threads - 1]);
  if (!pool->workers)
    return nullptr;
  // Signals are the host program's business: no worker may be picked to handle one.
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  bool failed = false;
  for (unsigned i = 1; i < threads && !failed; ++i) {
    Worker &worker = pool->workers[i - 1];
    worker = {pool.get(), i, {}};
    failed = pthread_create(&worker.handle, nullptr, workerMain, &worker) != 0;
    pool->started += !failed;
  }
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  return failed ? nullptr : std::move(pool);
}

ThreadPool::~ThreadPool() {
  stop = true;
  round.fetch_add(1);
  futexWakeAll(round);
  for (unsigned i = 0; i < started; ++i)
    pthread_join(workers[i].handle, nullptr);
}

void ThreadPool::run(TaskBody body, void *context, int64_t tasks) {
  if (tasks <= 0)
    return;
  if (threadCount < 2 || tasks == 1)
    return body(context, 0, 0, tasks);
  jobBody = body;
  jobContext = context;
  jobTasks = tasks;
  pending.store(threadCount - 1, std::memory_order_relaxed);
  round.fetch_add(1);
  if (sleepers.load() != 0)
    futexWakeAll(round);
  runShare(0);
  waitFor(pending, callerSleeps, [](uint32_t left) { return left == 0; });
}

void *ThreadPool::workerMain(void *worker) {
  auto *self = static_cast<Worker *>(worker);
  self->pool->serve(self->index);
  return nullptr;
}

void ThreadPool::serve(unsigned index) {
  FloatMode mode;
  for (uint32_t seen = 0;;) {
    waitFor(round, sleepers, [seen](uint32_t value) { return value != seen; });
    // A worker is never a round behind: the caller waits for all before it moves on.
    ++seen;
    if (stop)
      return;
    runShare(index);
    if (pending.fetch_sub(1) == 1 && callerSleeps.load() != 0)
      futexWakeAll(pending);
  }
}

void ThreadPool::runShare(unsigned index) const {
  int64_t count = threadCount, each = jobTasks / count, rest = jobTasks % count;
  int64_t begin = each * index + (index < rest ? index : rest);
  int64_t end = begin + each + (index < rest ? 1 : 0);
  if (begin < end)
    jobBody(jobContext, index, begin, end);
}
