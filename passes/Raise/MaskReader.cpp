//===- MaskReader.cpp - Reads the rows of a mask ------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The rules for fills: -inf and anything at or below -1e30 drops a key; down to -65000 (f16's
// lowest number and its neighbours) a fill drops it under a stated assumption; weaker ones do so
// only when asked.
//
//===----------------------------------------------------------------------------------------===//

#include "passes/Raise/MaskReader.h"

#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace zorro;
using namespace zorro::raise;

constexpr double kDrops = -1e30, kDropsAssumed = -65000, kDropsWeakly = -1000;
/// An added fill at or below this absorbs a live score, to the bit.
constexpr double kAbsorbs = -1e37;
/// Indices of batch and heads whose rows are compared.
constexpr int64_t kMaxLeading = 1 << 16;

static std::string show(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", number);
  return text;
}

static double rounded(double number, Type element) {
  if (auto type = NumberType::of(element))
    type->round(number);
  return number;
}

MaskReader::MaskReader(const std::vector<MaskTable::Step> &steps, RankedTensorType type,
                       Constants &constants, NanRows nanRows, bool weakFills)
    : steps(steps), scores(type.getShape()), queries(scores[scores.size() - 2]),
      keys(scores.back()), rows(constants.getRows()), nanRows(nanRows), weakFills(weakFills),
      liveRows(constants.getSymbols().getOp()->hasAttr(kAssumeLiveRowsAttr)),
      strongest(-std::numeric_limits<double>::infinity()) {}

bool MaskReader::refuse(const Twine &why) {
  if (reading->reason.empty())
    reading->reason = why.str();
  return false;
}

std::shared_ptr<const MaskReading> MaskReader::read(MLIRContext *context) {
  reading = std::make_shared<MaskReading>(MaskTerms(rows, scores));
  rows.unbind();
  if (!fits())
    return reading;
  for (const MaskTable::Step &step : steps)
    if (step.value && !reading->terms.find(step.value)) {
      refuse("node '" + step.node + "': " + reading->terms.getReason());
      return reading;
    }
  if (!reading->terms.get().empty())
    reading->kept.assign(reading->terms.countChoices(), std::vector<uint8_t>(keys, 2));
  if (!findLeading())
    return reading;
  MaskSegments segments(queries, keys);
  for (int64_t query = 0; query < queries; ++query)
    if (!readQuery(query, segments))
      return reading;
  // Where every choice keeps all, there is no padding.
  if (llvm::none_of(reading->kept, [](const auto &row) { return llvm::is_contained(row, 0); }))
    reading->kept.clear();
  MaskAttr mask = segments.build(context, empty.value_or(EmptyRow::Nan));
  rows.unbind();
  if (!mask) {
    refuse(segments.getReason());
    return reading;
  }
  bool hasBand = llvm::any_of(mask.getEntries(), [](EntryAttr entry) { return entry.isBand(); });
  if (mayBeEmpty && !liveRows && hasBand && empty == EmptyRow::Uniform) {
    refuse("it has a band, and padding may leave a query the mean of all values; "
           "--assume-live-rows promises that every query keeps a key");
    return reading;
  }
  reading->known = true;
  if (!mask.isFull() || !reading->kept.empty())
    reading->mask = mask;
  reading->assumptions.append(reading->terms.getAssumptions().begin(),
                              reading->terms.getAssumptions().end());
  if (!std::isinf(strongest))
    reading->assumptions.push_back("live scores exceed the fill " + show(strongest) +
                                   " so far that a masked key's weight is zero");
  return reading;
}

/// Whether values broadcast to the scores, and signs stay.
bool MaskReader::fits() {
  bool masked = false;
  for (const MaskTable::Step &step : steps) {
    if (step.kind == MaskTable::Step::Scale && step.number < 0 && masked)
      return refuse("node '" + step.node + "' turns the mask's sign");
    if (step.kind == MaskTable::Step::Select && !(step.number < 0))
      return refuse("node '" + step.node + "': the mask's fill is " + show(step.number));
    masked |= step.kind != MaskTable::Step::Scale;
    if (!step.value)
      continue;
    RankedTensorType type = staticType(step.value);
    if (!type)
      return refuse("node '" + step.node + "': its mask's shape is not static");
    int64_t rank = type.getRank(), lead = int64_t(scores.size()) - rank;
    bool broadcasts = lead >= 0;
    for (int64_t i = 0; i < rank && broadcasts; ++i)
      broadcasts = type.getDimSize(i) == 1 || type.getDimSize(i) == scores[i + lead];
    if (!broadcasts)
      return refuse("node '" + step.node + "': the mask is " +
                    Twine(rank > 1 ? type.getDimSize(rank - 2) : 1) + " x " +
                    Twine(rank > 0 ? type.getDimSize(rank - 1) : 1) + " for scores of " +
                    Twine(queries) + " x " + Twine(keys));
  }
  return true;
}

