//===- FoldConstants.cpp - Constants and shapes at compile time ---------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One walk in order: types of results first, as the constants known so far give them, then the node
// itself. What folds becomes an arith.constant at the top of @main; equal ones are one.
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Onnx/Import/ShapeInference.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Zorro/WeightFile.h"
#include "dialects/Zorro/Zorro.h"
#include "passes/Raise/FoldTable.h"
#include "passes/Raise/FusedOperators.h"
#include "passes/Raise/MaskRows.h"
#include "passes/Raise/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"

#include <map>

using namespace mlir;
using namespace zorro;
using namespace zorro::fold;
using zorro::onnx::NodeOp;

namespace zorro {
#define GEN_PASS_DEF_FOLDCONSTANTS
#include "passes/Raise/Passes.h.inc"
} // namespace zorro

// Results beyond this are left to run time; so are weights beyond it.
constexpr int64_t kMaxBytes = int64_t(64) << 20;
// Elements of a result; import has the same limit.
constexpr int64_t kMaxElements = int64_t(1) << 31;

// Of a module with nodes that were left because of their size.
constexpr StringLiteral kLeftAttr = "zorro.large_constants";

static std::optional<int64_t> bytesOf(RankedTensorType type) {
  int64_t bytes = bytesPerElement(type.getElementType());
  for (int64_t size : type.getShape())
    if (size < 0 || __builtin_mul_overflow(bytes, size, &bytes))
      return std::nullopt;
  return bytes;
}

static std::string describe(NodeOp op) {
  return "node '" + op.getNodeName() + "' (" + op.getOpType().str() + ")";
}

namespace {

class Folder {
public:
  Folder(func::FuncOp function, WeightReader &reader, int64_t keepAbove)
      : function(function), entry(function.getBody().front()), reader(reader),
        keepAbove(keepAbove), builder(function.getContext()) {
    // Constants that import made stand at the top; new ones go behind them.
    for (Operation &op : llvm::make_early_inc_range(entry)) {
      if (!isa<arith::ConstantOp, WeightRefOp>(op))
        break;
      last = &op;
      DenseElementsAttr attr;
      if (matchPattern(&op, m_Constant(&attr)))
        known.try_emplace(attr, op.getResult(0));
    }
  }

  LogicalResult fold(Block &block);
  /// Folds what was left because of its size, too.
  LogicalResult foldRest() {
    keepAbove = 0;
    values.clear();
    left.clear();
    return fold(entry);
  }
  int64_t getFolded() const { return folded; }
  /// Whether nodes were left because of their size.
  bool hasLeft() const { return !left.empty(); }
  bool isStatic();
  void dropDeadNodes();
  void updateSignature();
  LogicalResult checkStatic();

private:
  LogicalResult foldNode(NodeOp op, Operation *&next);
  LogicalResult inferTypes(NodeOp op);
  bool inlineBranch(NodeOp op, Operation *&next);
  bool expand(NodeOp op, Operation *&next);
  bool leave(NodeOp op);
  FailureOr<bool> evaluate(NodeOp op);
  FailureOr<const HostTensor *> valueOf(NodeOp op, Value value);
  DenseElementsAttr constantOf(Value value) {
    DenseElementsAttr attr;
    return value && matchPattern(value, m_Constant(&attr)) ? attr : DenseElementsAttr();
  }
  void replace(NodeOp op, unsigned result, DenseElementsAttr attr);

