//===- MaskRowsIndexing.cpp - Rows of gathers and scatters ------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Indices come in runs as well: equal ones take one element, ascending ones a piece of a row.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTensor.h"
#include "passes/Raise/MaskRows.h"
#include "passes/Raise/NodeBuilder.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

/// Updates of a scatter that are looked up one by one.
constexpr int64_t kMaxUpdates = int64_t(1) << 22;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// An index that ONNX counts from the end where it is negative; -1 where it lies outside.
static int64_t wrap(double number, int64_t size) {
  int64_t place = int64_t(number);
  if (place < 0)
    place += size;
  return place < 0 || place >= size ? -1 : place;
}

/// Appends row[indices[i]] for all i; false where an index lies outside.
static bool pick(const Runs &row, const Runs &indices, Runs &out) {
  int64_t begin = 0;
  for (const Run &run : indices.list()) {
    int64_t count = run.end - begin;
    int64_t first = wrap(run.value, row.size());
    int64_t last = wrap(run.value + run.step * double(count - 1), row.size());
    if (first < 0 || last < 0)
      return false;
    if (run.step == 0)
      out.append(count, row.at(first), 0);
    else if (last - first == int64_t(run.step) * (count - 1))
      out.append(row, first, count, int64_t(run.step));
    else // wraps around in between
      for (int64_t i = 0; i < count; ++i)
        out.append(1, row.at(wrap(run.value + run.step * double(i), row.size())), 0);
    begin = run.end;
  }
  return true;
}

RunsPtr MaskRows::computeIndexing(NodeOp node, const Info &info, ArrayRef<int64_t> index,
                                  int64_t axis) {
  Value source = node.getInput(0), indices = node.getInput(1);
  ArrayRef<int64_t> sourceShape = shapeOf(source);
  int64_t count = axis < 0 ? 1 : info.type.getDimSize(axis);
  auto out = std::make_shared<Runs>();
  auto outside = [&] {
    return refuse("node '" + node.getNodeName() + "' has an index outside its data");
  };
  if (node.is("Gather")) {
    int64_t along = info.a[0], inner = shapeOf(indices).size();
    SmallVector<int64_t> which(index.slice(along, inner)), at(index.take_front(along));
    at.push_back(0);
    at.append(index.begin() + along + inner, index.end());
    if (axis >= along && axis < along + inner) {
      RunsPtr places = read(indices, which, axis - along), row = read(source, at, along);
      if (!places || !row)
        return nullptr;
      return pick(*row, *places, *out) ? RunsPtr(out) : outside();
    }
    RunsPtr place = read(indices, which, -1);
    if (!place)
      return nullptr;
    at[along] = wrap(place->at(0), sourceShape[along]);
    if (at[along] < 0)
      return outside();
    return read(source, at, axis < 0 ? -1 : axis < along ? axis : axis - inner + 1);
  }
  if (node.is("GatherElements")) {
    int64_t along = info.a[0];
    SmallVector<int64_t> at(index);
    RunsPtr places = read(indices, index, axis);
    if (!places)
      return nullptr;
    if (axis == along) {
      RunsPtr row = read(source, at, along);
      if (!row)
        return nullptr;
      return pick(*row, *places, *out) ? RunsPtr(out) : outside();
    }
    int64_t begin = 0;
    for (const Run &run : places->list()) {
      // Equal places: a piece of one row; others one by one.
      for (int64_t i = begin; i < run.end;) {
        at[along] = wrap(run.value + run.step * double(i - begin), sourceShape[along]);
        if (at[along] < 0)
          return outside();
        int64_t here = run.step == 0 ? run.end - i : 1;
        RunsPtr row = read(source, at, axis);
        if (!row)
          return nullptr;
        out->append(*row, i, here);
        i += here;
      }
      begin = run.end;
    }
    return out;
  }
  if (node.is("GatherND"))
    return readGatherND(node, info.a[0], index, axis);
  if (node.is("ScatterND"))
    return readScatterND(node, index, axis);
  if (node.is("ScatterElements"))
    return readScatterElements(node, info.a[0], index, axis);
  (void)count;
  return refuse("node '" + node.getNodeName() + "' (" + node.getOpType() + ")");
}

