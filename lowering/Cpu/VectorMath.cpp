//===- VectorMath.cpp - Functions on registers -------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Cpu/VectorMath.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

using namespace mlir;
using namespace zorro;

//===----------------------------------------------------------------------------------------===//
// Exponentials
//===----------------------------------------------------------------------------------------===//

/// 2^f on [-1/2, 1/2] as 1 + f·g(f), g interpolated at Chebyshev nodes: relative errors 2.1e-7 and
/// 5.1e-9 before rounding.
static const double kExp2Fast[] = {1.0,          0.6931471806,  0.2402234904,
                                   0.05550381014, 0.009666368515, 0.001338130254};
static const double kExp2[] = {1.0,           0.6931471880,   0.2402265076,  0.05550357114,
                               0.009618082557, 0.001339086336, 0.0001545316294};

/// Adding this rounds to an integer n and leaves n + 127, the exponent of 2^n, in the low bits.
static constexpr double kMagic = 12582912.0 + 127.0;

/// 2^(n + f), where `biased` = n + kMagic; zero unless `live`.
static Value emitScaled(Emitter &e, ArrayRef<double> coefficients, Value biased, Value f,
                        Value tooSmall) {
  Value p = e.splat(coefficients.back());
  for (double c : llvm::reverse(coefficients.drop_back()))
    p = e.fma(p, f, e.splat(c));
  Value bits = e.bitcast(biased, e.vec(e.getI32Type()));
  Value power = e.bitcast(arith::ShLIOp::create(e, bits, e.splatBits(23)), e.vec());
  // A product, not a sum of exponents: whatever the bits of a NaN are, it stays one.
  return e.select(tooSmall, e.splat(0.0), e.mulf(p, power));
}

Value zorro::emitExp2(Emitter &e, Value x) {
  Value magic = e.splat(kMagic);
  Value biased = e.addf(x, magic);
  Value f = e.subf(x, e.subf(biased, magic));
  Value tooSmall = e.cmpf(arith::CmpFPredicate::OLT, x, e.splat(-126.0));
  return emitScaled(e, kExp2Fast, biased, f, tooSmall);
}

Value zorro::emitExp(Emitter &e, Value x) {
  // x·log2(e) in two parts: the error of a rounded product would grow with |x|.
  Value high = e.splat(1.44269502162933349609), low = e.splat(1.92596299112661746887e-8);
  Value magic = e.splat(kMagic);
  Value biased = e.fma(x, high, magic);
  Value f = e.fma(x, low, e.fma(x, high, e.subf(magic, biased)));
  Value tooSmall = e.cmpf(arith::CmpFPredicate::OLT, x, e.splat(-87.3));
  return emitScaled(e, kExp2, biased, f, tooSmall);
}

//===----------------------------------------------------------------------------------------===//
// Transposes
//===----------------------------------------------------------------------------------------===//

void zorro::emitTranspose(Emitter &e, MutableArrayRef<Value> rows) {
  int64_t lanes = e.lanes;
  for (int64_t step = lanes / 2; step >= 1; step /= 2) {
    SmallVector<int64_t> low(lanes), high(lanes);
    for (int64_t j = 0; j < lanes; ++j) {
      low[j] = j & step ? lanes + j - step : j;
      high[j] = j & step ? lanes + j : j + step;
    }
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & step)
        continue;
      Value a = rows[i], b = rows[i + step];
      rows[i] = e.shuffle(a, b, low);
      rows[i + step] = e.shuffle(a, b, high);
    }
  }
}

//===----------------------------------------------------------------------------------------===//
// Library functions
//===----------------------------------------------------------------------------------------===//

