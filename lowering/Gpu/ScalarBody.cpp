//===- ScalarBody.cpp - Epilogues of products on scalars ----------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Gpu/ScalarBody.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace zorro;

/// erf(z) = z·p(2 (z / kErfEnd)² - 1) for |z| <= kErfEnd, where it is 1 within an f32's rounding:
/// least largest error 1.7e-6. The shifted argument keeps the terms small, so that they round well.
static constexpr double kErfEnd = 3.9;
static constexpr double kErf[] = {0.362583792,   -0.181003425, 0.134702991,   -0.10976388,
                                  0.0905720419,  -0.0718346855, 0.0579362331, -0.0498098761,
                                  0.0306438097,  -0.00776154941, 0.00902424833, -0.0158049331,
                                  0.00692589855};

static Value mulf(DeviceEmitter &e, Value a, Value b) { return arith::MulFOp::create(e, a, b); }
static Value fma(DeviceEmitter &e, Value a, Value b, Value c) {
  return math::FmaOp::create(e, a, b, c);
}

Value zorro::emitErf(DeviceEmitter &e, Value x) {
  Value z = arith::MaximumFOp::create(e, x, e.real(-kErfEnd));
  z = arith::MinimumFOp::create(e, z, e.real(kErfEnd));
  Value u = fma(e, mulf(e, z, z), e.real(2 / (kErfEnd * kErfEnd)), e.real(-1));
  Value p = e.real(kErf[std::size(kErf) - 1]);
  for (double c : llvm::reverse(llvm::ArrayRef(kErf).drop_back()))
    p = fma(e, p, u, e.real(c));
  return mulf(e, z, p);
}

static Value emitGelu(DeviceEmitter &e, GeluOp gelu, Value x) {
  if (gelu.getKind() == GeluKind::Erf) {
    Value half = mulf(e, x, e.real(0.5));
    return fma(e, half, emitErf(e, mulf(e, x, e.real(0.70710678118654752440))), half);
  }
  // (1 + tanh u) / 2 = 1 / (1 + e^(-2u)), with 2^(-2u log2 e): no sum loses digits.
  constexpr double scale = -2 * 0.79788456080286535588 * 1.44269504088896340736;
  Value square = mulf(e, x, x);
  Value slope = fma(e, square, e.real(scale * 0.044715), e.real(scale));
  Value power = e.assembly(e.f32, "ex2.approx.ftz.f32 $0, $1;", "=f,f", mulf(e, x, slope),
                           /*effects=*/false);
  Value sum = arith::AddFOp::create(e, power, e.real(1));
  Value inverse = e.assembly(e.f32, "rcp.approx.ftz.f32 $0, $1;", "=f,f", sum, /*effects=*/false);
  return mulf(e, x, inverse);
}

Value zorro::emitScalarBody(DeviceEmitter &e, Block &body, ValueRange arguments) {
  IRMapping map;
  map.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator()) {
    if (auto gelu = dyn_cast<GeluOp>(op); gelu && gelu.getType().isF32())
      map.map(gelu.getResult(), emitGelu(e, gelu, map.lookup(gelu.getOperand())));
    else if (auto erf = dyn_cast<math::ErfOp>(op); erf && erf.getType().isF32())
      map.map(erf.getResult(), emitErf(e, map.lookup(erf.getOperand())));
    else
      e.clone(op, map);
  }
  return map.lookup(body.getTerminator()->getOperand(0));
}
