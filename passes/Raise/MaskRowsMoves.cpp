//===- MaskRowsMoves.cpp - Rows of what moves and makes elements ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every operator answers: which part of which operand's rows is this row.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTensor.h"
#include "passes/Raise/MaskRows.h"
#include "passes/Raise/NodeBuilder.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

/// Integers of an input (newer versions) or an attribute (older ones).
static std::optional<SmallVector<int64_t>> parameters(Constants &constants, NodeOp node,
                                                      StringRef attribute, unsigned input) {
  if (Value value = node.getInput(input))
    return constants.getIntegers(value);
  if (auto given = node.getInts(attribute))
    return SmallVector<int64_t>(*given);
  return SmallVector<int64_t>();
}

/// The non-unit sizes of a shape.
static SmallVector<int64_t> withoutUnits(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes;
  for (int64_t size : shape)
    if (size != 1)
      sizes.push_back(size);
  return sizes;
}

/// First element and step of each axis that a Slice takes.
static bool describeSlice(Constants &constants, NodeOp node, ArrayRef<int64_t> shape,
                          ArrayRef<int64_t> result, SmallVectorImpl<int64_t> &first,
                          SmallVectorImpl<int64_t> &step) {
  auto starts = parameters(constants, node, "starts", 1);
  auto axes = parameters(constants, node, "axes", 3),
       steps = parameters(constants, node, "steps", 4);
  if (!starts || !axes || !steps || (!axes->empty() && axes->size() != starts->size()) ||
      (!steps->empty() && steps->size() != starts->size()) || shape.size() != result.size())
    return false;
  first.assign(shape.size(), 0);
  step.assign(shape.size(), 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    auto axis = fold::normaliseAxis(axes->empty() ? int64_t(i) : (*axes)[i], shape.size());
    int64_t by = steps->empty() ? 1 : (*steps)[i], start = (*starts)[i];
    if (!axis || by == 0 || by == std::numeric_limits<int64_t>::min())
      return false;
    int64_t size = shape[*axis];
    start = start < 0 ? std::max(start, -size - 1) + size : start;
    first[*axis] = std::clamp<int64_t>(start, 0, std::max<int64_t>(by > 0 ? size : size - 1, 0));
    step[*axis] = result[*axis] > 1 ? by : 1;
  }
  // The schema has found how many there are; they must exist.
  for (auto [size, count, begin, by] : llvm::zip(shape, result, first, step))
    if (count > 0 && (begin >= size || begin + (count - 1) * by < 0 ||
                      begin + (count - 1) * by >= size))
      return false;
  return true;
}

