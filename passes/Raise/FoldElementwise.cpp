//===- FoldElementwise.cpp - Element-wise operators on constants --------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Arithmetic happens in the type of the elements: f32 rounds after every operation, halves compute
// in f32 and round once, integers wrap around.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/FoldTable.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;
using namespace zorro;
using namespace zorro::fold;

namespace {

// Integer arithmetic wraps; in C++ only unsigned types may.
template <typename T, typename F>
T wrapping(T a, T b, F f) {
  if constexpr (std::is_integral_v<T>)
    return T(f(uint64_t(a), uint64_t(b)));
  else
    return f(a, b);
}

//===-- Binary operators: each sets `ok` to false where the result is not defined -----------===//

struct Add {
  template <typename T>
  static T apply(T a, T b, bool &) {
    return wrapping(a, b, [](auto x, auto y) { return x + y; });
  }
};
struct Sub {
  template <typename T>
  static T apply(T a, T b, bool &) {
    return wrapping(a, b, [](auto x, auto y) { return x - y; });
  }
};
struct Mul {
  template <typename T>
  static T apply(T a, T b, bool &) {
    return wrapping(a, b, [](auto x, auto y) { return x * y; });
  }
};
struct Div {
  template <typename T>
  static T apply(T a, T b, bool &ok) {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0 || (std::is_signed_v<T> && a == std::numeric_limits<T>::min() && b == T(-1)))
        return ok = false, T(0);
    }
    return T(a / b);
  }
};
// Sign of the divisor, as in Python.
struct Mod {
  template <typename T>
  static T apply(T a, T b, bool &ok) {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0)
        return ok = false, T(0);
      if (std::is_signed_v<T> && b == T(-1))
        return T(0);
      T rest = T(a % b);
      return rest != 0 && ((rest < 0) != (b < 0)) ? T(rest + b) : rest;
    } else {
      return ok = false, T(0); // floats need fmod = 1
    }
  }
};
struct FMod {
  template <typename T>
  static T apply(T a, T b, bool &ok) {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0)
        return ok = false, T(0);
      return std::is_signed_v<T> && b == T(-1) ? T(0) : T(a % b);
    } else {
      return std::fmod(a, b);
    }
  }
};
struct Pow {
  template <typename T>
  static T apply(T a, T b, bool &ok) {
    if constexpr (std::is_integral_v<T>) {
      if (b < 0 || uint64_t(b) > 64)
        return ok = false, T(0);
      uint64_t result = 1;
      for (T i = 0; i < b; ++i)
        result *= uint64_t(a);
      return T(result);
    } else {
      return std::pow(a, b);
    }
  }
};
// NaN wins, as in ONNX Runtime and numpy.
struct Min {
  template <typename T>
  static T apply(T a, T b, bool &) {
    return a != a ? a : b != b ? b : (b < a ? b : a);
  }
};
struct Max {
  template <typename T>
  static T apply(T a, T b, bool &) {
    return a != a ? a : b != b ? b : (a < b ? b : a);
  }
};
struct And {
  template <typename T>
  static T apply(T a, T b, bool &ok) {
    if constexpr (std::is_integral_v<T>)
      return T(a & b);
    return ok = false, T(0);
  }
};
struct Or {
  template <typename T>
  static T apply(T a, T b, bool &ok) {
    if constexpr (std::is_integral_v<T>)
      return T(a | b);
    return ok = false, T(0);
  }
};
struct Xor {
  template <typename T>
  static T apply(T a, T b, bool &ok) {
    if constexpr (std::is_integral_v<T>)
      return T(a ^ b);
    return ok = false, T(0);
  }
};

