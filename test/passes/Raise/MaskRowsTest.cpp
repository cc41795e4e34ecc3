//===- MaskRowsTest.cpp - Rows of random chains against the folder ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Every value of a random graph of constants is folded as a whole, and read along each of its axes.
// ZORRO_RANDOM_CHAINS=5000 in the environment reads more of them.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Onnx.h"
#include "dialects/Zorro/Zorro.h"
#include "passes/Raise/MaskRows.h"
#include "passes/Raise/NodeBuilder.h"
#include "passes/Raise/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

namespace {

using Shape = SmallVector<int64_t>;

class Chain {
public:
  Chain(MLIRContext &context, unsigned seed)
      : builder(&context), nodes(builder), loc(builder.getUnknownLoc()), engine(seed) {
    module = ModuleOp::create(loc);
    builder.setInsertionPointToEnd(module->getBody());
    function = func::FuncOp::create(builder, loc, "main", builder.getFunctionType({}, {}));
    builder.setInsertionPointToStart(function.addEntryBlock());
  }

  void grow(unsigned count) {
    for (unsigned i = 0; i < 6; ++i)
      values.push_back(constant());
    for (unsigned tries = 0; values.size() < count && tries < count * 8; ++tries)
      if (Value value = make())
        if (cast<RankedTensorType>(value.getType()).getNumElements() <= 4000)
          values.push_back(value);
    func::ReturnOp::create(builder, loc, values);
    function.setFunctionType(
        builder.getFunctionType({}, function.getBody().front().getTerminator()->getOperandTypes()));
  }