  func::FuncOp function;
  Block &entry;
  WeightReader &reader;
  int64_t keepAbove;
  OpBuilder builder;
  Operation *last = nullptr;
  llvm::DenseMap<Attribute, Value> known;
  llvm::DenseMap<Value, std::unique_ptr<HostTensor>> values; // unpacked constants
  llvm::DenseMap<Attribute, WeightRefOp> refs; // by symbol
  llvm::DenseSet<Value> left;                  // constant, but too large to be written out here
  std::map<std::string, NodeOp> leftNodes;     // by everything that makes them equal
  int64_t folded = 0;
};

void Folder::replace(NodeOp op, unsigned result, DenseElementsAttr attr) {
  Value &value = known[attr];
  if (!value) {
    if (last)
      builder.setInsertionPointAfter(last);
    else
      builder.setInsertionPointToStart(&entry);
    auto constant = arith::ConstantOp::create(builder, op.getLoc(), attr);
    last = constant;
    value = constant;
  }
  op->getResult(result).replaceAllUsesWith(value);
}

// Null where the value is not known, or is a weight that stays a weight: ordinary floats.
FailureOr<const HostTensor *> Folder::valueOf(NodeOp op, Value value) {
  auto cached = values.find(value);
  if (cached != values.end())
    return cached->second.get();
  std::unique_ptr<HostTensor> tensor;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  std::optional<int64_t> bytes = type && type.hasStaticShape() ? bytesOf(type) : std::nullopt;
  if (DenseElementsAttr attr = constantOf(value)) {
    if (bytes && *bytes <= kMaxBytes)
      tensor = std::make_unique<HostTensor>(attr);
  } else if (auto ref = value.getDefiningOp<WeightRefOp>()) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(ref, ref.getWeightAttr());
    // Integers and bools make shapes and masks; so do floats that hold fills.
    bool wanted = weight && (isa<IntegerType>(type.getElementType()) || weight.getFills());
    if (wanted && bytes && *bytes <= kMaxBytes) {
      llvm::Expected<DenseElementsAttr> attr = reader.readValue(weight);
      if (!attr)
        return ref.emitError() << "cannot read weight @" << weight.getSymName() << ": "
                               << llvm::toString(attr.takeError());
      tensor = std::make_unique<HostTensor>(*attr);
    }
  }
  return (values[value] = std::move(tensor)).get();
}

LogicalResult Folder::inferTypes(NodeOp op) {
  SmallVector<Type> types;
  std::string why;
  auto known = [&](unsigned i) { return constantOf(op.getInput(i)); };
  if (failed(onnx::inferResultTypes(op, known, types, why))) {
    bool complete = llvm::all_of(op.getInputs().getTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && tensor.hasStaticShape();
    });
    if (complete)
      return op.emitError() << "unsupported: " << describe(op) << ": " << why;
    return success();
  }
  for (auto [result, type] : llvm::zip(op->getResults(), types)) {
    auto inferred = dyn_cast<RankedTensorType>(type);
    auto old = dyn_cast<RankedTensorType>(result.getType());
    if (!inferred)
      continue;
    // What the file declares fills in what the schema does not find.
    if (old && old.getRank() == inferred.getRank() &&
        old.getElementType() == inferred.getElementType()) {
      SmallVector<int64_t> shape(inferred.getShape());
      for (auto [size, declared] : llvm::zip(shape, old.getShape()))
        if (ShapedType::isDynamic(size))
          size = declared;
      inferred = RankedTensorType::get(shape, inferred.getElementType());
    }
    std::optional<int64_t> bytes = inferred.hasStaticShape() ? bytesOf(inferred) : 0;
    if (!bytes || *bytes / bytesPerElement(inferred.getElementType()) > kMaxElements)
      return op.emitError() << "limit: " << describe(op) << ": its result " << inferred
                            << " has more than " << kMaxElements << " elements";
    result.setType(inferred);
  }
  return success();
}

// An If whose condition is known is the branch that it takes.
bool Folder::inlineBranch(NodeOp op, Operation *&next) {
  DenseElementsAttr condition = op.is("If") ? constantOf(op.getInput(0)) : DenseElementsAttr();
  if (!condition || condition.getNumElements() != 1 ||
      !condition.getElementType().isInteger(1) || !op.getGraphNames())
    return false;
  StringRef taken = *condition.getValues<bool>().begin() ? "then_branch" : "else_branch";
  for (auto [name, region] : llvm::zip(*op.getGraphNames(), op.getGraphs())) {
    if (cast<StringAttr>(name).getValue() != taken || !region.hasOneBlock())
      continue;
    Block &body = region.front();
    Operation *yield = &body.back();
    if (body.getNumArguments() != 0 || yield->getNumOperands() != op->getNumResults())
      return false;
    op->replaceAllUsesWith(yield->getOperands());
    yield->erase();
    next = body.empty() ? op->getNextNode() : &body.front();
    op->getBlock()->getOperations().splice(op->getIterator(), body.getOperations());
    op.erase();
    return true;
  }
  return false;
}