// Comparisons give one byte.
struct Equal {
  template <typename T>
  static bool apply(T a, T b) {
    return a == b;
  }
};
struct Less {
  template <typename T>
  static bool apply(T a, T b) {
    return a < b;
  }
};
struct LessOrEqual {
  template <typename T>
  static bool apply(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  template <typename T>
  static bool apply(T a, T b) {
    return a > b;
  }
};
struct GreaterOrEqual {
  template <typename T>
  static bool apply(T a, T b) {
    return a >= b;
  }
};

//===-- Unary operators ---------------------------------------------------------------------===//

struct Neg {
  template <typename T>
  static T apply(T a, bool &) {
    if constexpr (std::is_integral_v<T>)
      return T(uint64_t(0) - uint64_t(a));
    else
      return -a;
  }
};
struct Abs {
  template <typename T>
  static T apply(T a, bool &ok) {
    if constexpr (std::is_floating_point_v<T>)
      return std::fabs(a);
    return a < 0 ? Neg::apply(a, ok) : a;
  }
};

#define FLOAT_UNARY(NAME, EXPRESSION)                                                              \
  struct NAME {                                                                                    \
    template <typename T>                                                                          \
    static T apply(T a, bool &ok) {                                                                \
      if constexpr (std::is_floating_point_v<T>)                                                   \
        return EXPRESSION;                                                                         \
      return ok = false, a;                                                                        \
    }                                                                                              \
  };
FLOAT_UNARY(Sqrt, std::sqrt(a))
FLOAT_UNARY(Exp, std::exp(a))
FLOAT_UNARY(Log, std::log(a))
FLOAT_UNARY(Floor, std::floor(a))
FLOAT_UNARY(Ceil, std::ceil(a))
FLOAT_UNARY(Reciprocal, T(1) / a)
#undef FLOAT_UNARY

//===-- Loops -------------------------------------------------------------------------------===//

// Old versions broadcast by an attribute; their meaning differs.
bool hasOldBroadcast(const FoldCall &call) {
  onnx::NodeOp op = call.op;
  return op.getNodeAttr("broadcast") || op.getNodeAttr("axis") || op.getNodeAttr("consumed_inputs");
}

std::optional<HostTensor> computable(const HostTensor &tensor) {
  return isHalf(tensor.element)
             ? convert(tensor, Float32Type::get(tensor.element.getContext()))
             : std::optional(tensor);
}

// Both operands in one shape and in a type that computes.
bool prepare(const FoldCall &call, unsigned i, unsigned j, HostTensor &a, HostTensor &b) {
  if (!call.has(i) || !call.has(j) || hasOldBroadcast(call))
    return false;
  auto shape = broadcastShapes(call.in(i).shape, call.in(j).shape);
  auto left = computable(call.in(i)), right = computable(call.in(j));
  if (!shape || !left || !right)
    return false;
  a = broadcastTo(*left, *shape);
  b = broadcastTo(*right, *shape);
  return true;
}

template <typename Op>
bool binaryOf(HostTensor &a, const HostTensor &b) {
  return a.element == b.element && dispatch(a.element, [&](auto tag) {
           using T = decltype(tag);
           bool ok = true;
           for (int64_t i = 0, e = a.count(); i < e && ok; ++i)
             a.data<T>()[i] = Op::apply(a.data<T>()[i], b.data<T>()[i], ok);
           return ok;
         });
}

bool give(HostTensor &&tensor, Type element, Results &results) {
  auto converted = convert(tensor, element);
  if (converted)
    results.push_back(std::move(*converted));
  return converted.has_value();
}

template <typename Op, bool kBools = false>
bool binary(const FoldCall &call, Results &results) {
  HostTensor a, b;
  return prepare(call, 0, 1, a, b) && isBool(a.element) == kBools && binaryOf<Op>(a, b) &&
         give(std::move(a), call.in(0).element, results);
}

// Any number of operands.
template <typename Op>
bool variadic(const FoldCall &call, Results &results) {
  if (!call.has(0) || hasOldBroadcast(call))
    return false;
  std::optional<HostTensor> sum = computable(call.in(0));
  for (unsigned i = 1; i < call.inputs.size(); ++i) {
    if (!sum || !call.has(i))
      return false;
    auto shape = broadcastShapes(sum->shape, call.in(i).shape);
    auto next = computable(call.in(i));
    if (!shape || !next)
      return false;
    sum = broadcastTo(*sum, *shape);
    if (!binaryOf<Op>(*sum, broadcastTo(*next, *shape)))
      return false;
  }
  return sum && give(std::move(*sum), call.in(0).element, results);
}

template <typename Op>
bool compare(const FoldCall &call, Results &results) {
  HostTensor a, b;
  if (!prepare(call, 0, 1, a, b) || a.element != b.element)
    return false;
  HostTensor result(IntegerType::get(a.element.getContext(), 1), a.shape);
  bool known = dispatch(a.element, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t i = 0, e = a.count(); i < e; ++i)
      result.bytes[i] = Op::apply(a.data<T>()[i], b.data<T>()[i]);
    return true;
  });
  results.push_back(std::move(result));
  return known;
}

template <typename Op>
bool unary(const FoldCall &call, Results &results) {
  if (!call.has(0) || isBool(call.in(0).element))
    return false;
  auto a = computable(call.in(0));
  return a &&
         dispatch(a->element,
                  [&](auto tag) {
                    using T = decltype(tag);
                    bool ok = true;
                    for (int64_t i = 0, e = a->count(); i < e && ok; ++i)
                      a->data<T>()[i] = Op::apply(a->data<T>()[i], ok);
                    return ok;
                  }) &&
         give(std::move(*a), call.in(0).element, results);
}

bool evaluateMod(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  return op.getInt("fmod", 0) ? binary<FMod>(call, results) : binary<Mod>(call, results);
}

