//===- Outputs.cpp - What is done with outputs -------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Numbers are printed with few digits: they are for the eye, files are for programs.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Outputs.h"

#include "tools/zorro-run/Elements.h"
#include "tools/zorro-run/Inputs.h"

#include <algorithm>
#include <cmath>

using namespace zorro;
using npy::Array;
using npy::Failure;
using npy::MaybeFailure;
using npy::NamedArray;

MaybeFailure run::parseOutputs(const std::vector<std::string> &specs,
                               const zorro_entry_desc &entry, std::vector<OutputFile> &files) {
  std::string names;
  for (uint32_t i = 0; i < entry.output_count; ++i)
    names += (i ? ", " : "") + std::string(entry.outputs[i].name);
  for (const std::string &text : specs) {
    FileSpec spec;
    if (!parseFileSpec(text, spec))
      return Failure{ZORRO_INVALID,
                     "expected --output=@o.npz or NAME=@o.npy but got '" + text + "'"};
    OutputFile file;
    file.path = spec.path;
    file.all = spec.isNpz() && spec.name.empty();
    while (!spec.name.empty() && file.index < entry.output_count &&
           spec.name != entry.outputs[file.index].name)
      ++file.index;
    if (!file.all && file.index == entry.output_count)
      return Failure{ZORRO_INVALID, "entry '" + std::string(entry.name) + "' has no output '" +
                                        spec.name + "', expected " + names};
    if (!file.all && spec.name.empty() && entry.output_count != 1)
      return Failure{ZORRO_INVALID, "expected a name before '@" + spec.path + "', one of " + names};
    if (!file.all && spec.isNpz())
      return Failure{ZORRO_INVALID, "expected --output=@" + spec.path +
                                        " without a name: a .npz takes all outputs"};
    files.push_back(std::move(file));
  }
  return std::nullopt;
}

MaybeFailure run::writeOutputs(const std::vector<OutputFile> &files,
                               const std::vector<NamedArray> &outputs) {
  for (const OutputFile &file : files)
    if (MaybeFailure failure = file.all
                                   ? npy::writeNpz(file.path, outputs)
                                   : npy::writeNpy(file.path, outputs[file.index].array))
      return failure;
  return std::nullopt;
}

void run::printOutputs(const std::vector<NamedArray> &outputs, FILE *to) {
  constexpr size_t shown = 6;
  for (const NamedArray &output : outputs) {
    const Array &array = output.array;
    size_t count = size_t(array.elements()), notNumbers = 0;
    double smallest = INFINITY, largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; ++i) {
      double value = elementAt(array, i);
      if (std::isnan(value)) {
        ++notNumbers;
        continue;
      }
      smallest = std::min(smallest, value);
      largest = std::max(largest, value);
      sum += value;
    }
    fprintf(to, "%s: %s", output.name.c_str(), npy::shapeText(array.type, array.dims).c_str());
    if (count > notNumbers)
      fprintf(to, "  min %.6g  mean %.6g  max %.6g", smallest, sum / double(count - notNumbers),
              largest);
    if (notNumbers)
      fprintf(to, "  NaN %zu", notNumbers);
    fprintf(to, "  [");
    for (size_t i = 0; i < std::min(count, shown); ++i)
      fprintf(to, "%s%.6g", i ? ", " : "", elementAt(array, i));
    fprintf(to, "%s]\n", count > shown ? ", ..." : "");
  }
}