/// Which batch entries and heads have rows of their own.
bool MaskReader::findLeading() {
  int64_t lead = int64_t(scores.size()) - 2;
  SmallVector<bool> varying(lead, false);
  for (auto [t, term] : llvm::enumerate(reading->terms.get()))
    rows.bind(term.value, reading->terms.numberOf(0, t));
  for (const MaskTable::Step &step : steps) {
    if (!step.value)
      continue;
    if (!rows.isKnown(step.value))
      return refuse("node '" + step.node + "': its mask is computed by " + rows.getReason());
    ArrayRef<bool> of = rows.getVarying(step.value);
    int64_t offset = lead + 2 - int64_t(of.size());
    for (int64_t i = 0; i < int64_t(of.size()) - 2; ++i)
      varying[i + offset] = varying[i + offset] || of[i];
  }
  leading.push_back(SmallVector<int64_t>(lead, 0));
  for (int64_t axis = 0; axis < lead; ++axis) {
    if (!varying[axis])
      continue;
    if (int64_t(leading.size()) * scores[axis] > kMaxLeading)
      return refuse("the mask differs between batch entries or heads");
    size_t known = leading.size();
    for (int64_t i = 1; i < scores[axis]; ++i)
      for (size_t j = 0; j < known; ++j) {
        leading.push_back(leading[j]);
        leading.back()[axis] = i;
      }
  }
  return true;
}

bool MaskReader::fetch(int64_t choice, ArrayRef<int64_t> leading, int64_t query,
                       StepRows &result) {
  for (auto [t, term] : llvm::enumerate(reading->terms.get()))
    rows.bind(term.value, reading->terms.numberOf(choice, t));
  SmallVector<int64_t> at(leading);
  at.append({query, 0});
  for (const MaskTable::Step &step : steps) {
    if (!step.value) {
      result.push_back(nullptr);
      continue;
    }
    RankedTensorType type = staticType(step.value);
    int64_t rank = type.getRank(), lead = int64_t(scores.size()) - rank;
    SmallVector<int64_t> index;
    for (int64_t i = 0; i < rank; ++i)
      index.push_back(type.getDimSize(i) == 1 ? 0 : at[i + lead]);
    bool single = rank == 0 || type.getDimSize(rank - 1) == 1;
    result.push_back(rows.read(step.value, index, single ? -1 : rank - 1));
    if (!result.back())
      return refuse("the mask of node '" + step.node + "' cannot be read: " + rows.getReason());
  }
  return true;
}

bool MaskReader::Piece::equals(const Piece &other) const {
  return cell == other.cell && weight == other.weight &&
         (value == other.value || (std::isnan(value) && std::isnan(other.value)));
}

/// Weights set to zero: nothing but their keys' masks again, and what a row without a key gives.
bool MaskReader::zeroWeights(const MaskTable::Step &step, const Runs &runs, State &state) {
  bool multiplies = step.kind == MaskTable::Step::Multiply, repeated = runs.size() == 1;
  State next;
  size_t at = 0, run = 0;
  for (int64_t done = 0; done < keys; done = next.back().end) {
    while (state[at].end <= done)
      ++at;
    while (!repeated && runs.list()[run].end <= done)
      ++run;
    const Run &number = runs.list()[run];
    Piece piece = state[at];
    piece.end = repeated ? piece.end : std::min(piece.end, number.end);
    if (number.step != 0 || (multiplies && number.value != 0 && number.value != 1))
      return refuse("node '" + step.node + "' multiplies weights by other numbers than 0 and 1");
    if ((number.value != 0) != step.keep) {
      if (piece.cell == Cell::Live)
        return refuse("node '" + step.node + "' sets weights to zero whose scores no mask drops");
      piece.weight = std::max(piece.weight, multiplies ? Weight::Multiplied : Weight::Zero);
    }
    next.push_back(piece);
  }
  state = std::move(next);
  return true;
}