// The exponent may have another type; the result has that of the base.
bool evaluatePow(const FoldCall &call, Results &results) {
  HostTensor a, b;
  if (!prepare(call, 0, 1, a, b) || isBool(a.element))
    return false;
  if (isa<IntegerType>(a.element) && isa<FloatType>(b.element)) {
    Type wide = Float64Type::get(a.element.getContext());
    a = *convert(a, wide);
    b = *convert(b, wide);
  }
  auto exponent = convert(b, a.element);
  return exponent && binaryOf<Pow>(a, *exponent) &&
         give(std::move(a), call.in(0).element, results);
}

bool evaluateNot(const FoldCall &call, Results &results) {
  if (!call.has(0) || !isBool(call.in(0).element))
    return false;
  HostTensor result = call.in(0);
  for (char &byte : result.bytes)
    byte = !byte;
  results.push_back(std::move(result));
  return true;
}

bool evaluateBitwiseNot(const FoldCall &call, Results &results) {
  if (!call.has(0) || !isa<IntegerType>(call.in(0).element) || isBool(call.in(0).element))
    return false;
  HostTensor result = call.in(0);
  for (char &byte : result.bytes)
    byte = char(~byte);
  results.push_back(std::move(result));
  return true;
}

template <typename Test>
bool classify(const FoldCall &call, Results &results, Test test) {
  auto a = call.has(0) ? computable(call.in(0)) : std::nullopt;
  if (!a || !isa<FloatType>(a->element))
    return false;
  HostTensor result(IntegerType::get(a->element.getContext(), 1), a->shape);
  bool known = dispatch(a->element, [&](auto tag) {
    using T = decltype(tag);
    for (int64_t i = 0, e = a->count(); i < e; ++i)
      result.bytes[i] = test(double(a->data<T>()[i]));
    return true;
  });
  results.push_back(std::move(result));
  return known;
}

bool evaluateIsNaN(const FoldCall &call, Results &results) {
  return classify(call, results, [](double x) { return std::isnan(x); });
}

bool evaluateIsInf(const FoldCall &call, Results &results) {
  onnx::NodeOp op = call.op;
  bool negative = op.getInt("detect_negative", 1), positive = op.getInt("detect_positive", 1);
  return classify(call, results,
                  [=](double x) { return std::isinf(x) && (x < 0 ? negative : positive); });
}

// Cast and CastLike: the schema has found the type already.
bool evaluateCast(const FoldCall &call, Results &results) {
  RankedTensorType type = call.resultType();
  return call.has(0) && type && give(HostTensor(call.in(0)), type.getElementType(), results);
}

bool evaluateWhere(const FoldCall &call, Results &results) {
  if (!call.has(0) || !call.has(1) || !call.has(2) || !isBool(call.in(0).element) ||
      call.in(1).element != call.in(2).element)
    return false;
  auto values = broadcastShapes(call.in(1).shape, call.in(2).shape);
  auto shape = values ? broadcastShapes(call.in(0).shape, *values) : std::nullopt;
  if (!shape)
    return false;
  HostTensor condition = broadcastTo(call.in(0), *shape);
  HostTensor result = broadcastTo(call.in(1), *shape), other = broadcastTo(call.in(2), *shape);
  for (int64_t i = 0, e = result.count(); i < e; ++i)
    if (!condition.bytes[i])
      std::memcpy(result.at(i), other.at(i), result.elementBytes());
  results.push_back(std::move(result));
  return true;
}

} // namespace

llvm::ArrayRef<FoldRow> fold::elementwiseRows() {
  static const FoldRow rows[] = {
      {"Add", binary<Add>},
      {"Sub", binary<Sub>},
      {"Mul", binary<Mul>},
      {"Div", binary<Div>},
      {"Mod", evaluateMod},
      {"Pow", evaluatePow},
      {"Min", variadic<Min>},
      {"Max", variadic<Max>},
      {"Sum", variadic<Add>},
      {"And", binary<And, true>},
      {"Or", binary<Or, true>},
      {"Xor", binary<Xor, true>},
      {"Not", evaluateNot},
      {"BitwiseAnd", binary<And>},
      {"BitwiseOr", binary<Or>},
      {"BitwiseXor", binary<Xor>},
      {"BitwiseNot", evaluateBitwiseNot},
      {"Equal", compare<Equal>},
      {"Less", compare<Less>},
      {"LessOrEqual", compare<LessOrEqual>},
      {"Greater", compare<Greater>},
      {"GreaterOrEqual", compare<GreaterOrEqual>},
      {"Neg", unary<Neg>},
      {"Abs", unary<Abs>},
      {"Sqrt", unary<Sqrt>},
      {"Exp", unary<Exp>},
      {"Log", unary<Log>},
      {"Floor", unary<Floor>},
      {"Ceil", unary<Ceil>},
      {"Reciprocal", unary<Reciprocal>},
      {"IsNaN", evaluateIsNaN},
      {"IsInf", evaluateIsInf},
      {"Cast", evaluateCast},
      {"CastLike", evaluateCast},
      {"Where", evaluateWhere},
  };
  return rows;
}
