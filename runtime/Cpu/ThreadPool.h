//===- ThreadPool.h - Threads that spin between launches -------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A run is a chain of some hundred short parallel regions. Waking a sleeping thread costs 50 to
// 130 microseconds, so threads spin from one region to the next and sleep only when a run is over.
// The split is static and contiguous: no queue, no stealing, and it never changes a result.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_RUNTIME_CPU_THREADPOOL_H
#define ZORRO_RUNTIME_CPU_THREADPOOL_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <pthread.h>

namespace zorro::runtime {

/// `body(context, thread, begin, end)` does tasks [begin, end); `thread` counts from 0.
using TaskBody = void (*)(void *context, unsigned thread, int64_t begin, int64_t end);

class ThreadPool {
public:
  /// Starts `threads` - 1 threads (the caller is thread 0). Null if the system gives no more.
  static std::unique_ptr<ThreadPool> create(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned size() const { return threadCount; }

  /// Runs tasks [0, tasks) and returns when all are done. Not to be called by two threads at once.
  void run(TaskBody body, void *context, int64_t tasks);

private:
  struct Worker {
    ThreadPool *pool;
    unsigned index;
    pthread_t handle;
  };

  explicit ThreadPool(unsigned threads) : threadCount(threads) {}
  static void *workerMain(void *worker);
  void serve(unsigned index);
  void runShare(unsigned index) const;

  const unsigned threadCount;
  unsigned started = 0;
  std::unique_ptr<Worker[]> workers;

  // The job: written by the caller before `round` moves on, read by workers after.
  TaskBody jobBody = nullptr;
  void *jobContext = nullptr;
  int64_t jobTasks = 0;
  bool stop = false;

  // On cache lines of their own: each is spun on by one side while the other side writes.
  alignas(64) std::atomic<uint32_t> round{0};
  alignas(64) std::atomic<uint32_t> sleepers{0};
  alignas(64) std::atomic<uint32_t> pending{0};
  alignas(64) std::atomic<uint32_t> callerSleeps{0};
};

} // namespace zorro::runtime

#endif // ZORRO_RUNTIME_CPU_THREADPOOL_H
