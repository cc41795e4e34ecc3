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

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

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
