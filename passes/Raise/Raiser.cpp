//===- Raiser.cpp - Loops and constants of the zorro phase --------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One linalg.generic an operator; later passes join them.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/Raiser.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <numeric>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;
using onnx::NodeOp;

Raiser::Raiser(ModuleOp module, Constants &constants)
    : builder(module.getContext()), constants(constants), module(module) {
  for (auto weight : module.getOps<WeightOp>())
    weights.try_emplace(keyOf(weight, weight.getRecipeAttr()), weight);
}

int64_t zorro::raise::productOf(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<int64_t>());
}

SmallVector<int64_t> zorro::raise::identityPermutation(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

bool zorro::raise::isNarrowFloat(Type type) {
  return isa<FloatType>(type) && type.getIntOrFloatBitWidth() < 32;
}

TypedAttr zorro::raise::scalarAttr(Type type, double number) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, number);
  return IntegerAttr::get(type, int64_t(number));
}

Value zorro::raise::scalarConstant(OpBuilder &builder, Location loc, Type type, double number) {
  return arith::ConstantOp::create(builder, loc, scalarAttr(type, number));
}

LogicalResult Raiser::unsupported(NodeOp, const Twine &why) {
  reason = why.str();
  return failure();
}

LogicalResult Raiser::replace(NodeOp node, Value result) {
  if (result.getType() != node->getResult(0).getType())
    return unsupported(node, "with a result of an unexpected type");
  node->getResult(0).replaceAllUsesWith(result);
  return success();
}

//===----------------------------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------------------------===//

/// How an operand of `shape` is read by loops over `result`: right-aligned, axes of one at 0.
static AffineMap broadcastMap(ArrayRef<int64_t> shape, ArrayRef<int64_t> result,
                              MLIRContext *context) {
  SmallVector<AffineExpr> exprs;
  int64_t shift = result.size() - shape.size();
  for (auto [axis, size] : llvm::enumerate(shape))
    exprs.push_back(size == 1 && result[axis + shift] != 1
                        ? getAffineConstantExpr(0, context)
                        : getAffineDimExpr(axis + shift, context));
  return AffineMap::get(result.size(), 0, exprs, context);
}

static TypedAttr splatOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
  if (!dense || dense.empty() || !(dense.isSplat() || dense.getNumElements() == 1))
    return {};
  return cast<TypedAttr>(*dense.value_begin<Attribute>());
}

Value Raiser::map(RankedTensorType result, ValueRange inputs, ScalarBody body) {
  MLIRContext *context = builder.getContext();
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  SmallVector<TypedAttr> splats;
  SmallVector<unsigned> sources; // of each input: the operand that holds it
  bool allSplat = llvm::all_of(inputs, [](Value value) { return bool(splatOf(value)); });
  for (auto [i, input] : llvm::enumerate(inputs)) {
    TypedAttr splat = allSplat && i == 0 ? TypedAttr() : splatOf(input);
    splats.push_back(splat);
    auto known = llvm::find(operands, input);
    sources.push_back(known - operands.begin());
    if (splat || known != operands.end())
      continue;
    operands.push_back(input);
    maps.push_back(broadcastMap(cast<RankedTensorType>(input.getType()).getShape(),
                                result.getShape(), context));
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(result.getRank(), context));
  SmallVector<utils::IteratorType> iterators(result.getRank(), utils::IteratorType::parallel);
  Value empty =
      tensor::EmptyOp::create(builder, loc, result.getShape(), result.getElementType());
  auto generic = linalg::GenericOp::create(
      builder, loc, result, operands, empty, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        SmallVector<Value> scalars;
        for (auto [splat, source] : llvm::zip(splats, sources))
          scalars.push_back(splat ? arith::ConstantOp::create(b, l, splat) : args[source]);
        linalg::YieldOp::create(b, l, body(b, l, scalars));
      });
  return generic.getResult(0);
}