// An operator that was fused becomes what it was fused from; where it cannot, raising says why.
bool Folder::expand(NodeOp op, Operation *&next) {
  Operation *before = op->getPrevNode();
  std::string reason;
  if (!raise::findFusedRow(op) || !raise::expandFused(builder, op, reason))
    return false;
  next = before ? before->getNextNode() : &op->getBlock()->front();
  if (next == op)
    next = op->getNextNode();
  op.erase();
  return true;
}

// A node of constants that is read row by row stays, once: masks are as large as that.
bool Folder::leave(NodeOp op) {
  if (keepAbove <= 0 || !raise::MaskRows::reads(op))
    return false;
  bool large = llvm::any_of(op->getResultTypes(), [&](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getNumElements() > keepAbove;
  });
  bool behind = llvm::any_of(op.getInputs(), [&](Value input) { return left.contains(input); });
  bool constant = llvm::all_of(op.getInputs(), [&](Value input) {
    if (auto ref = input.getDefiningOp<WeightRefOp>()) {
      // As in valueOf: other floats are weights, and no masks.
      auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(ref, ref.getWeightAttr());
      return weight && (isa<IntegerType>(getElementTypeOrSelf(input)) || weight.getFills());
    }
    return left.contains(input) || isa_and_nonnull<arith::ConstantOp>(input.getDefiningOp());
  });
  if (!constant || (!large && !behind))
    return false;
  std::string key;
  llvm::raw_string_ostream os(key);
  os << op.getOpType() << op.getSinceVersion() << op.getAttrs();
  if (op.getPresentAttr())
    os << op.getPresentAttr();
  for (Value input : op.getInputs())
    os << ' ' << input.getAsOpaquePointer();
  for (Type type : op->getResultTypes())
    os << type;
  NodeOp &first = leftNodes[key];
  if (first && first != op && first->getBlock() == op->getBlock()) {
    op->replaceAllUsesWith(first);
    op.erase();
    return true;
  }
  first = op;
  left.insert(op->result_begin(), op->result_end());
  return true;
}

FailureOr<bool> Folder::evaluate(NodeOp op) {
  // A shape needs no values, only types.
  if (op.is("Shape") || op.is("Size")) {
    Value input = op.getInput(0);
    auto type = input ? dyn_cast<RankedTensorType>(input.getType()) : RankedTensorType();
    if (!type || !type.hasStaticShape())
      return false;
    Type i64 = builder.getI64Type();
    if (op.is("Size")) {
      replace(op, 0, DenseElementsAttr::get(RankedTensorType::get({}, i64), type.getNumElements()));
      return true;
    }
    int64_t rank = type.getRank();
    auto clamp = [&](int64_t at) {
      return std::clamp<int64_t>(at < 0 ? std::max(at, -rank) + rank : at, 0, rank);
    };
    int64_t start = clamp(op.getInt("start", 0)), end = clamp(op.getInt("end", rank));
    ArrayRef<int64_t> dims = type.getShape().slice(start, std::max<int64_t>(end - start, 0));
    replace(op, 0, DenseElementsAttr::get(
                       RankedTensorType::get({int64_t(dims.size())}, i64), dims));
    return true;
  }
  Evaluator evaluator = findEvaluator(op);
  if (!evaluator)
    return false;
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    std::optional<int64_t> bytes =
        tensor && tensor.hasStaticShape() ? bytesOf(tensor) : std::nullopt;
    if (!op.is("NonZero") && (!bytes || *bytes > kMaxBytes))
      return false;
  }
  SmallVector<const HostTensor *> inputs;
  for (unsigned i = 0; i < op.getInputCount(); ++i) {
    Value value = op.getInput(i);
    if (!value || op.is("EyeLike")) { // of which only the shape matters
      inputs.push_back(nullptr);
      continue;
    }
    FailureOr<const HostTensor *> tensor = valueOf(op, value);
    if (failed(tensor))
      return failure();
    if (!*tensor)
      return false;
    inputs.push_back(*tensor);
  }
  SmallVector<HostTensor> results;
  if (!evaluator({op, inputs}, results) || results.size() != op->getNumResults())
    return false;
  // A type that was known must come out; else the evaluator and the schema disagree.
  for (auto [result, tensor] : llvm::zip(op->getResults(), results)) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (type && (type.getElementType() != tensor.element ||
                 failed(verifyCompatibleShape(type.getShape(), tensor.shape))))
      return false;
  }
  for (auto [i, tensor] : llvm::enumerate(results))
    replace(op, unsigned(i), tensor.toAttr());
  return true;
}

