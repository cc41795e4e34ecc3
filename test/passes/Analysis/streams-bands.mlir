// Attention with bands, key ranges and padding: a row reads what it sees, no more.
// RUN: zorro-opt %s --split-input-file --zorro-print-streams -o /dev/null | FileCheck %s

#tokens = #zorro.streams<a: 2, b: 3>
#causal = #zorro.mask<all: 5 -> [all causal] over all: 5 empty nan>
#same = #zorro.mask<all: 5 -> [all same] over all: 5 empty nan>
#band = #zorro.mask<all: 5 -> [all band(-1, 0)] over all: 5 empty nan>
#late = #zorro.mask<all: 5 -> [all band(1, *)] over all: 5 empty uniform>
#keys = #zorro.mask<l: 4 -> [b keys(0, 1, 2, 3)], r: 1 -> [a, b keys(0, 1)] over a: 2, b: 3 empty nan>
#blocks = #zorro.mask<a: 2 -> [a causal], b: 3 -> [b, a same] over a: 2, b: 3 empty zero>

// CHECK-LABEL: @bands
// Rows 0 and 1 see a; from row 2 on b as well. Row 0 has one key: its query does not matter.
// CHECK: zorro.attention "causal": axis 2: 0 1 2 5 | {a} {a,q} {a,b,q}
// One key a row: a copy of the values.
// CHECK: zorro.attention "same": axis 2: 0 2 5 | {a} {b}
// Row 2 sees keys 1 and 2; rows 3 and 4 see b alone.
// CHECK: zorro.attention "band": axis 2: 0 1 2 3 5 | {a} {a,q} {a,b,q} {b,q}
// Row 0 sees keys 1 to 4; rows 1 to 2 see b; row 3 sees key 4 alone; row 4 nothing, so the mean of all.
// CHECK: zorro.attention "late": axis 2: 0 1 3 4 5 | {a,b,q} {b,q} {b} {a,b}
// CHECK: zorro.attention "keys": axis 2: 0 4 5 | {b,q} {a,b,q}
// b's first two rows see the token of a at their place; its third does not.
// CHECK: zorro.attention "blocks": axis 2: 0 1 2 4 5 | {a} {a,q} {a,b,q} {b,q}
func.func @bands(%a: tensor<1x1x2x4xf32> {zorro.name = "a"}, %b: tensor<1x1x3x4xf32> {zorro.name = "b"}, %q: tensor<1x1x5x4xf32> {zorro.name = "q"}) {
  %x = zorro.join %a, %b axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x5x4xf32>
  %0 = zorro.attention %q, %x, %x mask #causal scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("causal")
  %1 = zorro.attention %q, %x, %x mask #same scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("same")
  %2 = zorro.attention %q, %x, %x mask #band scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("band")
  %3 = zorro.attention %q, %x, %x mask #late scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("late")
  %4 = zorro.attention %q, %x, %x mask #keys scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("keys")
  %5 = zorro.attention %q, %x, %x mask #blocks scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("blocks")
  return
}

// -----

