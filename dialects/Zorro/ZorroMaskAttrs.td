//===- ZorroMaskAttrs.td - Which queries attend to which keys --------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_ZORROMASKATTRS_TD
#define ZORRO_DIALECTS_ZORRO_ZORROMASKATTRS_TD

include "ZorroAttrs.td"

def Zorro_EmptyRow : I32EnumAttr<"EmptyRow", "what a query without a live key gives", [
    I32EnumAttrCase<"Nan", 0, "nan">,
    I32EnumAttrCase<"Uniform", 1, "uniform">,
    I32EnumAttrCase<"Zero", 2, "zero">]> {
  let cppNamespace = "::zorro";
}

def Zorro_EntryKind : I32EnumAttr<"EntryKind", "what a query segment sees of a key segment", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"All", 1, "all">,
    I32EnumAttrCase<"Band", 2, "band">,
    I32EnumAttrCase<"Ranges", 3, "keys">]> {
  let cppNamespace = "::zorro";
}

def Zorro_EntryAttr : Zorro_Attr<"Entry", "entry"> {
  let summary = "what the queries of one segment see of the keys of one segment";
  let description = [{
    Query i and key j are counted from the beginnings of their segments.

    - `none`, `all`;
    - `band`: i sees j where low <= j - i <= high. `causal` is a band without lower limit and high
      0, `same` one of width 1;
    - `keys`: every query sees the keys [bounds[0], bounds[1]), [bounds[2], bounds[3]), ….

    Constraints:
    - (C1) a band's low is at most its high; an absent limit is `kFar` away;
    - (C2) bounds ascend, come in pairs, and are there for `keys` only.
  }];
  let parameters = (ins "::zorro::EntryKind":$kind, "int64_t":$low, "int64_t":$high,
                        ArrayRefParameter<"int64_t">:$bounds);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// A band's absent limit, with either sign.
    static constexpr int64_t kFar = int64_t(1) << 40;

    static EntryAttr getNone(::mlir::MLIRContext *context);
    static EntryAttr getAll(::mlir::MLIRContext *context);
    static EntryAttr getBand(::mlir::MLIRContext *context, int64_t low, int64_t high);
    static EntryAttr getRanges(::mlir::MLIRContext *context, ::llvm::ArrayRef<int64_t> bounds);

    bool isNone() const { return getKind() == EntryKind::None; }
    bool isAll() const { return getKind() == EntryKind::All; }
    bool isBand() const { return getKind() == EntryKind::Band; }
    /// Whether query i sees key j.
    bool sees(int64_t i, int64_t j) const;
    bool hasLowLimit() const { return getLow() > -kFar; }
    bool hasHighLimit() const { return getHigh() < kFar; }
    /// Reads and writes what follows the segment's name: nothing for `all`.
    static EntryAttr parseSuffix(::mlir::AsmParser &p);
    void printSuffix(::mlir::AsmPrinter &p) const;
  }];
}

def Zorro_MaskAttr : Zorro_Attr<"Mask", "mask"> {
  let summary = "which query segments attend to which key segments";
  let description = [{
    A block table: one row per query segment, one column per key segment. `empty` says what a query
    without any live key gives: `nan` (softmax of a row of -inf), `uniform` (the mean of all values:
    softmax of a row of equal finite fills) or `zero` (the `Attention` operator).

    Constraints:
    - (C1) there is one entry per pair of a query segment and a key segment;
    - (C2) the bounds of a `keys` entry lie in its key segment.

    ```mlir
    #routes = #zorro.mask<audio: 512 -> [audio], fusion: 16 -> [all], text: 64 -> [text causal]
                          over audio: 512, fusion: 16, text: 64 empty nan>
    #pairs  = #zorro.mask<left: 64 -> [left, right same], right: 64 -> [right band(-3, 0)],
                          one: 1 -> [left keys(0, 5, 9, 12)] over left: 64, right: 64 empty zero>
    ```
    `[all]` stands for the whole of every key segment, `[]` for none.
  }];
  let parameters = (ins "::zorro::StreamsAttr":$queries, "::zorro::StreamsAttr":$keys,
                        ArrayRefParameter<"::zorro::EntryAttr">:$entries,
                        "::zorro::EmptyRow":$empty);
  let builders = [
    /// A table of all and none.
    AttrBuilder<(ins "::zorro::StreamsAttr":$queries, "::zorro::StreamsAttr":$keys,
                     "::llvm::ArrayRef<bool>":$live, "::zorro::EmptyRow":$empty)>];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    EntryAttr getEntry(unsigned query, unsigned key) const {
      return getEntries()[query * getKeys().getCount() + key];
    }
    /// Whether a query of segment `query` may see a key of segment `key`.
    bool isLive(unsigned query, unsigned key) const { return !getEntry(query, key).isNone(); }
    /// True where every entry is `all`.
    bool isFull() const;
    /// True where entries are `all` and `none` only.
    bool isBlockTable() const;
    /// True where no query of the segment has a live key.
    bool isEmptyRow(unsigned query) const;
    /// True where some query of the segment has no live key (a band that ends, say).
    bool hasEmptyQuery(unsigned query) const;
    /// The keys that some query of a segment may see, as maximal intervals [begin, end), ascending.
    ::llvm::SmallVector<std::pair<int64_t, int64_t>> getIntervals(unsigned query) const;
    /// The same in full detail: ascending, neighbours without a band merged.
    ::llvm::SmallVector<KeySpan> getSpans(unsigned query) const;
    /// Number of live keys of query i of segment `query`.
    int64_t getLiveKeys(unsigned query, int64_t i) const;
    /// Number of live (query, key) pairs.
    int64_t getLivePairs() const;
    /// The first segment whose tokens include `token`.
    static unsigned segmentOf(StreamsAttr streams, int64_t token);
  }];
}

#endif // ZORRO_DIALECTS_ZORRO_ZORROMASKATTRS_TD