/// The scores of one query after all steps.
bool MaskReader::follow(int64_t query, const StepRows &stepRows, State &state) {
  state.assign(1, {keys, Cell::Live, 0});
  for (auto [step, row] : llvm::zip(steps, stepRows)) {
    if (step.kind == MaskTable::Step::Zero || step.kind == MaskTable::Step::Multiply) {
      if (!zeroWeights(step, *row, state))
        return false;
      continue;
    }
    State next;
    auto append = [&](int64_t end, Cell cell, double value) {
      if (!next.empty() && next.back().cell == cell &&
          (next.back().value == value || (std::isnan(value) && std::isnan(next.back().value))))
        next.back().end = end;
      else
        next.push_back({end, cell, value});
    };
    if (step.kind == MaskTable::Step::Scale) {
      for (const Piece &piece : state)
        append(piece.end, piece.cell,
               piece.cell == Cell::Live ? 0 : rounded(piece.value * step.number, step.element));
      state = std::move(next);
      continue;
    }
    Runs band;
    if (step.kind == MaskTable::Step::Band) {
      int64_t begin = std::clamp<int64_t>(query + std::max(step.low, -keys - queries), 0, keys);
      int64_t end = std::clamp<int64_t>(query + std::min(step.high, keys + queries) + 1, begin, keys);
      band.append(begin, 0, 0);
      band.append(end - begin, 1, 0);
      band.append(keys - end, 0, 0);
    }
    const Runs &runs = row ? *row : band;
    bool repeated = runs.size() == 1;
    double fill = step.kind == MaskTable::Step::Band ? -std::numeric_limits<double>::infinity()
                                                     : rounded(step.number, step.element);
    size_t at = 0, run = 0;
    for (int64_t done = 0; done < keys;) {
      while (state[at].end <= done)
        ++at;
      while (!repeated && runs.list()[run].end <= done)
        ++run;
      const Run &number = runs.list()[run];
      const Piece &piece = state[at];
      int64_t end = repeated ? piece.end : std::min(piece.end, number.end);
      done = end;
      if (number.step != 0)
        return refuse("node '" + step.node + "': its mask's numbers ascend");
      if (step.kind == MaskTable::Step::Select || step.kind == MaskTable::Step::Band) {
        if ((number.value != 0) == step.keep)
          append(end, piece.cell, piece.value);
        else
          append(end, Cell::Replaced, fill);
        continue;
      }
      double addend = step.kind == MaskTable::Step::Add ? number.value : -number.value;
      if (!(addend <= 0))
        return refuse("node '" + step.node + "': the added mask holds a positive number or NaN");
      if (addend == 0)
        append(end, piece.cell, piece.value);
      else if (std::isinf(addend) || (piece.cell == Cell::Live && addend <= kAbsorbs))
        append(end, Cell::Replaced, addend);
      else
        append(end, piece.cell == Cell::Live ? Cell::Moved : piece.cell,
               rounded(piece.value + addend, step.element));
    }
    state = std::move(next);
  }
  return true;
}

bool MaskReader::readQuery(int64_t query, MaskSegments &segments) {
  int64_t choices = reading->terms.countChoices();
  bool banded = llvm::any_of(steps, [](const MaskTable::Step &step) {
    return step.kind == MaskTable::Step::Band;
  });
  std::vector<StepRows> fetched;
  for (int64_t choice = 0; choice < choices; ++choice)
    for (ArrayRef<int64_t> where : leading)
      if (!fetch(choice, where, query, fetched.emplace_back()))
        return false;
  // Rows that do not change from query to query are the same objects.
  if (!banded && fetched == last)
    return segments.repeat();
  std::vector<State> states(choices);
  for (int64_t choice = 0; choice < choices; ++choice)
    for (size_t i = 0; i < leading.size(); ++i) {
      State other;
      State &state = i == 0 ? states[choice] : other;
      const StepRows &rows = fetched[choice * leading.size() + i];
      if (i > 0 && rows == fetched[choice * leading.size()])
        continue;
      if (!follow(query, rows, state))
        return false;
      bool same = i == 0 || (other.size() == states[choice].size() &&
                             std::equal(other.begin(), other.end(), states[choice].begin(),
                                        [](const Piece &a, const Piece &b) {
                                          return a.end == b.end && a.equals(b);
                                        }));
      if (!same)
        return refuse("the mask differs between batch entries or heads");
    }
  last = std::move(fetched);
  // Live where some choice has it so; surely live where all have.
  SmallVector<int64_t> bounds = {0};
  for (const State &state : states)
    for (const Piece &piece : state)
      bounds.push_back(piece.end);
  llvm::sort(bounds);
  bounds.erase(llvm::unique(bounds), bounds.end());
  SmallVector<KeyRange> live;
  bool surelyLive = false;
  SmallVector<size_t> cursor(choices, 0);
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    bool any = false, all = true;
    for (auto [state, at] : llvm::zip(states, cursor)) {
      while (state[at].end <= bounds[i])
        ++at;
      any |= state[at].cell == Cell::Live;
      all &= state[at].cell == Cell::Live;
    }
    surelyLive |= all;
    if (!any)
      continue;
    if (!live.empty() && live.back().end == bounds[i])
      live.back().end = bounds[i + 1];
    else
      live.push_back({bounds[i], bounds[i + 1]});
  }
  if (!reading->kept.empty() && !checkKept(live, states))
    return false;
  if (!checkFills(query, states, live.empty(), !surelyLive))
    return false;
  if (!segments.add(live))
    return refuse(segments.getReason());
  return true;
}

