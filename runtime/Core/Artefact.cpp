//===- Artefact.cpp - The file: footer, parts, mapped weights -------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Numbers from the file are compared in the form `size > limit || offset > limit - size`, which
// cannot overflow. Every byte of the artefact is covered: parts by hashes, the gaps between them by
// having to be zero, the footer by its own hash.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Artefact.h"

#include "runtime/Cpu/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace zorro::runtime;

static_assert(sizeof(zorro_footer) == 120, "the footer's layout is fixed");

// Far above any descriptor, far below what a machine has: a limit for hostile files.
static constexpr uint64_t maxDescriptorBytes = uint64_t(1) << 28;

Artefact::~Artefact() {
  if (weightBytes && footer.weights_size != 0)
    munmap(const_cast<char *>(weightBytes), footer.weights_size);
  if (file >= 0)
    close(file);
}

static std::string systemError() { return strerror(errno); }

MaybeError Artefact::readAt(void *to, uint64_t size, uint64_t offset) const {
  for (uint64_t done = 0; done < size;) {
    // One read moves at most 2 GiB.
    size_t part = size_t(std::min<uint64_t>(size - done, uint64_t(1) << 30));
    ssize_t got = pread(file, static_cast<char *>(to) + done, part, off_t(offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return badFile("cannot read the file: " + systemError());
    if (got == 0)
      return badFile("the file became shorter while it was read");
    done += uint64_t(got);
  }
  return std::nullopt;
}

MaybeError Artefact::open(const std::string &path) {
  // O_NONBLOCK: a pipe without a writer must not stop the program before it is refused.
  file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return badFile("cannot open '" + path + "': " + systemError());
  struct stat info;
  MaybeError error;
  if (fstat(file, &info) != 0)
    error = badFile("cannot read the file's size: " + systemError());
  else if (!S_ISREG(info.st_mode))
    error = badFile("expected a regular file");
  if (!error)
    error = readFooter(uint64_t(info.st_size));
  if (!error)
    error = checkLayout();
  if (!error)
    error = checkCode();
  if (!error)
    error = readTables();
  if (!error)
    error = mapWeights();
  if (error)
    error->message = "'" + path + "': " + error->message;
  return error;
}

MaybeError Artefact::readFooter(uint64_t fileSize) {
  if (fileSize < sizeof(footer))
    return badFile("expected an artefact but the file has only " + std::to_string(fileSize) +
                   " bytes");
  if (MaybeError error = readAt(&footer, sizeof(footer), fileSize - sizeof(footer)))
    return error;
  if (memcmp(footer.magic, ZORRO_FOOTER_MAGIC, sizeof(footer.magic)) != 0)
    return badFile("expected an artefact but the file does not end in a footer of one");
  if (footer.footer_hash != XXH3_64bits(&footer, offsetof(zorro_footer, footer_hash)))
    return badFile("the footer does not have the hash that it names");
  if (footer.abi_version != ZORRO_ABI_VERSION)
    return Error{ZORRO_UNSUPPORTED, "expected artefact version " +
                                        std::to_string(ZORRO_ABI_VERSION) + " but got " +
                                        std::to_string(footer.abi_version)};
  if (footer.artefact_size < sizeof(footer) || footer.artefact_size > fileSize)
    return badFile("expected an artefact of " + std::to_string(footer.artefact_size) +
                   " bytes but the file has " + std::to_string(fileSize));
  startOffset = fileSize - footer.artefact_size;
  return std::nullopt;
}

MaybeError Artefact::checkLayout() const {
  struct Part {
    const char *name;
    uint64_t offset, size;
  };
  const uint64_t end = footer.artefact_size - sizeof(footer);
  if (footer.code_offset != 0 || footer.code_size == 0)
    return badFile("expected code at the artefact's first byte");
  if (footer.descriptor_size > maxDescriptorBytes)
    return Error{ZORRO_LIMIT, "expected a descriptor of at most " +
                                  std::to_string(maxDescriptorBytes) + " bytes but got " +
                                  std::to_string(footer.descriptor_size)};
  uint64_t chunks = footer.weights_size / ZORRO_WEIGHT_CHUNK +
                    (footer.weights_size % ZORRO_WEIGHT_CHUNK != 0);
  if (footer.chunk_count != chunks)
    return badFile("expected " + std::to_string(chunks) + " chunk hashes but got " +
                   std::to_string(footer.chunk_count));
  if (footer.reserved0 != 0)
    return badFile("expected a reserved field of the footer to be zero");

  // chunk_count * 8 cannot overflow: it is weights_size >> 17.
  const Part parts[] = {{"code", footer.code_offset, footer.code_size},
                        {"weights", footer.weights_offset, footer.weights_size},
                        {"descriptor", footer.descriptor_offset, footer.descriptor_size},
                        {"chunk hashes", footer.chunks_offset, footer.chunk_count * 8},
                        {"footer", end, sizeof(footer)}};
  uint64_t position = 0;
  const char *before = "start";
  for (const Part &part : parts) {
    if (part.size == 0)
      continue;
    if (part.size > footer.artefact_size || part.offset > footer.artefact_size - part.size)
      return badFile(std::string("the ") + part.name + " lie outside the artefact: offset " +
                     std::to_string(part.offset) + ", size " + std::to_string(part.size));
    if (MaybeError error = checkGap(position, part.offset, before, part.name))
      return error;
    position = part.offset + part.size;
    before = part.name;
  }
  if (footer.weights_size != 0 && (footer.weights_offset % ZORRO_PAGE != 0 ||
                                   (startOffset + footer.weights_offset) % ZORRO_PAGE != 0))
    return badFile("expected the weights at a multiple of " + std::to_string(ZORRO_PAGE) +
                   " but got offset " + std::to_string(startOffset + footer.weights_offset) +
                   " in the file");
  return std::nullopt;
}

MaybeError Artefact::checkGap(uint64_t begin, uint64_t end, const char *before,
                              const char *after) const {
  if (end < begin)
    return badFile(std::string("the ") + after + " overlap the " + before);
  if (end - begin >= ZORRO_PAGE)
    return badFile("expected less than a page between the " + std::string(before) + " and the " +
                   after + " but got " + std::to_string(end - begin) + " bytes");
  char bytes[ZORRO_PAGE];
  if (MaybeError error = readAt(bytes, end - begin, startOffset + begin))
    return error;
  if (std::any_of(bytes, bytes + (end - begin), [](char byte) { return byte != 0; }))
    return badFile("expected zeros between the " + std::string(before) + " and the " + after);
  return std::nullopt;
}

MaybeError Artefact::checkCode() const {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  std::vector<char> block(std::min<uint64_t>(footer.code_size, 1 << 18));
  for (uint64_t done = 0; done < footer.code_size;) {
    uint64_t part = std::min<uint64_t>(block.size(), footer.code_size - done);
    if (MaybeError error = readAt(block.data(), part, startOffset + footer.code_offset + done))
      return error;
    XXH3_64bits_update(&state, block.data(), part);
    done += part;
  }
  if (XXH3_64bits_digest(&state) != footer.code_hash)
    return badFile("the code does not have the hash that the footer names");
  return checkElf();
}

/// The dynamic linker believes what it reads; this much it would crash on.
MaybeError Artefact::checkElf() const {
  Elf64_Ehdr header;
  if (footer.code_size < sizeof(header))
    return badFile("expected an ELF library but the code has " +
                   std::to_string(footer.code_size) + " bytes");
  if (MaybeError error = readAt(&header, sizeof(header), startOffset))
    return error;
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_type != ET_DYN || header.e_phentsize != sizeof(Elf64_Phdr))
    return badFile("expected the code to be a 64-bit ELF library");
  if (header.e_machine != EM_X86_64)
    return Error{ZORRO_UNSUPPORTED, "expected code for x86-64 but got ELF machine " +
                                        std::to_string(header.e_machine)};
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  uint64_t size = segments.size() * sizeof(Elf64_Phdr);
  if (size > footer.code_size || header.e_phoff > footer.code_size - size)
    return badFile("the program headers lie outside the code");
  if (MaybeError error = readAt(segments.data(), size, startOffset + header.e_phoff))
    return error;
  for (const Elf64_Phdr &segment : segments)
    if (segment.p_filesz > footer.code_size ||
        segment.p_offset > footer.code_size - segment.p_filesz)
      return badFile("a segment of the code lies outside it");
  return std::nullopt;
}

MaybeError Artefact::readTables() {
  // Read, not mapped: what has been checked is then what is used, whatever happens to the file.
  descriptorBytes.resize(footer.descriptor_size);
  if (MaybeError error = readAt(descriptorBytes.data(), descriptorBytes.size(),
                                startOffset + footer.descriptor_offset))
    return error;
  if (XXH3_64bits(descriptorBytes.data(), descriptorBytes.size()) != footer.descriptor_hash)
    return badFile("the descriptor does not have the hash that the footer names");
  chunkHashes.resize(footer.chunk_count);
  if (MaybeError error = readAt(chunkHashes.data(), chunkHashes.size() * sizeof(uint64_t),
                                startOffset + footer.chunks_offset))
    return error;
  if (XXH3_64bits(chunkHashes.data(), chunkHashes.size() * sizeof(uint64_t)) !=
      footer.chunks_hash)
    return badFile("the chunk hashes do not have the hash that the footer names");
  return std::nullopt;
}

MaybeError Artefact::mapWeights() {
  // Generated code may add to the pointer even if there is nothing behind it.
  alignas(ZORRO_ALIGN) static const char none[ZORRO_ALIGN] = {};
  weightBytes = none;
  if (footer.weights_size == 0)
    return std::nullopt;
  void *mapped = mmap(nullptr, footer.weights_size, PROT_READ, MAP_SHARED, file,
                      off_t(startOffset + footer.weights_offset));
  if (mapped == MAP_FAILED) {
    weightBytes = nullptr;
    return Error{ZORRO_LIMIT, "cannot map " + std::to_string(footer.weights_size) +
                                  " bytes of weights: " + systemError()};
  }
  weightBytes = static_cast<const char *>(mapped);
  return std::nullopt;
}

MaybeError Artefact::verifyWeights(unsigned threads) const {
  struct Check {
    const Artefact &artefact;
    std::atomic<uint64_t> firstBad;
  } check{*this, {UINT64_MAX}};
  auto body = [](void *context, unsigned, int64_t begin, int64_t end) {
    auto &check = *static_cast<Check *>(context);
    const Artefact &artefact = check.artefact;
    for (uint64_t i = uint64_t(begin); i < uint64_t(end); ++i) {
      uint64_t offset = i * ZORRO_WEIGHT_CHUNK;
      uint64_t size = std::min<uint64_t>(ZORRO_WEIGHT_CHUNK, artefact.weightsSize() - offset);
      if (XXH3_64bits(artefact.weights() + offset, size) == artefact.chunkHashes[i])
        continue;
      uint64_t known = check.firstBad.load();
      while (i < known && !check.firstBad.compare_exchange_weak(known, i))
        ;
      return;
    }
  };
  uint64_t useful = std::max<uint64_t>(1, chunkHashes.size() / 4);
  auto pool = ThreadPool::create(unsigned(std::min<uint64_t>(threads, useful)));
  if (!pool)
    return Error{ZORRO_LIMIT, "cannot start " + std::to_string(threads) + " threads"};
  pool->run(body, &check, int64_t(chunkHashes.size()));
  if (check.firstBad == UINT64_MAX)
    return std::nullopt;
  return badFile("weight chunk " + std::to_string(check.firstBad) +
                 " does not have the hash that the file names");
}

bool Artefact::hasFooter(const char *path) {
  int file = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return false;
  struct stat info;
  zorro_footer footer;
  bool found = fstat(file, &info) == 0 && S_ISREG(info.st_mode) &&
               info.st_size >= off_t(sizeof(footer)) &&
               pread(file, &footer, sizeof(footer), info.st_size - off_t(sizeof(footer))) ==
                   ssize_t(sizeof(footer)) &&
               memcmp(footer.magic, ZORRO_FOOTER_MAGIC, sizeof(footer.magic)) == 0;
  close(file);
  return found;
}
