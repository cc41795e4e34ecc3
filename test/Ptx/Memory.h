//===- Memory.h - Device memory in separate, checked buffers ----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Buffers lie 64 GB apart, so that no stray offset reaches the next one. Fresh bytes are 0xFF:
// NaN in every float type.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_TEST_PTX_MEMORY_H
#define ZORRO_TEST_PTX_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace zorro::ptx {

enum Access : uint8_t { kRead = 1, kWrite = 2, kReadWrite = 3 };

class Memory {
public:
  /// The device address of `bytes` fresh bytes, aligned to 256; never 0. A buffer of 0 bytes has
  /// an address, too, that nothing may touch.
  uint64_t allocate(size_t bytes);
  /// False if no buffer begins at `address`.
  bool free(uint64_t address);

  /// Copies between host and device, whatever the footprint. The message is empty if all is well.
  std::string write(uint64_t address, const void *source, size_t bytes);
  std::string read(uint64_t address, void *target, size_t bytes) const;
  std::string fill(uint64_t address, uint8_t value, size_t bytes);
  /// The host's view of device bytes, null if they do not lie in one buffer.
  uint8_t *data(uint64_t address, size_t bytes);

  template <typename T> uint64_t upload(const std::vector<T> &values) {
    uint64_t address = allocate(values.size() * sizeof(T));
    write(address, values.data(), values.size() * sizeof(T));
    return address;
  }
  template <typename T> std::vector<T> download(uint64_t address, size_t count) const {
    std::vector<T> values(count);
    read(address, values.data(), count * sizeof(T));
    return values;
  }

  /// Footprints. forbid: no kernel may touch the buffer at `address` (any address inside it) but
  /// where allow, later, says so. permit: all of it may be touched again (the default).
  void forbid(uint64_t address);
  void allow(uint64_t address, size_t bytes, Access access);
  void permit(uint64_t address);

  /// Who wrote a byte last: which CTA of all that ever ran (0: none), which thread, at what tick.
  struct Writer {
    uint32_t cta = 0;
    uint32_t tick : 22;
    uint32_t thread : 10;
    Writer() : tick(0), thread(0) {}
  };
  struct Buffer {
    uint64_t base = 0;
    size_t size = 0;
    std::unique_ptr<uint8_t[]> bytes;
    /// An Access for each byte; empty: all of them read and write.
    std::vector<uint8_t> rights;
    /// By byte; empty until a kernel writes here.
    std::vector<Writer> writers;
  };
  /// The buffer that owns this address's surroundings, null if none does.
  Buffer *find(uint64_t address) {
    uint64_t index = address >> kSpacing;
    return index - 1 < buffers_.size() ? buffers_[index - 1].get() : nullptr;
  }
  const Buffer *find(uint64_t address) const { return const_cast<Memory *>(this)->find(address); }
  /// Why a kernel may not touch these bytes, for messages.
  std::string whyNot(uint64_t address, size_t bytes, Access access) const;

  /// Where a module's variables lie: by Program::id.
  std::map<uint64_t, std::vector<uint64_t>> globals;
  /// CTAs that ran so far, over all launches.
  uint32_t ctas = 0;

private:
  static constexpr unsigned kSpacing = 36;
  std::vector<std::unique_ptr<Buffer>> buffers_;
};

} // namespace zorro::ptx

#endif // ZORRO_TEST_PTX_MEMORY_H