bool MaskRows::describeMove(NodeOp node, unsigned result, Info &info) {
  ArrayRef<int64_t> shape = info.type.getShape();
  int64_t rank = shape.size();
  Value source = node.getInput(0);
  const Info *from = source ? &infoOf(source) : nullptr;
  ArrayRef<int64_t> sourceShape = from ? from->type.getShape() : ArrayRef<int64_t>();
  int64_t sourceRank = sourceShape.size();
  auto copyAligned = [&](int64_t lead) {
    for (int64_t axis = 0; axis < rank; ++axis)
      info.varying[axis] = axis >= lead && sourceShape[axis - lead] != 1 &&
                           from->varying[axis - lead];
  };
  auto axisOf = [&](StringRef name, int64_t otherwise, int64_t of) {
    return fold::normaliseAxis(node.getInt(name, otherwise), of);
  };
  if (node.is("Range") || node.is("EyeLike") || node.is("ConstantOfShape")) {
    if (node.is("ConstantOfShape"))
      llvm::fill(info.varying, false);
    if (node.is("EyeLike"))
      return rank == 2;
    return !node.is("Range") || rank == 1;
  }
  if (!from)
    return false;
  if (node.is("Reshape") || node.is("Flatten") || node.is("Squeeze") || node.is("Unsqueeze") ||
      node.is("Identity")) {
    if (info.type.getNumElements() != from->type.getNumElements())
      return false;
    if (withoutUnits(shape) == withoutUnits(sourceShape)) {
      int64_t at = 0;
      for (int64_t axis = 0; axis < rank; ++axis) {
        if (shape[axis] == 1)
          continue;
        while (sourceShape[at] == 1)
          ++at;
        info.varying[axis] = from->varying[at++];
      }
    } else if (!llvm::is_contained(from->varying, true)) {
      llvm::fill(info.varying, false);
    }
    return true;
  }
  if (node.is("Expand")) {
    if (rank < sourceRank)
      return false;
    copyAligned(rank - sourceRank);
    return true;
  }
  if (node.is("Transpose")) {
    info.a = permutationOf(node);
    if (int64_t(info.a.size()) != rank)
      return false;
    for (int64_t axis = 0; axis < rank; ++axis)
      info.varying[axis] = from->varying[info.a[axis]];
    return true;
  }
  if (node.is("Slice")) {
    if (!describeSlice(constants, node, sourceShape, shape, info.a, info.b))
      return false;
    copyAligned(0);
    return true;
  }
  if (node.is("Tile") || node.is("Trilu") || node.is("CumSum")) {
    if (rank != sourceRank)
      return false;
    if (node.is("Tile")) {
      for (int64_t axis = 0; axis < rank; ++axis)
        info.varying[axis] = from->varying[axis];
      return true;
    }
    for (int64_t axis = 0; axis < rank; ++axis)
      info.varying[axis] = from->varying[axis];
    auto number = node.getInput(1) ? integersOf(node.getInput(1))
                                   : std::optional(SmallVector<int64_t>{0});
    if (!number || number->size() != 1 || rank < (node.is("Trilu") ? 2 : 1))
      return false;
    if (node.is("Trilu")) {
      info.varying[rank - 1] = info.varying[rank - 2] = true;
      int64_t far = shape[rank - 1] + shape[rank - 2];
      info.a = {std::clamp(number->front(), -far, far)};
      return true;
    }
    auto axis = fold::normaliseAxis(number->front(), rank);
    if (!axis)
      return false;
    info.a = {*axis};
    info.varying[*axis] = shape[*axis] != 1;
    return true;
  }
  if (node.is("Concat")) {
    auto axis = axisOf("axis", 0, rank);
    if (!axis || !node.getNodeAttr("axis"))
      return false;
    info.a = {*axis};
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = i == *axis;
    for (Value part : node.getInputs()) {
      const Info &of = infoOf(part);
      if (of.type.getRank() != rank || of.type.getElementType() != info.type.getElementType())
        return false;
      for (int64_t i = 0; i < rank; ++i)
        info.varying[i] = info.varying[i] || of.varying[i];
    }
    return true;
  }
  if (node.is("Split")) {
    auto axis = axisOf("axis", 0, rank);
    if (!axis || rank != sourceRank)
      return false;
    int64_t begin = 0;
    for (unsigned i = 0; i < result; ++i) {
      RankedTensorType part = staticType(node->getResult(i));
      if (!part || part.getRank() != rank)
        return false;
      begin += part.getDimSize(*axis);
    }
    info.a = {*axis, begin};
    copyAligned(0);
    return begin + shape[*axis] <= sourceShape[*axis];
  }
  if (node.is("Pad")) {
    auto pads = parameters(constants, node, "pads", 1),
         axes = parameters(constants, node, "axes", 3);
    if (!pads || !axes || node.getString("mode", "constant") != "constant" ||
        (!node.getInput(1) && !node.getNodeAttr("pads")) || node.getNodeAttr("value"))
      return false;
    if (!node.getInput(3) && axes->empty())
      axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    if (pads->size() != axes->size() * 2 || rank != sourceRank)
      return false;
    info.a.assign(rank, 0);
    for (auto [i, given] : llvm::enumerate(*axes)) {
      auto axis = fold::normaliseAxis(given, rank);
      if (!axis || (*pads)[i] < 0 || (*pads)[i + axes->size()] < 0)
        return false;
      info.a[*axis] = (*pads)[i];
    }
    // What is added may differ from what is there.
    for (int64_t axis = 0; axis < rank; ++axis)
      info.varying[axis] = from->varying[axis] || shape[axis] != sourceShape[axis];
    return true;
  }
  if (node.is("Gather")) {
    auto axis = axisOf("axis", 0, sourceRank);
    if (!axis || !node.getInput(1))
      return false;
    const Info &indices = infoOf(node.getInput(1));
    int64_t inner = indices.type.getRank();
    if (rank != sourceRank - 1 + inner)
      return false;
    info.a = {*axis};
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = i < *axis              ? bool(from->varying[i])
                        : i < *axis + inner    ? indices.varying[i - *axis] && from->varying[*axis]
                                               : bool(from->varying[i - inner + 1]);
    return true;
  }
  if (node.is("GatherElements")) {
    auto axis = axisOf("axis", 0, rank);
    if (!axis || rank != sourceRank || !node.getInput(1))
      return false;
    info.a = {*axis};
    const Info &indices = infoOf(node.getInput(1));
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = indices.varying[i] || (i != *axis && from->varying[i]);
    return true;
  }
  if (node.is("GatherND")) {
    const Info *indices = node.getInput(1) ? &infoOf(node.getInput(1)) : nullptr;
    int64_t batch = node.getInt("batch_dims", 0);
    if (!indices || indices->type.getRank() < 1 || batch < 0 ||
        batch >= indices->type.getRank())
      return false;
    int64_t lead = indices->type.getRank() - 1, depth = indices->type.getShape().back();
    if (depth < 1 || batch + depth > sourceRank || rank != lead + sourceRank - batch - depth)
      return false;
    info.a = {batch};
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = i < lead ? indices->varying[i] || (i < batch && from->varying[i])
                                 : bool(from->varying[i - lead + batch + depth]);
    return true;
  }
  if (node.is("OneHot")) {
    auto axis = axisOf("axis", -1, rank);
    if (!axis || node.getInputs().size() != 3 || rank != sourceRank + 1)
      return false;
    info.a = {*axis};
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = i == *axis || from->varying[i < *axis ? i : i - 1];
    return true;
  }
  if (node.is("MatMul")) {
    const Info *other = node.getInput(1) ? &infoOf(node.getInput(1)) : nullptr;
    int64_t second = other ? other->type.getRank() : 0;
    if (second < 2 || rank < 2 || sourceRank != rank || (second != 2 && second != rank) ||
        other->type.getElementType() != info.type.getElementType())
      return false;
    for (int64_t i = 0; i < rank; ++i)
      info.varying[i] = (i < rank - 1 && from->varying[i]) ||
                        (i != rank - 2 && i >= rank - second && other->varying[i - rank + second]);
    // Batches that are repeated are read elsewhere.
    for (int64_t i = 0; i < rank - 2; ++i)
      if (sourceShape[i] != shape[i] || (second == rank && other->type.getDimSize(i) != shape[i]))
        return false;
    return true;
  }
  if (node.is("ScatterND") || node.is("ScatterElements")) {
    if (node.getInputs().size() != 3 || node.getString("reduction", "none") != "none" ||
        rank != sourceRank || rank == 0)
      return false;
    auto axis = axisOf("axis", 0, rank);
    info.a = {axis.value_or(0)};
    return axis && staticType(node.getInput(2)).getElementType() == info.type.getElementType();
  }
  return false;
}

