//===- Inputs.cpp - Inputs from the command line -----------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every refusal names the input, what was expected and what is there: a wrong name or shape is what
// users meet first.
//
//===----------------------------------------------------------------------------------------===//

#include "tools/zorro-run/Inputs.h"

#include "tools/zorro-run/Literal.h"

#include <algorithm>
#include <optional>

using namespace zorro;
using npy::Array;
using npy::Failure;
using npy::MaybeFailure;
using npy::NamedArray;

static Failure usage(std::string message) { return {ZORRO_INVALID, std::move(message)}; }

bool run::FileSpec::isNpz() const {
  return path.size() >= 4 && path.compare(path.size() - 4, 4, ".npz") == 0;
}

bool run::parseFileSpec(const std::string &text, FileSpec &spec) {
  size_t at = 0;
  if (text.empty() || text[0] != '@') {
    at = text.find("=@");
    if (at == std::string::npos || at == 0)
      return false;
    spec.name = text.substr(0, at++);
  }
  spec.path = text.substr(at + 1);
  return !spec.path.empty();
}

static std::string inputNames(const zorro_entry_desc &entry) {
  std::string names;
  for (uint32_t i = 0; i < entry.input_count; ++i)
    names += (i ? ", " : "") + std::string(entry.inputs[i].name);
  return names.empty() ? "no inputs" : names;
}

static std::optional<uint32_t> findInput(const zorro_entry_desc &entry, const std::string &name) {
  for (uint32_t i = 0; i < entry.input_count; ++i)
    if (name == entry.inputs[i].name)
      return i;
  return std::nullopt;
}

static bool anyEntryTakes(const zorro_model_desc &model, const std::string &name) {
  return std::any_of(model.entries, model.entries + model.entry_count,
                     [&](const zorro_entry_desc &entry) { return findInput(entry, name); });
}

namespace {

/// Collects arrays under the entry's inputs.
class Collector {
public:
  Collector(const zorro_model_desc &model, const zorro_entry_desc &entry)
      : model(model), entry(entry), given(entry.input_count) {}

  MaybeFailure read(const std::string &text) {
    run::FileSpec spec;
    if (!run::parseFileSpec(text, spec))
      return readLiteral(text);
    if (spec.isNpz()) {
      if (!spec.name.empty())
        return usage("expected --input=@" + spec.path + " without a name: arrays of a .npz have "
                     "names of their own");
      return readNpz(spec.path);
    }
    NamedArray named{spec.name, {}};
    if (MaybeFailure failure = npy::readNpy(spec.path, named.array))
      return failure;
    return add(std::move(named));
  }

  std::vector<std::optional<Array>> take() { return std::move(given); }

private:
  MaybeFailure readLiteral(const std::string &text) {
    NamedArray named;
    std::string literal = text;
    uint32_t type;
    std::vector<int64_t> dims;
    size_t equals = text.find('=');
    if (!run::parseShape(text.substr(0, equals), type, dims)) {
      if (equals == std::string::npos || equals == 0)
        return usage("expected --input=@x.npz, NAME=@x.npy or NAME=1x3xf32=0.5 but got '" + text +
                     "'");
      named.name = text.substr(0, equals);
      literal = text.substr(equals + 1);
    }
    if (MaybeFailure failure = run::parseLiteral(literal, named.array)) {
      failure->message = "--input=" + text + ": " + failure->message;
      return failure;
    }
    return add(std::move(named));
  }

  MaybeFailure readNpz(const std::string &path) {
    std::vector<NamedArray> arrays;
    if (MaybeFailure failure = npy::readNpz(path, arrays))
      return failure;
    for (NamedArray &named : arrays) {
      if (!findInput(entry, named.name) && anyEntryTakes(model, named.name))
        continue;
      if (MaybeFailure failure = add(std::move(named)))
        return failure;
    }
    return std::nullopt;
  }

  MaybeFailure add(NamedArray named) {
    std::optional<uint32_t> index;
    if (named.name.empty()) {
      auto free = std::find_if(given.begin(), given.end(), [](auto &array) { return !array; });
      if (free == given.end())
        return usage("expected " + std::to_string(given.size()) + " inputs for entry '" +
                     entry.name + "' but got more");
      index = uint32_t(free - given.begin());
    } else {
      index = findInput(entry, named.name);
    }
    if (!index)
      return usage("entry '" + std::string(entry.name) + "' has no input '" + named.name +
                   "', expected " + inputNames(entry));
    if (given[*index])
      return usage("input '" + named.name + "' is given twice");
    given[*index] = std::move(named.array);
    return std::nullopt;
  }

  const zorro_model_desc &model;
  const zorro_entry_desc &entry;
  std::vector<std::optional<Array>> given;
};

} // namespace

/// How many times `want` goes into `array` along the first axis; nothing if it does not fit.
static std::optional<int64_t> fits(const Array &array, const zorro_tensor_desc &want, bool each) {
  if (array.type != want.type || array.dims.size() != want.rank)
    return std::nullopt;
  if (std::equal(array.dims.begin(), array.dims.end(), want.dims))
    return 1;
  if (!each || want.rank == 0 || want.dims[0] == 0 || array.dims[0] % want.dims[0] != 0 ||
      !std::equal(array.dims.begin() + 1, array.dims.end(), want.dims + 1))
    return std::nullopt;
  return array.dims[0] / want.dims[0];
}

MaybeFailure run::collectInputs(const std::vector<std::string> &specs,
                                const zorro_model_desc &model, const zorro_entry_desc &entry,
                                std::vector<std::optional<Array>> &given) {
  Collector collector(model, entry);
  for (const std::string &spec : specs)
    if (MaybeFailure failure = collector.read(spec))
      return failure;
  given = collector.take();
  return std::nullopt;
}

MaybeFailure run::readInputs(const std::vector<std::string> &specs, const zorro_model_desc &model,
                             const zorro_entry_desc &entry, bool each,
                             std::vector<Array> &arrays, int64_t &runs) {
  std::vector<std::optional<Array>> given;
  if (MaybeFailure failure = collectInputs(specs, model, entry, given))
    return failure;
  runs = 1;
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const zorro_tensor_desc &want = entry.inputs[i];
    std::string expected =
        npy::shapeText(want.type, std::vector<int64_t>(want.dims, want.dims + want.rank));
    if (!given[i])
      return usage("input '" + std::string(want.name) + "' (" + expected + ") of entry '" +
                   entry.name + "' is missing, expected " + inputNames(entry));
    std::optional<int64_t> times = fits(*given[i], want, each);
    if (!times)
      return usage("expected " + expected + (each ? " or a multiple of its first dim" : "") +
                   " for input '" + want.name + "' of entry '" + entry.name + "' but got " +
                   npy::shapeText(given[i]->type, given[i]->dims));
    if (i != 0 && *times != runs)
      return usage("expected " + std::to_string(runs) + " clips in input '" + want.name +
                   "' but got " + std::to_string(*times));
    runs = *times;
    arrays.push_back(std::move(*given[i]));
  }
  return std::nullopt;
}
