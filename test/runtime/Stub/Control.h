//===- Control.h - What tests tell the stand-in for the driver -------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Exported by the stand-in beside the driver's functions. Settings are "name=value" with commas
// between; the environment variable ZORRO_STUB_DRIVER gives those that a process begins with.
//
//   devices=N       how many (1); each is named "Stub GPU"
//   driver=N        version, as the driver spells it (13000)
//   arch=N          compute capability (90)
//   memory=N        bytes of each device (1 GiB)
//   shared=N        largest dynamic shared memory of a block (232448)
//   fail=CALL:N     the Nth call of that function fails with 999 (or 2 if it allocates memory)
//   fault=N         the Nth kernel that runs faults: the device is lost
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_RUNTIME_STUB_CONTROL_H
#define ZORRO_TEST_RUNTIME_STUB_CONTROL_H

#include <cstdint>

extern "C" {

/// Forgets all counts and faults, and sets what `settings` says. Nothing may be live.
void stubConfigure(const char *settings);

/// "live": things that were made and not given back. "wrong": uses that a driver would not
/// forgive; stubComplaint tells. "made": things ever made. "kernels": that ran. "graphs": that were
/// launched. "bytes": allocated now. "calls": of all functions, with ":NAME" of one.
uint64_t stubCount(const char *what);

/// The first wrong use, or "".
const char *stubComplaint(void);

using StubConfigureFn = void(const char *);
using StubCountFn = uint64_t(const char *);
using StubComplaintFn = const char *();
}

#endif // ZORRO_TEST_RUNTIME_STUB_CONTROL_H