//===----------------------------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------------------------===//

RunsPtr MaskRows::readReshaped(Value source, ArrayRef<int64_t> shape, ArrayRef<int64_t> index,
                               int64_t axis) {
  auto type = cast<RankedTensorType>(source.getType());
  SmallVector<int64_t> to = fold::stridesOf(shape), from = fold::stridesOf(type.getShape());
  int64_t base = 0, count = axis < 0 ? 1 : shape[axis], stride = axis < 0 ? 1 : to[axis];
  for (size_t i = 0; i < shape.size(); ++i)
    base += index[i] * to[i];
  auto out = std::make_shared<Runs>();
  for (int64_t done = 0; done < count;) {
    int64_t at = base + done * stride;
    SmallVector<int64_t> coordinates;
    for (auto [size, step] : llvm::zip(type.getShape(), from)) {
      coordinates.push_back(at / step);
      at %= step;
    }
    // The source's axis with the same stride goes the same way for a while; else one element.
    int64_t along = int64_t(from.size()) - 1, here = 1;
    for (int64_t i = from.size(); i-- > 0;)
      if (from[i] == stride && type.getDimSize(i) > 1) {
        along = i;
        here = std::min(count - done, type.getDimSize(i) - coordinates[i]);
        break;
      }
    RunsPtr row = read(source, coordinates, along);
    if (!row)
      return nullptr;
    out->append(*row, along < 0 ? 0 : coordinates[along], here);
    done += here;
  }
  return out;
}

