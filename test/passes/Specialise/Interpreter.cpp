//===- Interpreter.cpp - Runs a function of tensor operations ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Interpreter.h"

#include "dialects/Zorro/Zorro.h"
#include "passes/Analysis/GridValue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/ErrorHandling.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace zorro;
using namespace zorro::test;

namespace {
SmallVector<int64_t> shapeOf(Value value) {
  auto type = dyn_cast<ShapedType>(value.getType());
  return type ? SmallVector<int64_t>(type.getShape()) : SmallVector<int64_t>();
}

int64_t count(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
}

int64_t positionOf(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t position = 0;
  for (auto [i, n] : llvm::zip(index, shape))
    position = position * n + i;
  return position;
}

void forEach(ArrayRef<int64_t> shape, function_ref<void(ArrayRef<int64_t>)> visit) {
  SmallVector<unsigned> sizes(shape);
  forEachIndex(sizes, [&](ArrayRef<unsigned> index) { visit(SmallVector<int64_t>(index)); });
}

double f32(double v) { return static_cast<float>(v); }

class Interpreter {
public:
  Values values;

  void run(Operation *op) {
    Value result = op->getResult(0);
    values[result] = llvm::TypeSwitch<Operation *, Numbers>(op)
                         .Case<arith::ConstantOp>([&](auto constant) { return runConstant(constant); })
                         .Case<WeightRefOp>([&](auto ref) { return runWeight(ref); })
                         .Case<tensor::EmptyOp>([&](auto) { return Numbers(count(shapeOf(result))); })
                         .Case<JoinOp>([&](JoinOp join) { return concat(op, join.getAxis()); })
                         .Case<tensor::ConcatOp>([&](tensor::ConcatOp c) { return concat(op, c.getDim()); })
                         .Case<TakeOp>([&](TakeOp take) {
                           SmallVector<int64_t> offsets(shapeOf(result).size(), 0);
                           offsets[take.getAxis()] = take.getBegin();
                           return slice(op, offsets, SmallVector<int64_t>(offsets.size(), 1), shapeOf(result));
                         })
                         .Case<tensor::ExtractSliceOp>([&](tensor::ExtractSliceOp s) {
                           return slice(op, s.getStaticOffsets(), s.getStaticStrides(), s.getStaticSizes());
                         })
                         .Case<tensor::PadOp>([&](auto padded) { return pad(padded); })
                         .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
                             [&](auto) { return values.lookup(op->getOperand(0)); })
                         .Case<linalg::LinalgOp>([&](auto structured) { return runLinalg(structured); })
                         .Case<SoftmaxOp>([&](auto) { return rows(op, softmax); })
                         .Case<LayerNormOp>([&](LayerNormOp norm) {
                           double eps = norm.getEps().convertToFloat();
                           return rows(op, [=](Numbers &row) { normalise(row, eps); });
                         })
                         .Case<ContractOp>([&](auto contract) { return runContract(contract); })
                         .Case<AttentionOp>([&](auto attention) { return runAttention(attention); })
                         .Default([](Operation *other) -> Numbers {
                           llvm::report_fatal_error("the interpreter does not know " +
                                                    other->getName().getStringRef());
                         });
  }

private:
  Numbers runConstant(arith::ConstantOp op) {
    if (auto scalar = dyn_cast<FloatAttr>(op.getValue()))
      return {scalar.getValueAsDouble()};
    auto dense = cast<DenseElementsAttr>(op.getValue());
    Numbers numbers;
    if (isa<FloatType>(dense.getElementType()))
      for (APFloat v : dense.getValues<APFloat>())
        numbers.push_back(v.convertToFloat());
    else
      for (APInt v : dense.getValues<APInt>())
        numbers.push_back(v.getBitWidth() == 1 ? v.getZExtValue() : v.getSExtValue());
    return numbers;
  }

