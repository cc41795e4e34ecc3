//===- MaskSegments.h - From live keys per query to a block table -----------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Takes the keys of one query after the other. Equal neighbours are one segment; so are queries
// whose keys begin or end one further each time, which makes a band of them.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_PASSES_RAISE_MASKSEGMENTS_H
#define ZORRO_PASSES_RAISE_MASKSEGMENTS_H

#include "dialects/Zorro/Zorro.h"

#include <string>
#include <vector>

namespace zorro::raise {

/// Keys [begin, end).
struct KeyRange {
  int64_t begin, end;
  bool operator==(const KeyRange &other) const {
    return begin == other.begin && end == other.end;
  }
};

class MaskSegments {
public:
  MaskSegments(int64_t queries, int64_t keys) : queries(queries), keys(keys) {}

  /// The keys of the next query: ascending, not touching. False where there are too many.
  bool add(llvm::ArrayRef<KeyRange> row);
  /// The same keys as the query before.
  bool repeat() {
    begins.push_back(begins.back());
    counts.push_back(counts.back());
    return true;
  }
  /// The table, or null with a reason.
  MaskAttr build(mlir::MLIRContext *context, EmptyRow empty);
  const std::string &getReason() const { return reason; }

private:
  llvm::ArrayRef<KeyRange> row(int64_t query) const {
    return llvm::ArrayRef(ranges).slice(begins[query], counts[query]);
  }
  int64_t extend(int64_t first, bool bands) const;
  std::vector<int64_t> cutQueries(bool bands) const;
  std::vector<int64_t> cutKeys(llvm::ArrayRef<int64_t> queryCuts, bool movingOnly) const;
  EntryAttr fit(mlir::MLIRContext *context, int64_t firstQuery, int64_t endQuery,
                int64_t firstKey, int64_t endKey) const;
  MaskAttr makeTable(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> rows,
                     llvm::ArrayRef<int64_t> columns, EmptyRow empty) const;
  bool expands(MaskAttr mask) const;

  int64_t queries, keys;
  std::vector<KeyRange> ranges;
  std::vector<size_t> begins, counts; // of each query, in `ranges`
  std::string reason;
};

} // namespace zorro::raise

#endif // ZORRO_PASSES_RAISE_MASKSEGMENTS_H