LogicalResult Folder::foldNode(NodeOp op, Operation *&next) {
  if (inlineBranch(op, next) || expand(op, next))
    return success();
  for (Region &region : op.getGraphs())
    for (Block &block : region)
      if (failed(fold(block)))
        return failure();
  if (failed(inferTypes(op)))
    return failure();
  if (op.is("Identity") && op.getInput(0)) {
    op->getResult(0).replaceAllUsesWith(op.getInput(0));
    op.erase();
    return success();
  }
  if (leave(op))
    return success();
  FailureOr<bool> done = evaluate(op);
  if (failed(done))
    return failure();
  if (*done) {
    ++folded;
    op.erase();
  }
  return success();
}

LogicalResult Folder::fold(Block &block) {
  for (Operation *op = block.empty() ? nullptr : &block.front(), *next; op; op = next) {
    next = op->getNextNode();
    DenseElementsAttr attr;
    if (auto node = dyn_cast<NodeOp>(op)) {
      if (failed(foldNode(node, next)))
        return failure();
    } else if (matchPattern(op, m_Constant(&attr))) {
      // Exporters write the same mask once per layer.
      Value first = known.lookup(attr);
      if (first && first != op->getResult(0)) {
        op->getResult(0).replaceAllUsesWith(first);
        if (last == op)
          last = op->getPrevNode();
        op->erase();
      }
    } else if (auto ref = dyn_cast<WeightRefOp>(op); ref && &block == &entry) {
      WeightRefOp &first = refs[ref.getWeightAttr().getAttr()];
      if (first && first != ref) {
        ref.getResult().replaceAllUsesWith(first.getResult());
        if (last == op)
          last = op->getPrevNode();
        op->erase();
      } else {
        first = ref;
      }
    }
  }
  return success();
}

bool Folder::isStatic() {
  return !function
              .walk([&](NodeOp op) {
                bool open = llvm::any_of(op->getResultTypes(), [](Type type) {
                  auto tensor = dyn_cast<RankedTensorType>(type);
                  return tensor && !tensor.hasStaticShape();
                });
                return open ? WalkResult::interrupt() : WalkResult::advance();
              })
              .wasInterrupted();
}

void Folder::dropDeadNodes() {
  values.clear();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry)))
    if (isa<NodeOp, arith::ConstantOp, WeightRefOp>(op) && op.use_empty())
      op.erase();
}

void Folder::updateSignature() {
  function.setFunctionType(FunctionType::get(function.getContext(), entry.getArgumentTypes(),
                                             entry.getTerminator()->getOperandTypes()));
}