  OwningOpRef<ModuleOp> module;
  func::FuncOp function;

private:
  int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(engine); }
  Value any() { return values[below(values.size())]; }
  static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
  Type element() {
    switch (below(6)) {
    case 0: return builder.getI1Type();
    case 1: return builder.getI32Type();
    case 2: return builder.getF32Type();
    case 3: return builder.getF16Type();
    case 4: return builder.getIntegerType(8, false);
    default: return builder.getI64Type();
    }
  }
  Shape shape() {
    static constexpr int64_t sizes[] = {1, 1, 2, 3, 5, 6, 9};
    Shape shape(below(4));
    for (int64_t &size : shape)
      size = sizes[below(7)];
    return shape;
  }
  NamedAttribute attr(StringRef name, int64_t number) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(number));
  }
  Value dense(RankedTensorType type, ArrayRef<double> numbers) {
    SmallVector<Attribute> attrs;
    for (double number : numbers)
      attrs.push_back(isa<FloatType>(type.getElementType())
                          ? Attribute(FloatAttr::get(type.getElementType(), number))
                          : Attribute(IntegerAttr::get(type.getElementType(), int64_t(number))));
    return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, attrs));
  }
  Value constant() {
    Type of = element();
    auto type = RankedTensorType::get(shape(), of);
    std::vector<double> numbers(type.getNumElements());
    int64_t kind = below(4), start = below(5), step = of.isInteger(8) ? 1 : below(4) - 1;
    for (size_t i = 0; i < numbers.size(); ++i) {
      double number = kind == 0   ? double(start + int64_t(i) * step)
                      : kind == 1 ? double(below(3))
                      : kind == 2 ? double(int64_t(i) / 3)
                                  : double(start);
      if (isa<FloatType>(of) && kind == 1)
        number = number == 0   ? -std::numeric_limits<double>::infinity()
                 : number == 1 ? -0.3
                               : 1e4;
      numbers[i] = of.isInteger(1) ? double(int64_t(number) & 1) : number;
    }
    return dense(type, numbers);
  }
  std::optional<Shape> broadcast(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
    Shape result(std::max(a.size(), b.size()), 1);
    for (ArrayRef<int64_t> of : {a, b})
      for (size_t i = 0; i < of.size(); ++i) {
        int64_t &size = result[result.size() - of.size() + i];
        if (size != 1 && of[i] != 1 && size != of[i])
          return std::nullopt;
        size = std::max(size, of[i]);
      }
    return result;
  }
  Value node(StringRef name, int64_t since, ArrayRef<int64_t> shape, Type element,
             ValueRange inputs, ArrayRef<NamedAttribute> attrs = {}) {
    return nodes.make(loc, name, since, RankedTensorType::get(shape, element), inputs, attrs);
  }
  Value index(ArrayRef<int64_t> shape, int64_t size) {
    auto type = RankedTensorType::get(shape, builder.getI64Type());
    std::vector<double> numbers(type.getNumElements());
    int64_t kind = below(3), start = below(size);
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = kind == 0 ? double(below(2 * size) - size)
                   : kind == 1 ? double((start + int64_t(i)) % size)
                               : double(start);
    return dense(type, numbers);
  }

  Value make() {
    Value a = any(), b = any();
    RankedTensorType x = typeOf(a), y = typeOf(b);
    Type of = x.getElementType(), i1 = builder.getI1Type();
    ArrayRef<int64_t> shape = x.getShape();
    int64_t rank = x.getRank(), axis = rank ? below(rank) : 0;
    bool isBool = of.isInteger(1), isFloat = isa<FloatType>(of);
    Shape to(shape);
    switch (below(24)) {
    case 0:
    case 1: {
      static constexpr const char *names[] = {"Add", "Sub", "Mul", "Div", "Mod", "Min", "Max"};
      auto both = broadcast(shape, y.getShape());
      if (!both || y.getElementType() != of || isBool)
        return {};
      const char *name = names[below(7)];
      return node(name, StringRef(name) == "Mod" ? 13 : 14, *both, of, {a, b},
                  StringRef(name) == "Mod" && isFloat ? SmallVector<NamedAttribute>{attr("fmod", 1)}
                                                      : SmallVector<NamedAttribute>());
    }
    case 2:
    case 3: {
      static constexpr const char *names[] = {"Equal", "Less", "LessOrEqual", "Greater",
                                              "GreaterOrEqual"};
      auto both = broadcast(shape, y.getShape());
      if (!both || y.getElementType() != of || isBool)
        return {};
      int64_t which = below(5);
      return node(names[which], which == 0 ? 13 : which % 2 ? 13 : 16, *both, i1, {a, b});
    }
    case 4: {
      static constexpr const char *names[] = {"And", "Or", "Xor"};
      static constexpr const char *bitwise[] = {"BitwiseAnd", "BitwiseOr", "BitwiseXor"};
      auto both = broadcast(shape, y.getShape());
      if (!both || y.getElementType() != of || isFloat)
        return {};
      return isBool ? node(names[below(3)], 7, *both, of, {a, b})
                    : node(bitwise[below(3)], 18, *both, of, {a, b});
    }
    case 5: {
      Value c = any();
      auto both = broadcast(shape, y.getShape());
      auto all = both ? broadcast(*both, typeOf(c).getShape()) : std::nullopt;
      if (!all || !isBool || y.getElementType() != typeOf(c).getElementType())
        return {};
      return node("Where", 16, *all, y.getElementType(), {a, b, c});
    }
    case 6: {
      Type wanted = element();
      int64_t code = wanted.isInteger(1)    ? 9
                     : wanted.isInteger(8)  ? 2
                     : wanted.isInteger(32) ? 6
                     : wanted.isInteger(64) ? 7
                     : wanted.isF32()       ? 1
                                            : 10;
      return node("Cast", 13, shape, wanted, a, attr("to", code));
    }
    case 7:
      if (isBool)
        return node("Not", 1, shape, of, a);
      if (isFloat && below(2))
        return node("IsNaN", 13, shape, i1, a);
      return node(below(2) && !of.isUnsignedInteger() ? "Neg" : "Abs", 13, shape, of, a);
    case 8: {
      int64_t at = below(rank + 1);
      to.insert(to.begin() + at, 1);
      return node("Unsqueeze", 13, to, of, {a, nodes.integers(loc, {at})});
    }
    case 9: {
      SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, rank));
      std::shuffle(perm.begin(), perm.end(), engine);
      return rank > 1 ? nodes.transpose(loc, a, perm) : Value();
    }
    case 10: {
      // Two axes become one, or one becomes two.
      if (rank > 1) {
        to[rank - 2] *= to.pop_back_val();
        return nodes.reshape(loc, a, to);
      }
      if (rank == 1 && shape[0] % 3 == 0)
        return nodes.reshape(loc, a, {shape[0] / 3, 3});
      return {};
    }
    case 11: {
      for (int64_t &size : to)
        size = size == 1 ? 1 + below(4) : size;
      if (below(2))
        to.insert(to.begin(), 1 + below(3));
      return nodes.expand(loc, a, to);
    }
    case 12: {
      Shape repeats(rank, 1);
      if (rank == 0)
        return {};
      repeats[axis] = 1 + below(3);
      to[axis] *= repeats[axis];
      return node("Tile", 13, to, of, {a, nodes.integers(loc, repeats)});
    }
    case 13: {
      if (rank == 0)
        return {};
      int64_t step = 1 + below(2), begin = below(shape[axis]), end = shape[axis];
      bool down = below(3) == 0;
      to[axis] = down ? begin / step + 1 : (end - begin - 1) / step + 1;
      return node("Slice", 13, to, of,
                  {a, nodes.integers(loc, {begin}), nodes.integers(loc, {down ? -100 : end}),
                   nodes.integers(loc, {axis}), nodes.integers(loc, {down ? -step : step})});
    }
    case 14: {
      if (rank == 0)
        return {};
      return nodes.concat(loc, axis, below(2) ? ValueRange({a, a}) : ValueRange({a}));
    }
    case 15: {
      if (rank == 0 || of.isF16())
        return {};
      Shape pads(2 * rank, 0);
      pads[axis] = below(3);
      pads[axis + rank] = below(3);
      to[axis] += pads[axis] + pads[axis + rank];
      return node("Pad", 13, to, of,
                  {a, nodes.integers(loc, pads), dense(RankedTensorType::get({}, of), {1})});
    }
    case 16:
      if (rank < 2)
        return {};
      return node("Trilu", 14, shape, of, {a, nodes.integers(loc, {below(7) - 3})},
                  attr("upper", below(2)));
    case 17: {
      if (rank == 0 || isBool || isFloat || of.isUnsignedInteger())
        return {};
      return node("CumSum", 14, shape, of,
                  {a, dense(RankedTensorType::get({}, builder.getI64Type()), {double(axis)})},
                  {attr("exclusive", below(2)), attr("reverse", below(2))});
    }
    case 18: {
      if (rank == 0)
        return {};
      Shape inner;
      for (int64_t i = below(3); i > 0; --i)
        inner.push_back(1 + below(5));
      to.erase(to.begin() + axis);
      to.insert(to.begin() + axis, inner.begin(), inner.end());
      return node("Gather", 13, to, of, {a, index(inner, shape[axis])}, attr("axis", axis));
    }
    case 19: {
      if (rank == 0)
        return {};
      for (int64_t &size : to)
        size = 1 + below(size);
      return node("GatherElements", 13, to, of, {a, index(to, shape[axis])}, attr("axis", axis));
    }
    case 20: {
      if (rank == 0)
        return {};
      int64_t depth = 1 + below(rank), count = 1 + below(6), least = 100;
      for (int64_t i = 0; i < depth; ++i)
        least = std::min(least, shape[i]);
      to.assign({count});
      to.append(shape.begin() + depth, shape.end());
      return node("GatherND", 13, to, of, {a, index({count, depth}, least)});
    }
    case 21: {
      if (rank == 0)
        return {};
      int64_t depth = 1 + below(rank), count = 1 + below(4), least = 100;
      for (int64_t i = 0; i < depth; ++i)
        least = std::min(least, shape[i]);
      Shape updates = {count};
      updates.append(shape.begin() + depth, shape.end());
      auto type = RankedTensorType::get(updates, of);
      std::vector<double> numbers(type.getNumElements());
      for (double &number : numbers)
        number = double(below(2));
      return node("ScatterND", 18, shape, of,
                  {a, index({count, depth}, least), dense(type, numbers)});
    }
    case 22: {
      switch (below(4)) {
      case 0: {
        int64_t count = 1 + below(9), step = below(2) ? 1 : 3;
        Type number = below(2) ? Type(builder.getI64Type()) : Type(builder.getF32Type());
        auto scalar = RankedTensorType::get({}, number);
        return node("Range", 11, {count}, number,
                    {dense(scalar, {2}), dense(scalar, {double(2 + count * step)}),
                     dense(scalar, {double(step)})});
      }
      case 1:
        return node("ConstantOfShape", 9, {3, 4}, builder.getF32Type(),
                    nodes.integers(loc, {3, 4}));
      case 2:
        if (rank != 2 || of.isF16())
          return {};
        return node("EyeLike", 9, shape, of, a, attr("k", below(5) - 2));
      default: {
        Shape inner = {1 + below(4)};
        int64_t depth = 1 + below(5), at = below(2);
        Shape wide = at ? Shape{inner[0], depth} : Shape{depth, inner[0]};
        return node("OneHot", 11, wide, builder.getF32Type(),
                    {index(inner, depth), nodes.integers(loc, {depth}),
                     dense(RankedTensorType::get({2}, builder.getF32Type()), {0.5, 2})},
                    attr("axis", at));
      }
      }
    }
    default: {
      if (rank == 0)
        return {};
      for (int64_t &size : to)
        size = 1 + below(size);
      if (rank > 1 || to[axis] > 1)
        to[axis] = 1; // each place is written at most once
      auto type = RankedTensorType::get(to, of);
      std::vector<double> numbers(type.getNumElements(), 1);
      return node("ScatterElements", 18, shape, of,
                  {a, index(to, shape[axis]), dense(type, numbers)}, attr("axis", axis));
    }
    }
  }

  OpBuilder builder;
  NodeBuilder nodes;
  Location loc;
  std::mt19937 engine;
  SmallVector<Value> values;
};