RunsPtr MaskRows::readGatherND(NodeOp node, int64_t batch, ArrayRef<int64_t> index,
                               int64_t axis) {
  Value source = node.getInput(0), indices = node.getInput(1);
  ArrayRef<int64_t> sourceShape = shapeOf(source);
  int64_t lead = shapeOf(indices).size() - 1, depth = shapeOf(indices).back();
  SmallVector<int64_t> tuple(index.take_front(lead)), at(index.take_front(batch));
  tuple.push_back(0);
  at.append(depth, 0);
  at.append(index.begin() + lead, index.end());
  auto outside = [&] {
    return refuse("node '" + node.getNodeName() + "' has an index outside its data");
  };
  if (axis < 0 || axis >= lead) {
    for (int64_t d = 0; d < depth; ++d) {
      tuple[lead] = d;
      RunsPtr place = read(indices, tuple, -1);
      if (!place)
        return nullptr;
      at[batch + d] = wrap(place->at(0), sourceShape[batch + d]);
      if (at[batch + d] < 0)
        return outside();
    }
    return read(source, at, axis < 0 ? -1 : axis - lead + batch + depth);
  }
  // Along the tuples: where at most one of their parts moves, a piece of that axis' row.
  SmallVector<RunsPtr> parts;
  for (int64_t d = 0; d < depth; ++d) {
    tuple[lead] = d;
    parts.push_back(read(indices, tuple, axis));
    if (!parts.back())
      return nullptr;
  }
  auto out = std::make_shared<Runs>();
  int64_t count = shapeOf(indices)[axis];
  SmallVector<size_t> cursor(depth, 0);
  for (int64_t done = 0; done < count;) {
    int64_t next = count, moving = -1, movers = 0;
    for (int64_t d = 0; d < depth; ++d) {
      ArrayRef<Run> list = parts[d]->list();
      while (list[cursor[d]].end <= done)
        ++cursor[d];
      next = std::min(next, list[cursor[d]].end);
      if (list[cursor[d]].step != 0) {
        moving = d;
        ++movers;
      }
    }
    if (axis < batch) // the batch moves, too
      movers = 2;
    int64_t here = movers > 1 ? 1 : next - done, stride = 1;
    for (int64_t d = 0; d < depth; ++d) {
      at[batch + d] = wrap(parts[d]->at(done), sourceShape[batch + d]);
      int64_t last = wrap(parts[d]->at(done + here - 1), sourceShape[batch + d]);
      if (at[batch + d] < 0 || last < 0)
        return outside();
      if (d == moving && here > 1) {
        stride = int64_t(parts[d]->list()[cursor[d]].step);
        if (last - at[batch + d] != stride * (here - 1)) // wraps around in between
          here = 1;
      }
    }
    if (axis < batch)
      at[axis] = done;
    if (moving >= 0 && here > 1) {
      RunsPtr row = read(source, at, batch + moving);
      if (!row)
        return nullptr;
      out->append(*row, at[batch + moving], here, stride);
    } else {
      auto number = element(source, at);
      if (!number)
        return nullptr;
      out->append(here, *number, 0);
    }
    done += here;
  }
  return out;
}