RunsPtr MaskRows::computeMove(NodeOp node, unsigned result, const Info &info,
                              ArrayRef<int64_t> index, int64_t axis) {
  ArrayRef<int64_t> shape = info.type.getShape();
  int64_t rank = shape.size(), count = axis < 0 ? 1 : shape[axis];
  if (node.is("Range") || node.is("EyeLike") || node.is("ConstantOfShape") || node.is("OneHot"))
    return computeMake(node, info, index, axis);
  Value source = node.getInput(0);
  ArrayRef<int64_t> sourceShape = cast<RankedTensorType>(source.getType()).getShape();
  auto out = std::make_shared<Runs>();
  SmallVector<int64_t> at(index);
  if (node.is("Identity"))
    return read(source, index, axis);
  if (node.is("MatMul"))
    return readProduct(node, info.number, index, axis);
  if (node.is("Reshape") || node.is("Flatten") || node.is("Squeeze") || node.is("Unsqueeze"))
    return readReshaped(source, shape, index, axis);
  if (node.is("Expand")) {
    RunsPtr row = readBroadcast(source, rank, index, axis);
    if (!row || row->size() == count)
      return row;
    return std::make_shared<const Runs>(count, row->at(0));
  }
  if (node.is("Transpose")) {
    for (int64_t i = 0; i < rank; ++i)
      at[info.a[i]] = index[i];
    return read(source, at, axis < 0 ? -1 : info.a[axis]);
  }
  if (node.is("Slice")) {
    for (int64_t i = 0; i < rank; ++i)
      at[i] = info.a[i] + index[i] * info.b[i];
    RunsPtr row = count ? read(source, at, axis) : out;
    if (!row)
      return nullptr;
    out->append(*row, axis < 0 ? 0 : info.a[axis], count, axis < 0 ? 1 : info.b[axis]);
    return out;
  }
  if (node.is("Tile")) {
    for (int64_t i = 0; i < rank; ++i)
      at[i] = sourceShape[i] ? index[i] % sourceShape[i] : 0;
    RunsPtr row = count ? read(source, at, axis) : out;
    if (!row)
      return nullptr;
    for (int64_t done = 0; done < count; done += row->size())
      out->append(*row, 0, row->size());
    return out;
  }
  if (node.is("Split")) {
    int64_t along = info.a[0], begin = info.a[1];
    at[along] += begin;
    RunsPtr row = read(source, at, axis);
    if (!row)
      return nullptr;
    out->append(*row, axis == along ? begin : 0, count);
    return out;
  }
  if (node.is("Concat")) {
    int64_t along = info.a[0];
    for (Value part : node.getInputs()) {
      int64_t size = cast<RankedTensorType>(part.getType()).getDimSize(along);
      if (axis == along) {
        RunsPtr row = size ? read(part, at, axis) : nullptr;
        if (size && !row)
          return nullptr;
        if (row)
          out->append(*row, 0, size);
      } else {
        if (at[along] < size)
          return read(part, at, axis);
        at[along] -= size;
      }
    }
    return out;
  }
  if (node.is("Pad")) {
    auto fill = node.getInput(2) ? getSplat(node.getInput(2)) : std::optional<double>(0);
    if (!fill)
      return refuse("node '" + node.getNodeName() + "' pads with more than one number");
    for (int64_t i = 0; i < rank; ++i) {
      at[i] -= info.a[i];
      if (i != axis && (at[i] < 0 || at[i] >= sourceShape[i]))
        return std::make_shared<const Runs>(count, *fill);
    }
    RunsPtr row = read(source, at, axis);
    if (!row)
      return nullptr;
    int64_t before = info.a[axis];
    out->append(before, *fill, 0);
    out->append(*row, 0, row->size());
    out->append(count - out->size(), *fill, 0);
    return out;
  }
  if (node.is("Trilu")) {
    RunsPtr row = read(source, at, axis);
    if (!row)
      return nullptr;
    bool upper = node.getInt("upper", 1) != 0;
    int64_t k = info.a[0];
    // Kept: column - row >= k (upper) or <= k (lower).
    int64_t begin = 0, end = count;
    if (axis == rank - 1) {
      (upper ? begin : end) = upper ? index[rank - 2] + k : index[rank - 2] + k + 1;
    } else if (axis == rank - 2) {
      (upper ? end : begin) = upper ? index[rank - 1] - k + 1 : index[rank - 1] - k;
    } else {
      int64_t distance = index[rank - 1] - index[rank - 2];
      if (upper ? distance < k : distance > k)
        end = 0;
    }
    begin = std::clamp<int64_t>(begin, 0, count);
    end = std::clamp<int64_t>(end, begin, count);
    out->append(begin, 0, 0);
    out->append(*row, begin, end - begin);
    out->append(count - end, 0, 0);
    return out;
  }
  if (node.is("CumSum")) {
    int64_t along = info.a[0];
    bool exclusive = node.getInt("exclusive", 0), reverse = node.getInt("reverse", 0);
    int64_t size = shape[along];
    at[along] = 0;
    if (axis != along && axis >= 0) {
      // The sum of whole rows up to this one; the exact type makes their order irrelevant.
      if (info.number.isFloat())
        return refuse("node '" + node.getNodeName() + "' sums floats across rows");
      int64_t last = index[along], first = reverse ? last + exclusive : 0;
      int64_t end = reverse ? size : last + !exclusive;
      RunsPtr sum = std::make_shared<const Runs>(count, 0.0);
      for (int64_t i = first; i < end; ++i) {
        at[along] = i;
        RunsPtr row = read(source, at, axis);
        auto next = std::make_shared<Runs>();
        if (!row || !combine(ElementOp::Add, {sum.get(), row.get()}, info.number, info.number,
                             *next))
          return refuse("node '" + node.getNodeName() + "' gives numbers that are not exact");
        sum = next;
      }
      return sum;
    }
    RunsPtr row = read(source, at, along);
    if (!row)
      return nullptr;
    double sum = 0;
    std::vector<double> numbers(size);
    for (int64_t i = 0, run = 0; i < size; ++i) {
      int64_t where = reverse ? size - 1 - i : i;
      if (!reverse)
        while (row->list()[run].end <= i)
          ++run;
      double x = reverse ? row->at(where)
                         : row->list()[run].value +
                               row->list()[run].step *
                                   double(i - (run ? row->list()[run - 1].end : 0));
      double next = sum + x;
      if (!info.number.round(next))
        return refuse("node '" + node.getNodeName() + "' gives numbers that are not exact");
      numbers[where] = exclusive ? sum : next;
      sum = next;
    }
    out->append(ArrayRef<double>(numbers), true);
    return out;
  }
  return computeIndexing(node, info, index, axis);
}