struct MaskRowsTest : testing::Test {
  MaskRowsTest() {
    context.loadDialect<ZorroDialect, onnx::OnnxDialect, arith::ArithDialect, func::FuncDialect>();
  }
  MLIRContext context;
};

TEST_F(MaskRowsTest, RandomChains) {
  const char *wanted = std::getenv("ZORRO_RANDOM_CHAINS");
  int chains = wanted ? std::atoi(wanted) : 300;
  llvm::StringMap<int> readOf, declined;
  int64_t compared = 0;
  for (int seed = 0; seed < chains; ++seed) {
    Chain chain(context, seed);
    chain.grow(40);
    ASSERT_TRUE(succeeded(verify(*chain.module)));
    OwningOpRef<ModuleOp> folded = cast<ModuleOp>(chain.module->clone());
    PassManager passes(&context);
    passes.addPass(createFoldConstants());
    ASSERT_TRUE(succeeded(passes.run(*folded))) << "seed " << seed;
    Constants constants(*chain.module, "");
    MaskRows rows(constants);
    Operation *whole = (*folded->getOps<func::FuncOp>().begin()).getBody().front().getTerminator();
    Operation *lazy = chain.function.getBody().front().getTerminator();
    for (auto [value, expected] : llvm::zip(lazy->getOperands(), whole->getOperands())) {
      auto constant = expected.getDefiningOp<arith::ConstantOp>();
      if (!constant)
        continue; // the folder declines: a division by zero, say
      auto attr = cast<DenseElementsAttr>(constant.getValue());
      std::vector<double> numbers = toDoubles(attr);
      auto type = cast<RankedTensorType>(value.getType());
      auto node = value.getDefiningOp<onnx::NodeOp>();
      std::string name = node ? node.getOpType().str() : "constant";
      if (!rows.isKnown(value)) {
        ++declined[name];
        continue;
      }
      Shape strides(type.getRank(), 1);
      for (int64_t i = type.getRank(); i-- > 1;)
        strides[i - 1] = strides[i] * type.getDimSize(i);
      bool could = true;
      for (int64_t axis = type.getRank() ? 0 : -1; axis < type.getRank() && could; ++axis)
        for (int64_t first = 0; first < type.getNumElements() && could; ++first) {
          if (axis >= 0 && first / strides[axis] % type.getDimSize(axis) != 0)
            continue;
          Shape index;
          for (auto [size, stride] : llvm::zip(type.getShape(), strides))
            index.push_back(first / stride % size);
          RunsPtr row = rows.read(value, index, axis);
          could = row != nullptr;
          if (!could)
            break;
          ASSERT_EQ(row->size(), axis < 0 ? 1 : type.getDimSize(axis)) << name;
          for (int64_t i = 0; i < row->size(); ++i) {
            double is = row->at(i), should = numbers[first + (axis < 0 ? 0 : i * strides[axis])];
            ASSERT_TRUE(is == should || (std::isnan(is) && std::isnan(should)))
                << "seed " << seed << " " << name << " axis " << axis << " element " << i << ": "
                << is << " instead of " << should;
            // Along an axis that is said not to matter, nothing changes.
            if (axis >= 0 && !rows.getVarying(value)[axis])
              ASSERT_TRUE(is == row->at(0) || std::isnan(is)) << "seed " << seed << " " << name;
            ++compared;
          }
        }
      ++(could ? readOf : declined)[name];
    }
  }
  EXPECT_GT(compared, chains * 100);
  for (const char *name :
       {"Add", "Sub", "Mul", "Div", "Mod", "Min", "Max", "Equal", "Less", "LessOrEqual", "Greater",
        "GreaterOrEqual", "And", "Or", "Xor", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Where",
        "Cast", "Not", "IsNaN", "Neg", "Abs", "Unsqueeze", "Transpose", "Reshape", "Expand", "Tile",
        "Slice", "Concat", "Pad", "Trilu", "CumSum", "Gather", "GatherElements", "GatherND",
        "ScatterND", "ScatterElements", "Range", "ConstantOfShape", "EyeLike", "OneHot"}) {
    EXPECT_GT(readOf.lookup(name), chains / 100) << name << " is hardly read";
    EXPECT_LE(declined.lookup(name), readOf.lookup(name)) << name << " is mostly declined";
  }
}

} // namespace