LogicalResult Folder::checkStatic() {
  // First what the user can do something about.
  std::string unbound;
  for (auto [i, argument] : llvm::enumerate(entry.getArguments())) {
    auto dims = function.getArgAttrOfType<ArrayAttr>(unsigned(i), onnx::kDimsAttr);
    auto name = function.getArgAttrOfType<StringAttr>(unsigned(i), kNameAttr);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.hasStaticShape() || !dims || !name || int64_t(dims.size()) != type.getRank())
      continue;
    unbound += (unbound.empty() ? "--shape=" : " --shape=") + name.str() + "=";
    for (auto [axis, dim] : llvm::enumerate(dims)) {
      auto text = dyn_cast<StringAttr>(dim);
      unbound += (axis ? "x" : "") +
                 (text ? "<" + text.str() + ">"
                       : std::to_string(cast<IntegerAttr>(dim).getInt()));
    }
  }
  WalkResult result = function.walk<WalkOrder::PreOrder>([&](NodeOp op) {
    // An unknown operator is reported with all others when the graph is raised.
    auto isKnown = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return (tensor && tensor.hasStaticShape()) || isa<NoneType>(type);
    };
    if (op.getSinceVersion() == 0 || llvm::all_of(op->getResultTypes(), isKnown) ||
        (unbound.empty() && !llvm::all_of(op->getOperandTypes(), isKnown)))
      return WalkResult::advance();
    auto open = llvm::find_if_not(op->getResultTypes(), isKnown);
    auto type = dyn_cast<RankedTensorType>(*open);
    if (!type && unbound.empty())
      return WalkResult::advance(); // not a tensor: not supported, and reported as such
    InFlightDiagnostic diag = op.emitError()
                              << (unbound.empty() ? "unsupported: " : "usage: ") << describe(op)
                              << ": ";
    if (type)
      diag << "axis " << std::distance(type.getShape().begin(),
                                       llvm::find_if(type.getShape(), ShapedType::isDynamic))
           << " of its result is not known at compile time";
    else
      diag << "the shape of its result is not known at compile time";
    if (!unbound.empty())
      diag << "; bind the input's axes with " << unbound;
    return WalkResult::interrupt();
  });
  return success(!result.wasInterrupted());
}

/// Makes one of weights that mean the same: exporters write a mask once per layer.
static void shareWeights(ModuleOp module) {
  llvm::DenseMap<Attribute, Attribute> first; // by what tells a weight's value; of symbols
  llvm::DenseMap<Attribute, StringAttr> shared;
  MLIRContext *context = module.getContext();
  for (auto weight : module.getOps<WeightOp>()) {
    if (weight.getFile().empty())
      continue; // its bytes stand beside it, and may have been hashed or not
    Attribute parts[] = {weight.getHashAttr(), weight.getTypeAttr(), weight.getStoredAttr(),
                         weight.getLengthAttr(),
                         weight.getRecipeAttr() ? weight.getRecipeAttr()
                                                : ArrayAttr::get(context, {})};
    auto [found, isNew] =
        first.try_emplace(ArrayAttr::get(context, parts), weight.getSymNameAttr());
    if (!isNew)
      shared[weight.getSymNameAttr()] = cast<StringAttr>(found->second);
  }
  if (shared.empty())
    return;
  module.walk([&](WeightRefOp ref) {
    if (StringAttr name = shared.lookup(ref.getWeightAttr().getAttr()))
      ref.setWeightAttr(FlatSymbolRefAttr::get(name));
  });
}

struct FoldConstantsPass : zorro::impl::FoldConstantsBase<FoldConstantsPass> {
  using FoldConstantsBase::FoldConstantsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    // A second run is only for what a first one left.
    if (rest && !module->hasAttr(kLeftAttr))
      return;
    module->removeAttr(kLeftAttr);
    shareWeights(module);
    WeightReader reader(folder);
    for (auto function : module.getOps<func::FuncOp>()) {
      if (function.isExternal())
        continue;
      Folder folder(function, reader, keepAbove);
      if (failed(folder.fold(function.getBody().front())))
        return signalPassFailure();
      // A shape may depend on the numbers of what was left.
      if (folder.hasLeft() && !folder.isStatic() && failed(folder.foldRest()))
        return signalPassFailure();
      numFolded += folder.getFolded();
      folder.dropDeadNodes();
      if (folder.hasLeft())
        module->setAttr(kLeftAttr, UnitAttr::get(&getContext()));
      folder.updateSignature();
      if (requireStatic && failed(folder.checkStatic()))
        return signalPassFailure();
    }
    // Weights that nothing reads any more would be written out for nothing.
    llvm::DenseSet<Attribute> used;
    module.walk([&](WeightRefOp ref) { used.insert(ref.getWeightAttr().getAttr()); });
    for (auto weight : llvm::make_early_inc_range(module.getOps<WeightOp>()))
      if (!used.contains(weight.getSymNameAttr()))
        weight.erase();
  }
};

} // namespace