  /// Stored numbers follow from the offset in the file; then come the recipe's slices.
  Numbers runWeight(WeightRefOp ref) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(ref, ref.getWeightAttr());
    SmallVector<int64_t> shape(cast<RankedTensorType>(weight.getStored()).getShape());
    Numbers numbers;
    for (int64_t i = 0; i != count(shape); ++i)
      numbers.push_back(f32(std::sin(double(weight.getOffset()) + 1.7 * i)));
    if (ArrayAttr recipe = weight.getRecipeAttr())
      for (Attribute step : recipe) {
        auto window = cast<SliceStepAttr>(step);
        Numbers part;
        forEach(window.getSizes(), [&](ArrayRef<int64_t> index) {
          SmallVector<int64_t> source(index);
          for (auto [s, o] : llvm::zip(source, window.getOffsets()))
            s += o;
          part.push_back(numbers[positionOf(source, shape)]);
        });
        numbers = part;
        shape.assign(window.getSizes().begin(), window.getSizes().end());
      }
    return numbers;
  }

  Numbers concat(Operation *op, int64_t axis) {
    SmallVector<int64_t> shape = shapeOf(op->getResult(0));
    Numbers result;
    forEach(shape, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> source(index);
      for (Value part : op->getOperands()) {
        SmallVector<int64_t> partShape = shapeOf(part);
        if (source[axis] < partShape[axis]) {
          result.push_back(values[part][positionOf(source, partShape)]);
          return;
        }
        source[axis] -= partShape[axis];
      }
    });
    return result;
  }

  Numbers pad(tensor::PadOp op) {
    double fill = values[op.getConstantPaddingValue()].front();
    SmallVector<int64_t> inner = shapeOf(op.getSource());
    Numbers result;
    forEach(shapeOf(op.getResult()), [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> source;
      bool inside = true;
      for (auto [i, low, size] : llvm::zip(index, op.getStaticLow(), inner)) {
        source.push_back(i - low);
        inside &= source.back() >= 0 && source.back() < size;
      }
      result.push_back(inside ? values[op.getSource()][positionOf(source, inner)] : fill);
    });
    return result;
  }

  Numbers slice(Operation *op, ArrayRef<int64_t> offsets, ArrayRef<int64_t> strides,
                ArrayRef<int64_t> sizes) {
    Numbers result;
    forEach(sizes, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> source;
      for (auto [i, o, s] : llvm::zip(index, offsets, strides))
        source.push_back(o + i * s);
      result.push_back(values[op->getOperand(0)][positionOf(source, shapeOf(op->getOperand(0)))]);
    });
    return result;
  }

  static void softmax(Numbers &row) {
    double max = -INFINITY, sum = 0;
    for (double v : row)
      max = std::isnan(v) || std::isnan(max) ? NAN : std::max(max, v);
    for (double &v : row)
      sum += v = f32(std::exp(v - max));
    for (double &v : row)
      v = f32(v / sum);
  }

  static void normalise(Numbers &row, double eps) {
    double mean = std::accumulate(row.begin(), row.end(), 0.0) / row.size(), variance = 0;
    for (double v : row)
      variance += (v - mean) * (v - mean) / row.size();
    for (double &v : row)
      v = f32((v - mean) / std::sqrt(variance + eps));
  }

  Numbers rows(Operation *op, function_ref<void(Numbers &)> change) {
    Numbers result = values[op->getOperand(0)];
    int64_t n = shapeOf(op->getResult(0)).back();
    for (size_t i = 0; i != result.size(); i += n) {
      Numbers row(result.begin() + i, result.begin() + i + n);
      change(row);
      std::copy(row.begin(), row.end(), result.begin() + i);
    }
    return result;
  }

  double scalar(Operation *op, ArrayRef<double> x) {
    return llvm::TypeSwitch<Operation *, double>(op)
        .Case<arith::AddFOp>([&](auto) { return f32(x[0] + x[1]); })
        .Case<arith::SubFOp>([&](auto) { return f32(x[0] - x[1]); })
        .Case<arith::MulFOp>([&](auto) { return f32(x[0] * x[1]); })
        .Case<arith::MaximumFOp>([&](auto) {
          return std::isnan(x[0]) || std::isnan(x[1]) ? NAN : std::max(x[0], x[1]);
        })
        .Case<math::TanhOp>([&](auto) { return f32(std::tanh(x[0])); })
        .Case<arith::AndIOp>([&](auto) { return double(x[0] != 0 && x[1] != 0); })
        .Case<arith::SelectOp>([&](auto) { return x[0] != 0 ? x[1] : x[2]; })
        .Case<arith::CmpFOp>([&](arith::CmpFOp) { return double(std::isnan(x[0]) || std::isnan(x[1])); })
        .Case<arith::ConstantOp>([&](arith::ConstantOp c) { return runConstant(c).front(); })
        .Default([](Operation *other) -> double {
          llvm::report_fatal_error("the interpreter does not know " + other->getName().getStringRef());
        });
  }

  double runBody(Block &body, ArrayRef<double> arguments) {
    DenseMap<Value, double> local;
    for (auto [argument, v] : llvm::zip(body.getArguments(), arguments))
      local[argument] = v;
    auto read = [&](Value v) {
      auto found = local.find(v);
      return found != local.end() ? found->second : values[v].front();
    };
    for (Operation &op : body.without_terminator()) {
      SmallVector<double> operands;
      for (Value operand : op.getOperands())
        operands.push_back(read(operand));
      local[op.getResult(0)] = scalar(&op, operands);
    }
    return read(body.getTerminator()->getOperand(0));
  }

  Numbers runLinalg(linalg::LinalgOp op) {
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    OpOperand *init = op.getDpsInitOperand(0);
    Numbers result = values[init->get()];
    SmallVector<int64_t> shape = shapeOf(init->get());
    forEach(op.getStaticLoopRanges(), [&](ArrayRef<int64_t> index) {
      SmallVector<double> arguments;
      for (OpOperand &operand : op->getOpOperands()) {
        const Numbers &source = &operand == init ? result : values[operand.get()];
        SmallVector<int64_t> at = maps[operand.getOperandNumber()].compose(index);
        arguments.push_back(source[positionOf(at, shapeOf(operand.get()))]);
      }
      result[positionOf(maps.back().compose(index), shape)] = runBody(*op.getBlock(), arguments);
    });
    return result;
  }

  Numbers runContract(ContractOp op) {
    int64_t k = op.getK(), n = op.getN();
    const Numbers &a = values[op.getA()], &b = values[op.getB()];
    Numbers result;
    for (size_t row = 0; row != a.size() / k; ++row)
      for (int64_t j = 0; j != n; ++j) {
        double sum = 0;
        for (int64_t i = 0; i != k; ++i)
          sum = f32(sum + f32(a[row * k + i] * b[i * n + j]));
        SmallVector<double> arguments = {sum};
        for (Value extra : op.getExtras()) // a tail of the result
          arguments.push_back(values[extra][(row * n + j) % values[extra].size()]);
        result.push_back(op.getEpilogue().empty() ? sum
                                                  : runBody(op.getEpilogue().front(), arguments));
      }
    return result;
  }

  bool isKept(AttentionOp op, int64_t batch, int64_t key) {
    if (!op.getPadding())
      return true;
    SmallVector<int64_t> shape = shapeOf(op.getPadding());
    return values[op.getPadding()][(shape[0] == 1 ? 0 : batch) * shape[1] + key] != 0;
  }

  Numbers runAttention(AttentionOp op) {
    SmallVector<int64_t> shape = shapeOf(op.getQ());
    int64_t heads = shape[0] * shape[1], queries = shape[2], d = shape[3];
    int64_t keys = shapeOf(op.getK())[2], width = shapeOf(op.getV())[3];
    const Numbers &q = values[op.getQ()], &k = values[op.getK()], &v = values[op.getV()];
    double scale = op.getScale().convertToFloat();
    Numbers result;
    for (int64_t h = 0; h != heads; ++h)
      for (int64_t i = 0; i != queries; ++i) {
        SmallVector<int64_t> live;
        EmptyRow kind = EmptyRow::Nan;
        SmallVector<KeySpan> spans = {{0, keys, -EntryAttr::kFar, EntryAttr::kFar}};
        if (MaskAttr mask = op.getMaskAttr()) {
          spans = mask.getSpans(MaskAttr::segmentOf(mask.getQueries(), i));
          kind = mask.getEmpty();
        }
        for (const KeySpan &span : spans)
          for (int64_t j = span.beginFor(i); j < span.endFor(i); ++j)
            if (isKept(op, h / shape[1], j))
              live.push_back(j);
        double empty = kind == EmptyRow::Zero ? 0 : NAN;
        bool uniform = live.empty() && kind == EmptyRow::Uniform;
        if (uniform)
          for (int64_t j = 0; j != keys; ++j)
            live.push_back(j);
        Numbers weights;
        for (int64_t j : live) {
          double score = 0;
          for (int64_t e = 0; e != d; ++e)
            score += q[(h * queries + i) * d + e] * k[(h * keys + j) * d + e];
          weights.push_back(uniform ? 0 : f32(score * scale));
        }
        softmax(weights);
        for (int64_t e = 0; e != width; ++e) {
          double sum = 0;
          for (auto [w, j] : llvm::zip(weights, live))
            sum = f32(sum + f32(w * v[(h * keys + j) * width + e]));
          result.push_back(live.empty() ? empty : sum);
        }
      }
    return result;
  }
};
} // namespace

Values zorro::test::interpret(func::FuncOp func, ArrayRef<Numbers> arguments) {
  Interpreter interpreter;
  for (auto [argument, numbers] : llvm::zip(func.getArguments(), arguments))
    interpreter.values[argument] = numbers;
  for (Operation &op : func.front().without_terminator())
    interpreter.run(&op);
  return std::move(interpreter.values);
}

std::vector<Numbers> zorro::test::resultsOf(func::FuncOp func, const Values &values) {
  std::vector<Numbers> results;
  for (Value value : func.front().getTerminator()->getOperands())
    results.push_back(values.lookup(value));
  return results;
}