Value Raiser::convert(Value value, Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  Type from = type.getElementType();
  if (from == element)
    return value;
  unsigned width = from.getIntOrFloatBitWidth(), wanted = element.getIntOrFloatBitWidth();
  if (width == wanted) // f16 and bf16 have no common order
    return convert(convert(value, builder.getF32Type()), element);
  return map(type.clone(element), value, [&](OpBuilder &b, Location l, ValueRange args) -> Value {
    if (width < wanted)
      return arith::ExtFOp::create(b, l, element, args[0]);
    return arith::TruncFOp::create(b, l, element, args[0]);
  });
}

Value Raiser::reduce(Value value, ArrayRef<int64_t> axes, TypedAttr init, ScalarBody body) {
  auto type = cast<RankedTensorType>(value.getType());
  if (Type narrow = type.getElementType(); isNarrowFloat(narrow)) {
    TypedAttr start =
        scalarAttr(builder.getF32Type(), cast<FloatAttr>(init).getValueAsDouble());
    return convert(reduce(convert(value, builder.getF32Type()), axes, start, body), narrow);
  }
  SmallVector<utils::IteratorType> iterators;
  SmallVector<AffineExpr> kept;
  SmallVector<int64_t> shape;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    bool folds = llvm::is_contained(axes, axis);
    iterators.push_back(folds ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    if (folds)
      continue;
    kept.push_back(builder.getAffineDimExpr(axis));
    shape.push_back(type.getDimSize(axis));
  }
  Value empty = tensor::EmptyOp::create(builder, loc, shape, type.getElementType());
  Value start = arith::ConstantOp::create(builder, loc, init);
  Value filled = linalg::FillOp::create(builder, loc, start, empty).getResult(0);
  AffineMap maps[] = {builder.getMultiDimIdentityMap(type.getRank()),
                      AffineMap::get(type.getRank(), 0, kept, builder.getContext())};
  auto generic = linalg::GenericOp::create(
      builder, loc, filled.getType(), value, filled, maps, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        linalg::YieldOp::create(b, l, body(b, l, args));
      });
  return generic.getResult(0);
}

Value Raiser::sumOfProducts(RankedTensorType result, ValueRange inputs, ArrayRef<AffineMap> maps,
                            unsigned loops) {
  unsigned rank = result.getRank();
  Type element = result.getElementType();
  if (isNarrowFloat(element)) {
    Type wide = builder.getF32Type();
    SmallVector<Value> factors;
    for (Value input : inputs)
      factors.push_back(convert(input, wide));
    return convert(sumOfProducts(result.clone(wide), factors, maps, loops), element);
  }
  Value empty = tensor::EmptyOp::create(builder, loc, result.getShape(), element);
  Value zero = scalarConstant(builder, loc, element, 0);
  Value filled = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  SmallVector<AffineMap> all(maps);
  SmallVector<AffineExpr> kept;
  for (unsigned i = 0; i < rank; ++i)
    kept.push_back(builder.getAffineDimExpr(i));
  all.push_back(AffineMap::get(loops, 0, kept, builder.getContext()));
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  iterators.resize(loops, utils::IteratorType::reduction);
  auto generic = linalg::GenericOp::create(
      builder, loc, result, inputs, filled, all, iterators,
      [&](OpBuilder &b, Location l, ValueRange args) {
        bool isFloat = isa<FloatType>(element);
        Value product = args.front();
        for (Value factor : args.drop_front().drop_back())
          product = isFloat ? Value(arith::MulFOp::create(b, l, product, factor))
                            : Value(arith::MulIOp::create(b, l, product, factor));
        Value sum = isFloat ? Value(arith::AddFOp::create(b, l, args.back(), product))
                            : Value(arith::AddIOp::create(b, l, args.back(), product));
        linalg::YieldOp::create(b, l, sum);
      });
  return generic.getResult(0);
}