/// Whether a choice drops the same keys for every query that could see them.
bool MaskReader::checkKept(ArrayRef<KeyRange> live, ArrayRef<State> states) {
  for (auto [state, kept] : llvm::zip(states, reading->kept)) {
    size_t at = 0;
    for (KeyRange range : live)
      for (int64_t done = range.begin; done < range.end;) {
        while (state[at].end <= done)
          ++at;
        int64_t end = std::min(range.end, state[at].end);
        uint8_t here = state[at].cell == Cell::Live, other = 0;
        for (int64_t k = done; k < end; ++k) {
          other |= kept[k] == (here ^ 1);
          kept[k] = here;
        }
        if (other)
          return refuse("which keys padding drops differs between queries");
        done = end;
      }
  }
  return true;
}

/// Whether what was dropped is dropped by the rules, and what a row without live keys gives.
bool MaskReader::checkFills(int64_t query, ArrayRef<State> states, bool isEmpty,
                            bool maybeEmpty) {
  maybeEmpty &= !isEmpty;
  mayBeEmpty |= maybeEmpty;
  if (isEmpty || (maybeEmpty && !liveRows)) {
    if (!checkEmpty(query, states, isEmpty))
      return false;
  }
  if (isEmpty)
    return true;
  for (const State &state : states)
    for (const Piece &piece : state) {
      if (piece.cell == Cell::Live || piece.value <= kDrops)
        continue;
      if (!(piece.value <= (weakFills ? kDropsWeakly : kDropsAssumed)))
        return refuse("its fill " + show(piece.value) + " is too weak to drop a key");
      strongest = std::max(strongest, piece.value);
    }
  return true;
}

/// What is left where no key is live; none, and why, where that depends on the scores or on which
/// masks drop the keys.
std::optional<EmptyRow> MaskReader::kindOfEmpty(ArrayRef<State> states, std::string &why) const {
  std::optional<double> fill;
  std::optional<Weight> weight;
  bool moved = false, fillsDiffer = false, weightsDiffer = false, infinite = false;
  for (const State &state : states)
    for (const Piece &piece : state) {
      if (piece.cell == Cell::Live)
        continue;
      moved |= piece.cell == Cell::Moved;
      infinite |= std::isinf(piece.value);
      fillsDiffer |= fill && *fill != piece.value;
      // A weight that is 0 once is so if another product meets it.
      weightsDiffer |= weight && *weight != piece.weight;
      fill = piece.value;
      weight = piece.weight;
    }
  if (weightsDiffer) {
    why = ", and only some of its weights are set to zero";
    return std::nullopt;
  }
  // NaN times 0 stays NaN.
  bool zero = weight == Weight::Zero || (weight == Weight::Multiplied && nanRows == NanRows::Zero);
  if (zero || (weight == Weight::Multiplied && !infinite))
    return EmptyRow::Zero;
  if (moved) {
    why = ", and a finite number added to its scores leaves their softmax";
    return std::nullopt;
  }
  if (fillsDiffer) {
    why = " and different fills";
    return std::nullopt;
  }
  return !fill || !std::isinf(*fill)  ? EmptyRow::Uniform
         : nanRows == NanRows::Zero ? EmptyRow::Zero
                                    : EmptyRow::Nan;
}

bool MaskReader::checkEmpty(int64_t query, ArrayRef<State> states, bool always) {
  std::string help =
      always ? "" : "; --assume-live-rows promises that every query keeps a key";
  std::string why;
  std::optional<EmptyRow> kind = kindOfEmpty(states, why);
  if (!kind)
    return refuse("query " + Twine(query) +
                  (always ? " has no live key" : " may lose all its keys at run time") + why +
                  help);
  if (empty && *empty != *kind)
    return refuse("its empty rows are of different kinds" + help);
  empty = *kind;
  return true;
}