RunsPtr MaskRows::readScatterND(NodeOp node, ArrayRef<int64_t> index, int64_t axis) {
  Value source = node.getInput(0), indices = node.getInput(1), updates = node.getInput(2);
  ArrayRef<int64_t> shape = shapeOf(source), at = shapeOf(indices);
  int64_t lead = at.size() - 1, depth = at.back(), rank = shape.size();
  int64_t rows = fold::countOf(at.drop_back());
  if (depth < 1 || depth > rank || int64_t(shapeOf(updates).size()) != lead + rank - depth)
    return refuse("node '" + node.getNodeName() + "' scatters in an unknown way");
  if (rows > kMaxUpdates)
    return refuse("node '" + node.getNodeName() + "' has " + Twine(rows) + " updates");
  auto &landing = landings[node];
  SmallVector<int64_t> strides = fold::stridesOf(at.drop_back());
  if (!landing) {
    landing = std::make_unique<Landing>();
    SmallVector<int64_t> tuple(lead + 1, 0);
    for (int64_t row = 0; row < rows; ++row) {
      SmallVector<int64_t> place;
      for (int64_t i = 0; i < lead; ++i)
        tuple[i] = row / strides[i] % at[i];
      RunsPtr parts = read(indices, tuple, lead);
      if (!parts)
        return landing.reset(), nullptr;
      for (int64_t d = 0; d < depth; ++d) {
        place.push_back(wrap(parts->at(d), shape[d]));
        if (place.back() < 0)
          return landing.reset(),
                 refuse("node '" + node.getNodeName() + "' has an index outside its data");
      }
      landing->updates[place] = row; // the last one stays
    }
  }
  auto updateIndex = [&](int64_t row) {
    SmallVector<int64_t> where;
    for (int64_t i = 0; i < lead; ++i)
      where.push_back(row / strides[i] % at[i]);
    where.append(index.begin() + depth, index.end());
    return where;
  };
  const auto &map = landing->updates;
  if (axis >= depth) {
    auto found = map.find(SmallVector<int64_t>(index.take_front(depth)));
    if (found == map.end())
      return read(source, index, axis);
    return read(updates, updateIndex(found->second), axis - depth + lead);
  }
  RunsPtr row = read(source, index, axis);
  if (!row)
    return nullptr;
  auto out = std::make_shared<Runs>();
  SmallVector<int64_t> key(index.take_front(depth)), last(key);
  key[axis] = 0;
  // Along the last part of the key, the updates of one row stand side by side.
  int64_t done = 0;
  auto put = [&](int64_t place, int64_t from) {
    SmallVector<int64_t> where = updateIndex(from);
    auto number = element(updates, where);
    if (!number)
      return false;
    out->append(*row, done, place - done);
    out->append(1, *number, 0);
    done = place + 1;
    return true;
  };
  if (axis == depth - 1) {
    for (auto it = map.lower_bound(key); it != map.end(); ++it) {
      if (ArrayRef(it->first).drop_back() != ArrayRef(key).drop_back())
        break;
      if (!put(it->first[axis], it->second))
        return nullptr;
    }
  } else {
    for (int64_t i = 0; i < shape[axis]; ++i) {
      key[axis] = i;
      auto found = map.find(key);
      if (found != map.end() && !put(i, found->second))
        return nullptr;
    }
  }
  out->append(*row, done, row->size() - done);
  return out;
}

RunsPtr MaskRows::readScatterElements(NodeOp node, int64_t scattered, ArrayRef<int64_t> index,
                                      int64_t axis) {
  Value source = node.getInput(0), indices = node.getInput(1), updates = node.getInput(2);
  ArrayRef<int64_t> shape = shapeOf(source), extent = shapeOf(indices);
  // Row by row along the scattered axis; the updates of a row are found by going through them.
  auto rowAlong = [&](ArrayRef<int64_t> where) -> RunsPtr {
    SmallVector<int64_t> at(where);
    at[scattered] = 0;
    RunsPtr row = read(source, at, scattered);
    if (!row)
      return nullptr;
    for (auto [i, size] : llvm::enumerate(extent))
      if (int64_t(i) != scattered && at[i] >= size)
        return row;
    RunsPtr places = read(indices, at, scattered), numbers = read(updates, at, scattered);
    if (!places || !numbers)
      return nullptr;
    std::vector<double> written;
    for (int64_t i = 0; i < shape[scattered]; ++i)
      written.push_back(row->at(i));
    for (int64_t i = 0; i < extent[scattered]; ++i) {
      int64_t place = wrap(places->at(i), shape[scattered]);
      if (place < 0)
        return refuse("node '" + node.getNodeName() + "' has an index outside its data");
      written[place] = numbers->at(i);
    }
    auto out = std::make_shared<Runs>();
    out->append(ArrayRef<double>(written), true);
    return out;
  };
  if (axis == scattered)
    return rowAlong(index);
  // Across: element by element, unless nothing is written here.
  SmallVector<int64_t> at(index);
  auto out = std::make_shared<Runs>();
  for (int64_t i = 0; i < shape[axis]; ++i) {
    at[axis] = i;
    bool inside = true;
    for (auto [d, size] : llvm::enumerate(extent))
      inside &= int64_t(d) == scattered || at[d] < size;
    RunsPtr row = inside ? rowAlong(at) : nullptr;
    if (inside && !row)
      return nullptr;
    auto number = inside ? std::optional<double>(row->at(index[scattered])) : element(source, at);
    if (!number)
      return nullptr;
    out->append(1, *number, 0);
  }
  return out;
}