// Padding of each kind of empty row. `keep` covers a, b and one token that is surely there.
#nan = #zorro.mask<a: 2 -> [a], b: 3 -> [b], all: 1 -> [all] over a: 2, b: 3, one: 1 empty nan>
#zero = #zorro.mask<a: 2 -> [a], b: 3 -> [b], all: 1 -> [all] over a: 2, b: 3, one: 1 empty zero>
#mean = #zorro.mask<a: 2 -> [a], b: 3 -> [b], all: 1 -> [all] over a: 2, b: 3, one: 1 empty uniform>
#first = #zorro.mask<a: 2 -> [a keys(0, 1)], b: 3 -> [b], all: 1 -> [all] over a: 2, b: 3, one: 1 empty nan>
#tokens = #zorro.streams<a: 2, b: 3, one: 1>
// CHECK-LABEL: @padding
// Rows of a and b may be wholly padded, which only padding decides; the last row always has a key.
// CHECK: zorro.attention "nan": axis 2: 0 2 5 6 | {a,keep}!n^{keep} {b,keep}!n^{keep} {a,b,o,keep}
// CHECK: zorro.attention "zero": axis 2: 0 2 5 6 | {a,keep} {b,keep} {a,b,o,keep}
// The mean of all values reads the other streams: b's from a's rows.
// CHECK: zorro.attention "mean": {a,b,o,keep}
// Padding of b alone joins nothing else; a's rows always have their keys.
// CHECK: zorro.attention "part": axis 2: 0 2 5 6 | {a} {b,keep}!n^{keep} {a,b,o,keep}
// All of b is constantly padded: its rows are constant, and nobody reads it.
// CHECK: zorro.attention "none": axis 2: 0 2 5 6 | {a} =0 {a,o}
// One live key with padding: the query does not matter, the padding does.
// CHECK: zorro.attention "first": axis 2: 0 2 5 6 | {a,keep}!n^{keep} {b,keep}!n^{keep} {a,b,o,keep}
// CHECK: zorro.attention "query": axis 2: 0 2 5 6 | {a,keep}!n^{keep} {b,q,keep}!n^{keep} {a,b,o,q,keep}
func.func @padding(%a: tensor<1x1x2x4xf32> {zorro.name = "a"}, %b: tensor<1x1x3x4xf32> {zorro.name = "b"}, %o: tensor<1x1x1x4xf32> {zorro.name = "o"},
                   %q: tensor<1x1x6x4xf32> {zorro.name = "q"}, %keep: tensor<1x5xi1> {zorro.name = "keep"}) {
  %x = zorro.join %a, %b, %o axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x1x4xf32> -> tensor<1x1x6x4xf32>
  %there = arith.constant dense<true> : tensor<1x1xi1>
  %whole = tensor.concat dim(1) %keep, %there : (tensor<1x5xi1>, tensor<1x1xi1>) -> tensor<1x6xi1>
  %0 = zorro.attention %x, %x, %x padding %whole : tensor<1x6xi1> mask #nan scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("nan")
  %1 = zorro.attention %x, %x, %x padding %whole : tensor<1x6xi1> mask #zero scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("zero")
  %2 = zorro.attention %x, %x, %x padding %whole : tensor<1x6xi1> mask #mean scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("mean")
  %both = arith.constant dense<true> : tensor<1x2xi1>
  %some = tensor.extract_slice %keep[0, 2] [1, 3] [1, 1] : tensor<1x5xi1> to tensor<1x3xi1>
  %part = tensor.concat dim(1) %both, %some, %there : (tensor<1x2xi1>, tensor<1x3xi1>, tensor<1x1xi1>) -> tensor<1x6xi1>
  %3 = zorro.attention %x, %x, %x padding %part : tensor<1x6xi1> mask #nan scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("part")
  %gone = arith.constant dense<[[true, true, false, false, false, true]]> : tensor<1x6xi1>
  %4 = zorro.attention %x, %x, %x padding %gone : tensor<1x6xi1> mask #zero scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("none")
  %5 = zorro.attention %x, %x, %x padding %whole : tensor<1x6xi1> mask #first scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("first")
  %6 = zorro.attention %q, %x, %x padding %whole : tensor<1x6xi1> mask #first scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("query")
  return
}

// -----

// The same rows, promised to be live.
#mean = #zorro.mask<a: 2 -> [a], b: 3 -> [b] over a: 2, b: 3 empty uniform>
#one = #zorro.mask<a: 2 -> [a keys(0, 1)], b: 3 -> [b] over a: 2, b: 3 empty nan>
#tokens = #zorro.streams<a: 2, b: 3>
// CHECK-LABEL: @promise
// CHECK: zorro.attention "mean": axis 2: 0 2 5 | {a,keep} {b,keep}
// CHECK: zorro.attention "one": axis 2: 0 2 5 | {a} {b,keep}
// CHECK: zorro.softmax "dense": axis 0: 0 2 5, axis 1: 0 2 5 | {keep,s} =0 =0 {keep,s}
module attributes {zorro.assume_live_rows} {
func.func @promise(%a: tensor<1x1x2x4xf32> {zorro.name = "a"}, %b: tensor<1x1x3x4xf32> {zorro.name = "b"}, %keep: tensor<1x5xi1> {zorro.name = "keep"}, %s: tensor<5x5xf32> {zorro.name = "s"}) {
  %x = zorro.join %a, %b axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x5x4xf32>
  %0 = zorro.attention %x, %x, %x padding %keep : tensor<1x5xi1> mask #mean scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("mean")
  %1 = zorro.attention %x, %x, %x padding %keep : tensor<1x5xi1> mask #one scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("one")
  %m = arith.constant dense<[[true, true, false, false, false], [true, true, false, false, false], [false, false, true, true, true], [false, false, true, true, true], [false, false, true, true, true]]> : tensor<5x5xi1>
  %e = tensor.empty() : tensor<5x5xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (0, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%m, %keep, %s : tensor<5x5xi1>, tensor<1x5xi1>, tensor<5x5xf32>) outs(%e : tensor<5x5xf32>) {
  ^bb0(%c: i1, %k: i1, %v: f32, %o: f32):
    %low = arith.constant -3.0e38 : f32
    %both = arith.andi %c, %k : i1
    %r = arith.select %both, %v, %low : f32
    linalg.yield %r : f32
  } -> tensor<5x5xf32> loc("masked")
  %w = zorro.softmax %d : tensor<5x5xf32> loc("dense")
  return
}
}
