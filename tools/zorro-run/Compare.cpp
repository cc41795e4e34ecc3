//===- Compare.cpp - Outputs against expected ones ---------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Float types may differ in width: a reference computed in f64 is welcome.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Compare.h"

#include "tools/zorro-run/Elements.h"
#include "tools/zorro-run/Inputs.h"

#include <cmath>
#include <cstring>

using namespace zorro;
using npy::Array;
using npy::Failure;
using npy::MaybeFailure;
using npy::NamedArray;

MaybeFailure run::readExpected(const std::vector<std::string> &specs,
                               const zorro_entry_desc &entry, std::vector<NamedArray> &expected) {
  for (const std::string &text : specs) {
    FileSpec spec;
    if (!parseFileSpec(text, spec))
      return Failure{ZORRO_INVALID,
                     "expected --expected_output=@e.npz or NAME=@e.npy but got '" + text + "'"};
    if (spec.isNpz() && spec.name.empty()) {
      if (MaybeFailure failure = npy::readNpz(spec.path, expected))
        return failure;
      continue;
    }
    if (spec.name.empty() && entry.output_count == 1)
      spec.name = entry.outputs[0].name;
    NamedArray named{spec.name, {}};
    if (MaybeFailure failure = npy::readNpy(spec.path, named.array))
      return failure;
    expected.push_back(std::move(named));
  }
  std::string names;
  for (uint32_t i = 0; i < entry.output_count; ++i)
    names += (i ? ", " : "") + std::string(entry.outputs[i].name);
  for (const NamedArray &named : expected) {
    bool known = false;
    for (uint32_t i = 0; i < entry.output_count; ++i)
      known |= named.name == entry.outputs[i].name;
    if (!known)
      return Failure{ZORRO_INVALID, "entry '" + std::string(entry.name) + "' has no output '" +
                                        named.name + "', expected " + names};
  }
  return std::nullopt;
}

namespace {

struct Difference {
  size_t count = 0;         // elements beyond the tolerance
  double largest = 0;       // of all finite differences
  size_t worst = 0;         // where the first element beyond the tolerance with the largest is
  double worstSize = -1;
};

} // namespace

static double defaultAbsolute(uint32_t type) {
  return type == ZORRO_F16 ? 1e-3 : type == ZORRO_BF16 ? 1e-2 : 1e-4;
}

static Difference compare(const Array &expected, const Array &got,
                          const run::Tolerances &tolerances) {
  Difference difference;
  bool floats = run::isFloat(got.type);
  size_t size = zorro_type_size(got.type), count = size_t(got.elements());
  double atol = tolerances.absolute.value_or(defaultAbsolute(got.type));
  double rtol = tolerances.relative.value_or(1e-5);
  for (size_t i = 0; i < count; ++i) {
    double a = run::elementAt(got, i), b = run::elementAt(expected, i), gap = std::fabs(a - b);
    bool equal;
    if (!floats)
      equal = memcmp(got.data.data() + i * size, expected.data.data() + i * size, size) == 0;
    else if (std::isnan(a) || std::isnan(b))
      equal = std::isnan(a) && std::isnan(b);
    else if (std::isinf(a) || std::isinf(b))
      equal = a == b;
    else
      equal = gap <= atol + rtol * std::fabs(b);
    if (std::isfinite(gap))
      difference.largest = std::max(difference.largest, gap);
    if (equal)
      continue;
    ++difference.count;
    // Against a NaN or an infinity nothing is worse.
    double badness = std::isfinite(gap) ? gap : INFINITY;
    if (badness > difference.worstSize) {
      difference.worstSize = badness;
      difference.worst = i;
    }
  }
  return difference;
}

static std::string position(const Array &array, size_t index) {
  std::string text;
  for (size_t axis = array.dims.size(); axis-- > 0;) {
    text = std::to_string(index % size_t(array.dims[axis])) + (text.empty() ? "" : ", ") + text;
    index /= size_t(array.dims[axis]);
  }
  return "[" + text + "]";
}

bool run::compareOutputs(const std::vector<NamedArray> &expected,
                         const std::vector<NamedArray> &outputs, const Tolerances &tolerances,
                         FILE *to) {
  bool good = true;
  for (const NamedArray &want : expected) {
    const NamedArray *got = nullptr;
    for (const NamedArray &output : outputs)
      if (output.name == want.name)
        got = &output;
    const Array &a = got->array, &b = want.array;
    bool typesFit = a.type == b.type || (isFloat(a.type) && isFloat(b.type));
    if (!typesFit || a.dims != b.dims) {
      fprintf(to, "%s: expected %s but got %s\n", want.name.c_str(),
              npy::shapeText(b.type, b.dims).c_str(), npy::shapeText(a.type, a.dims).c_str());
      good = false;
      continue;
    }
    Difference difference = compare(b, a, tolerances);
    if (difference.count == 0) {
      fprintf(to, "%s: equal, largest difference %.3g\n", want.name.c_str(), difference.largest);
      continue;
    }
    good = false;
    fprintf(to, "%s: %zu of %zu elements differ, largest difference %.3g, at %s expected %.9g but "
                "got %.9g\n",
            want.name.c_str(), difference.count, size_t(a.elements()), difference.largest,
            position(a, difference.worst).c_str(), elementAt(b, difference.worst),
            elementAt(a, difference.worst));
  }
  return good;
}
