//===- Bound.cpp - The least time that launches can take ---------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-bench/Bound.h"

#include <algorithm>

using namespace zorro;
using namespace zorro::bench;

void Bound::add(const zorro_launch_desc &launch, Roof unit, Roof memory) {
  parts.push_back({2.0 * double(launch.multiply_adds), double(launch.bytes), unit, memory});
  operations += parts.back().operations;
  bytes += parts.back().bytes;
}

std::pair<Roof, double> Bound::Part::longest(const Rates &rates) const {
  auto time = [&](double amount, Roof roof) {
    return rates[roof] > 0 ? amount / rates[roof] : 0;
  };
  double computing = time(operations, unit), reading = time(bytes, memory);
  return computing >= reading && operations > 0 ? std::pair(unit, computing)
                                                : std::pair(memory, reading);
}

double Bound::seconds(const Rates &rates) const {
  double sum = 0;
  for (const Part &part : parts)
    sum += part.longest(rates).second;
  return sum;
}

Roof Bound::limit(const Rates &rates) const {
  Rates seconds;
  for (const Part &part : parts) {
    auto [roof, time] = part.longest(rates);
    seconds[roof] += time;
  }
  return *std::max_element(std::begin(allRoofs), std::end(allRoofs),
                           [&](Roof a, Roof b) { return seconds[a] < seconds[b]; });
}

bool Bound::needs(Roof roof) const {
  return std::any_of(parts.begin(), parts.end(), [roof](const Part &part) {
    return isMemory(roof) ? part.memory == roof : part.operations > 0 && part.unit == roof;
  });
}

Roof bench::unitOf(const zorro_kernel_desc &) { return Roof::Fma; }
