//===- Memory.cpp - Device memory in separate, checked buffers ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Memory.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace zorro::ptx {

uint64_t Memory::allocate(size_t bytes) {
  auto buffer = std::make_unique<Buffer>();
  buffer->base = (uint64_t(buffers_.size() + 1) << kSpacing) + (uint64_t(1) << (kSpacing - 4));
  buffer->size = bytes;
  buffer->bytes = std::make_unique<uint8_t[]>(std::max<size_t>(bytes, 1));
  std::memset(buffer->bytes.get(), 0xFF, bytes);
  buffers_.push_back(std::move(buffer));
  return buffers_.back()->base;
}

bool Memory::free(uint64_t address) {
  Buffer *buffer = find(address);
  if (!buffer || buffer->base != address)
    return false;
  buffers_[(address >> kSpacing) - 1].reset();
  return true;
}

uint8_t *Memory::data(uint64_t address, size_t bytes) {
  Buffer *buffer = find(address);
  if (!buffer || address < buffer->base || address - buffer->base > buffer->size ||
      bytes > buffer->size - (address - buffer->base))
    return nullptr;
  return buffer->bytes.get() + (address - buffer->base);
}

std::string Memory::write(uint64_t address, const void *source, size_t bytes) {
  if (!bytes)
    return "";
  uint8_t *target = data(address, bytes);
  if (!target)
    return "writes " + whyNot(address, bytes, kWrite);
  std::memcpy(target, source, bytes);
  return "";
}

std::string Memory::read(uint64_t address, void *target, size_t bytes) const {
  if (!bytes)
    return "";
  const uint8_t *source = const_cast<Memory *>(this)->data(address, bytes);
  if (!source)
    return "reads " + whyNot(address, bytes, kRead);
  std::memcpy(target, source, bytes);
  return "";
}

std::string Memory::fill(uint64_t address, uint8_t value, size_t bytes) {
  if (!bytes)
    return "";
  uint8_t *target = data(address, bytes);
  if (!target)
    return "writes " + whyNot(address, bytes, kWrite);
  std::memset(target, value, bytes);
  return "";
}

void Memory::forbid(uint64_t address) {
  if (Buffer *buffer = find(address))
    buffer->rights.assign(buffer->size, 0);
}

void Memory::permit(uint64_t address) {
  if (Buffer *buffer = find(address))
    buffer->rights.clear();
}

void Memory::allow(uint64_t address, size_t bytes, Access access) {
  Buffer *buffer = find(address);
  if (!buffer || !data(address, bytes))
    return;
  if (buffer->rights.empty())
    return;
  for (size_t i = address - buffer->base, end = i + bytes; i < end; ++i)
    buffer->rights[i] |= access;
}

std::string Memory::whyNot(uint64_t address, size_t bytes, Access access) const {
  char text[64];
  std::snprintf(text, sizeof text, "%zu bytes at 0x%llx, ", bytes,
                static_cast<unsigned long long>(address));
  std::string what = text;
  const Buffer *buffer = find(address);
  if (!buffer)
    return what + "where no buffer is";
  if (address < buffer->base)
    return what + std::to_string(buffer->base - address) + " bytes before a buffer";
  size_t offset = address - buffer->base;
  what += "offset " + std::to_string(offset) + " of a buffer of " + std::to_string(buffer->size);
  if (offset > buffer->size || bytes > buffer->size - offset)
    return what;
  return what + ", outside of the footprint that may be " + (access == kRead ? "read" : "written");
}

} // namespace zorro::ptx