/// One-hot rows and counts: sums of few rows of integers, which are exact in any order.
RunsPtr MaskRows::readProduct(NodeOp node, NumberType number, ArrayRef<int64_t> index,
                              int64_t axis) {
  Value a = node.getInput(0), b = node.getInput(1);
  int64_t rank = index.size(), second = cast<RankedTensorType>(b.getType()).getRank();
  if (axis != rank - 1 && axis != rank - 2)
    return refuse("node '" + node.getNodeName() + "' is read across its batches");
  SmallVector<int64_t> left(index), right(index.take_back(second));
  RunsPtr factors = axis == rank - 1 ? read(a, left, rank - 1) : read(b, right, second - 2);
  if (!factors)
    return nullptr;
  auto isExact = [](const Runs &runs) {
    return llvm::all_of(runs.list(), [](const Run &run) {
      return std::trunc(run.value) == run.value && std::fabs(run.value) <= 1 << 20;
    });
  };
  auto fail = [&] {
    return refuse("node '" + node.getNodeName() +
                  "' multiplies numbers that are no small integers");
  };
  if (factors->size() == 0 || !isExact(*factors))
    return fail();
  RunsPtr sum;
  for (int64_t k = 0; k < factors->size(); ++k) {
    left[rank - 1] = k;
    right[second - 2] = k;
    RunsPtr row = axis == rank - 1 ? read(b, right, second - 1) : read(a, left, rank - 2);
    if (!row || !isExact(*row))
      return row ? fail() : nullptr;
    if (sum && factors->at(k) == 0)
      continue;
    Runs factor(1, factors->at(k));
    auto product = std::make_shared<Runs>(), next = std::make_shared<Runs>();
    if (!combine(ElementOp::Mul, {row.get(), &factor}, number, number, *product) ||
        (sum && !combine(ElementOp::Add, {sum.get(), product.get()}, number, number, *next)))
      return fail();
    sum = sum ? RunsPtr(next) : RunsPtr(product);
    if (!isExact(*sum))
      return fail();
  }
  return sum;
}

