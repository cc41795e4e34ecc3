//===- MaskReader.h - Reads the rows of a mask --------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One reading serves all layers whose scores take the same steps.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKREADER_H
#define ZORRO_PASSES_RAISE_MASKREADER_H

#include "passes/Raise/MaskSegments.h"
#include "passes/Raise/MaskTable.h"
#include "passes/Raise/MaskTerms.h"

namespace zorro::raise {

/// What was read of a mask.
struct MaskReading {
  explicit MaskReading(const MaskTerms &terms) : terms(terms) {}

  bool known = false;
  std::string reason; // where it is not known
  MaskAttr mask;      // null: nothing is dropped
  MaskTerms terms;
  std::vector<std::vector<uint8_t>> kept; // by choice and key; empty: no padding
  llvm::SmallVector<std::string> assumptions;
};

class MaskReader {
public:
  MaskReader(const std::vector<MaskTable::Step> &steps, mlir::RankedTensorType scores,
             Constants &constants, NanRows nanRows, bool weakFills);

  std::shared_ptr<const MaskReading> read(mlir::MLIRContext *context);

private:
  enum class Cell : uint8_t { Live, Moved, Replaced };
  /// What the weights behind the softmax become.
  enum class Weight : uint8_t { Kept, Multiplied, Zero };
  /// Scores up to `end`.
  struct Piece {
    int64_t end;
    Cell cell;
    double value;
    Weight weight = Weight::Kept;

    bool equals(const Piece &other) const;
  };
  using State = std::vector<Piece>;
  /// The rows that the steps take for one query, in one choice of the terms.
  using StepRows = llvm::SmallVector<RunsPtr>;

  bool refuse(const llvm::Twine &why);
  bool fits();
  bool findLeading();
  bool fetch(int64_t choice, llvm::ArrayRef<int64_t> leading, int64_t query, StepRows &rows);
  bool follow(int64_t query, const StepRows &rows, State &state);
  bool readQuery(int64_t query, MaskSegments &segments);
  bool checkKept(llvm::ArrayRef<KeyRange> live, llvm::ArrayRef<State> states);
  bool checkFills(int64_t query, llvm::ArrayRef<State> states, bool isEmpty, bool maybeEmpty);
  bool zeroWeights(const MaskTable::Step &step, const Runs &runs, State &state);
  std::optional<EmptyRow> kindOfEmpty(llvm::ArrayRef<State> states, std::string &why) const;
  bool checkEmpty(int64_t query, llvm::ArrayRef<State> states, bool always);

  const std::vector<MaskTable::Step> &steps;
  llvm::ArrayRef<int64_t> scores;
  int64_t queries, keys;
  MaskRows &rows;
  NanRows nanRows;
  bool weakFills, liveRows;
  std::shared_ptr<MaskReading> reading;
  llvm::SmallVector<llvm::SmallVector<int64_t>> leading; // indices whose rows are compared
  std::vector<StepRows> last;                            // of the query before
  std::optional<EmptyRow> empty;
  bool mayBeEmpty = false; // at run time
  double strongest;        // of the fills taken on assumption
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKREADER_H