namespace {
/// exp of f64, which upstream approximates for f32 only: x = n·ln 2 + r with |r| <= ln 2 / 2, the
/// series of exp(r) to r^13 (what follows is below 5e-18), and 2^n in two factors, so that results
/// near zero lose bits and not their exponent.
struct ExpandExp64 : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op, PatternRewriter &b) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF64())
      return b.notifyMatchFailure(op, "not f64");
    Location loc = op.getLoc();
    Type integers = b.getI64Type();
    if (auto vector = dyn_cast<VectorType>(type))
      integers = vector.clone(integers);
    auto constant = [&](TypedAttr scalar, Type of) -> Value {
      if (auto vector = dyn_cast<VectorType>(of))
        scalar = DenseElementsAttr::get(vector, Attribute(scalar));
      return arith::ConstantOp::create(b, loc, scalar);
    };
    auto number = [&](double x) { return constant(b.getF64FloatAttr(x), type); };
    auto integer = [&](int64_t x) { return constant(b.getI64IntegerAttr(x), integers); };
    auto choose = [&](arith::CmpFPredicate predicate, Value bound, Value yes, Value no) -> Value {
      Value holds = arith::CmpFOp::create(b, loc, predicate, op.getOperand(), bound);
      return arith::SelectOp::create(b, loc, holds, yes, no);
    };

    // Within these bounds the integers below fit; a NaN becomes a bound here, returns at the end.
    Value x = arith::MaxNumFOp::create(b, loc, op.getOperand(), number(-746.0));
    x = arith::MinNumFOp::create(b, loc, x, number(710.0));
    Value n = arith::MulFOp::create(b, loc, x, number(1.4426950408889634074));
    n = math::RoundEvenOp::create(b, loc, n);
    Value back = arith::NegFOp::create(b, loc, n);
    Value r = math::FmaOp::create(b, loc, back, number(6.93147180369123816490e-01), x);
    r = math::FmaOp::create(b, loc, back, number(1.90821492927058770002e-10), r);
    constexpr int degree = 13;
    double factorial = 6227020800.0; // 13!
    Value p = number(1.0 / factorial);
    for (int k = degree; k > 0; --k) {
      factorial /= k;
      p = math::FmaOp::create(b, loc, p, r, number(1.0 / factorial));
    }
    Value whole = arith::FPToSIOp::create(b, loc, integers, n);
    Value half = arith::ShRSIOp::create(b, loc, whole, integer(1));
    for (Value part : {half, Value(arith::SubIOp::create(b, loc, whole, half))}) {
      Value biased = arith::AddIOp::create(b, loc, part, integer(1023));
      Value bits = arith::ShLIOp::create(b, loc, biased, integer(52));
      p = arith::MulFOp::create(b, loc, p, arith::BitcastOp::create(b, loc, type, bits));
    }
    p = choose(arith::CmpFPredicate::OGT, number(709.782712893384), number(INFINITY), p);
    p = choose(arith::CmpFPredicate::OLT, number(-745.2), number(0.0), p);
    b.replaceOp(op, choose(arith::CmpFPredicate::UNO, op.getOperand(), op.getOperand(), p));
    return success();
  }
};
} // namespace

LogicalResult zorro::expandMath(Operation *op, bool bf16) {
  MLIRContext *context = op->getContext();
  // First everything in terms of exp, log and the like, then those in terms of arithmetic.
  RewritePatternSet first(context), second(context);
  math::populateExpansionPatterns(
      first, {"powf", "fpowi", "exp2", "sinh", "cosh", "tan", "asinh", "acosh", "atanh", "rsqrt"});
  populateMathPolynomialApproximationPatterns(second);
  second.add<ExpandExp64>(context);
  if (bf16)
    arith::populateExpandBFloat16Patterns(second);
  GreedyRewriteConfig config;
  config.enableFolding(false);
  if (failed(applyPatternsGreedily(op, std::move(first), config)))
    return op->emitError() << "expected math operations to expand";
  config.enableFolding(true);
  if (failed(applyPatternsGreedily(op, std::move(second), config)))
    return op->emitError() << "expected math operations to expand";
  return success();
}
