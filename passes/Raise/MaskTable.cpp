//===- MaskTable.cpp - From what stands on scores to a block table ------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Takes down the steps; MaskReader carries them out.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskReader.h"

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

MaskTable::MaskTable(RankedTensorType scores, Constants &constants)
    : scores(scores), constants(constants) {}
MaskTable::~MaskTable() = default;

void MaskTable::add(Value addend, Type element, StringRef node) {
  steps.push_back({Step::Add, addend, true, 0, 0, 0, element, node.str()});
}

void MaskTable::subtract(Value subtrahend, Type element, StringRef node) {
  steps.push_back({Step::Subtract, subtrahend, true, 0, 0, 0, element, node.str()});
}

void MaskTable::select(Value condition, bool keep, double fill, Type element, StringRef node) {
  steps.push_back({Step::Select, condition, keep, fill, 0, 0, element, node.str()});
}

void MaskTable::scale(double factor, Type element, StringRef node) {
  steps.push_back({Step::Scale, {}, true, factor, 0, 0, element, node.str()});
}

void MaskTable::zeroWeights(Value condition, bool keep, bool multiplies, StringRef node) {
  steps.push_back({multiplies ? Step::Multiply : Step::Zero, condition, keep, 0, 0, 0,
                   scores.getElementType(), node.str()});
}

void MaskTable::attend(Value condition, StringRef node) {
  select(condition, true, -std::numeric_limits<double>::infinity(), scores.getElementType(), node);
}

void MaskTable::attendBand(int64_t low, int64_t high) {
  steps.push_back({Step::Band, {}, true, 0, low, high, scores.getElementType(), ""});
}

bool MaskTable::isTouched() const {
  return llvm::any_of(steps, [](const Step &step) { return step.kind != Step::Scale; });
}

FailureOr<MaskAttr> MaskTable::build(MLIRContext *context, NanRows nanRows, bool weakFills,
                                     SmallVectorImpl<std::string> &assumptions) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << scores << int(nanRows) << weakFills;
  for (const Step &step : steps)
    os << ';' << int(step.kind) << ' ' << step.value.getAsOpaquePointer() << ' ' << step.keep << ' '
       << llvm::format("%a", step.number) << ' ' << step.low << ' ' << step.high << ' '
       << step.element;
  std::shared_ptr<const MaskReading> &kept = constants.getReadings()[key];
  if (!kept)
    kept = MaskReader(steps, scores, constants, nanRows, weakFills).read(context);
  reading = kept;
  if (!reading->known) {
    reason = reading->reason;
    return failure();
  }
  assumptions.append(reading->assumptions);
  return reading->mask;
}

bool MaskTable::isBatched() const {
  return reading && !reading->kept.empty() &&
         llvm::any_of(reading->terms.get(),
                      [](const MaskTerm &term) { return term.batchAxis >= 0; });
}

Value MaskTable::makePadding(NodeBuilder &nodes, Location loc) const {
  return reading && !reading->kept.empty() ? reading->terms.makeKeep(nodes, loc, reading->kept)
                                           : Value();
}