//===----------------------------------------------------------------------------------------===//
// Tensors made from little
//===----------------------------------------------------------------------------------------===//

RunsPtr MaskRows::computeMake(NodeOp node, const Info &info, ArrayRef<int64_t> index,
                              int64_t axis) {
  ArrayRef<int64_t> shape = info.type.getShape();
  int64_t count = axis < 0 ? 1 : shape[axis];
  auto out = std::make_shared<Runs>();
  // `hot` at one place, `cold` elsewhere.
  auto oneAt = [&](int64_t place, double hot, double cold) {
    place = place < 0 || place >= count ? count : place;
    out->append(place, cold, 0);
    out->append(place < count, hot, 0);
    out->append(count - place - 1, cold, 0);
    return out;
  };
  if (node.is("ConstantOfShape")) {
    auto dense = dyn_cast_or_null<DenseElementsAttr>(node.getNodeAttr("value"));
    std::vector<double> value = dense ? toDoubles(dense) : std::vector<double>{0};
    if (value.size() != 1)
      return refuse("node '" + node.getNodeName() + "' has more than one value");
    out->append(count, value.front(), 0);
    return out;
  }
  if (node.is("EyeLike")) {
    int64_t k = node.getInt("k", 0);
    return oneAt(axis == 1 ? index[0] + k : index[1] - k, 1, 0);
  }
  if (node.is("Range")) {
    double start = 0, step = 0;
    for (auto [input, number] : {std::pair<unsigned, double *>(0, &start), {2, &step}}) {
      auto splat = getSplat(node.getInput(input));
      if (!splat)
        return refuse("node '" + node.getNodeName() + "' begins anywhere");
      *number = *splat;
    }
    if (info.number.holds(start, start + step * double(count - 1)) &&
        std::trunc(step) == step) {
      out->append(count, start, step);
      return out;
    }
    std::vector<double> numbers;
    for (int64_t i = 0; i < count; ++i) {
      double product = double(i) * step;
      if (!info.number.round(product))
        return refuse("node '" + node.getNodeName() + "' gives numbers that are not exact");
      numbers.push_back(start + product);
      if (!info.number.round(numbers.back()))
        return refuse("node '" + node.getNodeName() + "' gives numbers that are not exact");
    }
    out->append(ArrayRef<double>(numbers), true);
    return out;
  }
  // OneHot.
  int64_t along = info.a[0], depth = shape[along];
  SmallVector<int64_t> at(index);
  at.erase(at.begin() + along);
  auto cold = element(node.getInput(2), {0}), hot = element(node.getInput(2), {1});
  if (!cold || !hot)
    return nullptr;
  auto wrap = [&](double number) {
    int64_t place = int64_t(number);
    return place < 0 ? place + depth : place;
  };
  if (axis == along) {
    RunsPtr place = read(node.getInput(0), at, -1);
    return place ? RunsPtr(oneAt(wrap(place->at(0)), *hot, *cold)) : nullptr;
  }
  RunsPtr places = read(node.getInput(0), at, axis < along ? axis : axis - 1);
  if (!places)
    return nullptr;
  std::vector<double> numbers;
  for (int64_t i = 0; i < count; ++i)
    numbers.push_back(wrap(places->at(i)) == index[along] ? *hot : *cold);
  out->append(ArrayRef<double>(numbers), false);
  return out;
}