Value Raiser::contract(Value a, Value b) {
  auto type = cast<RankedTensorType>(a.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = cast<RankedTensorType>(b.getType()).getDimSize(1);
  auto op = ContractOp::create(builder, loc, type.clone(shape), a, asWeight(b), ValueRange());
  return op.getResult();
}

//===----------------------------------------------------------------------------------------===//
// Constants and weights
//===----------------------------------------------------------------------------------------===//

Value Raiser::constant(DenseElementsAttr attr) {
  return arith::ConstantOp::create(builder, loc, attr);
}

Value Raiser::constant(RankedTensorType type, double number) {
  return constant(
      DenseElementsAttr::get(type, Attribute(scalarAttr(type.getElementType(), number))));
}

Value Raiser::asWeight(Value value) {
  auto op = value.getDefiningOp<arith::ConstantOp>();
  if (!op)
    return value;
  auto attr = cast<DenseElementsAttr>(op.getValue());
  auto type = cast<RankedTensorType>(attr.getType());
  // The hash names bytes in a file; a constant is its own proof.
  OpBuilder at = OpBuilder::atBlockBegin(module.getBody());
  std::string name = "constant";
  if (auto named = dyn_cast<NameLoc>(op.getLoc()))
    name = named.getName().str();
  int64_t bytes = type.getNumElements() * bytesPerElement(type.getElementType());
  auto weight = WeightOp::create(at, op.getLoc(), name, type, "", 0, bytes, type, "",
                                 /*fills=*/false, attr, ArrayAttr());
  if (WeightOp known = weights.lookup(keyOf(weight, {}))) {
    weight.erase();
    weight = known;
  } else {
    constants.getSymbols().insert(weight);
    weights.insert({keyOf(weight, {}), weight});
  }
  return WeightRefOp::create(builder, loc, type, weight.getSymName());
}

Attribute Raiser::keyOf(WeightOp weight, ArrayAttr recipe) {
  Builder b(module.getContext());
  Attribute unit = b.getUnitAttr();
  return b.getArrayAttr({weight.getFileAttr(), weight.getOffsetAttr(), weight.getLengthAttr(),
                         weight.getStoredAttr(),
                         weight.getValueAttr() ? Attribute(weight.getValueAttr()) : unit,
                         recipe && !recipe.empty() ? Attribute(recipe) : unit});
}

WeightOp Raiser::findWeight(WeightOp like, ArrayAttr recipe, RankedTensorType type) {
  Attribute key = keyOf(like, recipe);
  if (WeightOp known = weights.lookup(key))
    return known;
  OpBuilder at(like->getContext());
  at.setInsertionPointAfter(like);
  auto weight = cast<WeightOp>(at.clone(*like));
  weight.setTypeAttr(TypeAttr::get(type));
  if (recipe && !recipe.empty())
    weight.setRecipeAttr(recipe);
  else
    weight.removeRecipeAttr();
  constants.getSymbols().insert(weight); // under a name of its own
  weights[key] = weight;
  return weight;
}

Value Raiser::derive(WeightRefOp ref, Attribute step, RankedTensorType type) {
  auto weight = constants.getSymbols().lookup<WeightOp>(ref.getWeight());
  SmallVector<Attribute> steps;
  if (weight.getRecipeAttr())
    steps.assign(weight.getRecipeAttr().begin(), weight.getRecipeAttr().end());
  MLIRContext *context = builder.getContext();
  Attribute previous = steps.empty() ? Attribute() : steps.back();
  if (isa<ReshapeStepAttr>(step) && isa_and_nonnull<ReshapeStepAttr>(previous)) {
    steps.back() = step;
  } else if (auto outer = dyn_cast<TransposeStepAttr>(step);
             outer && isa_and_nonnull<TransposeStepAttr>(previous)) {
    SmallVector<int64_t> perm;
    for (int64_t axis : outer.getPerm())
      perm.push_back(cast<TransposeStepAttr>(previous).getPerm()[axis]);
    steps.back() = TransposeStepAttr::get(context, perm);
    if (perm == identityPermutation(perm.size()))
      steps.pop_back();
  } else {
    steps.push_back(step);
  }
  if (steps.size() == 1 && isa<ReshapeStepAttr>(steps.front()) && type == weight.getStored())
    steps.clear();
  WeightOp derived = findWeight(weight, builder.getArrayAttr(steps), type);
  return WeightRefOp::create(builder, loc, type, derived.getSymName());
}
