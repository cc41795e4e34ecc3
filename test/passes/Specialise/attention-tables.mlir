// Bands, key ranges and padding under a cut: tables count from the first tokens that are left.
// RUN: zorro-opt %s --split-input-file --mlir-print-local-scope --zorro-specialise=entries=a | FileCheck %s

// A causal stream alone stays causal; padding is cut with its keys.
// CHECK-LABEL: func.func @a(
// CHECK-SAME: %[[X:.*]]: tensor<1x1x4x2xf32> {zorro.name = "a"}, %[[PAD:.*]]: tensor<1x7xi1> {zorro.modality = "a", zorro.name = "pad"})
// CHECK: %[[KEEP:.*]] = tensor.extract_slice %[[PAD]][0, 0] [1, 4] [1, 1] : tensor<1x7xi1> to tensor<1x4xi1>
// CHECK: zorro.attention %[[X]], %[[X]], %[[X]] padding %[[KEEP]] : tensor<1x4xi1> mask <a: 4 -> [a causal] over a: 4 empty zero>
#tokens = #zorro.streams<a: 4, b: 3>
#routes = #zorro.mask<a: 4 -> [a causal], b: 3 -> [all] over a: 4, b: 3 empty zero>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x4x2xf32> {zorro.name = "a"}, %b: tensor<1x1x3x2xf32> {zorro.name = "b"},
                %pad: tensor<1x7xi1> {zorro.name = "pad", zorro.modality = "a"})
    -> (tensor<1x1x4x2xf32> {zorro.name = "ya"}, tensor<1x1x3x2xf32> {zorro.name = "yb"}) {
  %x = zorro.join %a, %b axis 2 of #tokens : tensor<1x1x4x2xf32>, tensor<1x1x3x2xf32> -> tensor<1x1x7x2xf32>
  %o = zorro.attention %x, %x, %x padding %pad : tensor<1x7xi1> mask #routes scale 0.5 : tensor<1x1x7x2xf32>, tensor<1x1x7x2xf32>, tensor<1x1x7x2xf32> -> tensor<1x1x7x2xf32>
  %ya = zorro.take %o [0, 1] axis 2 of #tokens : tensor<1x1x7x2xf32> -> tensor<1x1x4x2xf32>
  %yb = zorro.take %o [1, 1] axis 2 of #tokens : tensor<1x1x7x2xf32> -> tensor<1x1x3x2xf32>
  return %ya, %yb : tensor<1x1x4x2xf32>, tensor<1x1x3x2xf32>
}
}

// -----

// Two queries of a band, and the keys that they see: the band moves with both. Query 3 sees keys
// 1 to 3, query 4 sees 2 to 4; of the keys 1 to 4 that is 0 to 2 and 1 to 3.
// CHECK-LABEL: func.func @a(
// CHECK: zorro.attention %{{.*}}, %{{.*}}, %{{.*}} mask <t: 2 -> [t band(0, 2)] over t: 4 empty nan> {{.*}} : tensor<1x1x2x2xf32>, tensor<1x1x4x2xf32>,
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x8x2xf32> {zorro.name = "a"}) -> (tensor<1x1x2x2xf32> {zorro.name = "y"}) {
  %o = zorro.attention %a, %a, %a mask <t: 8 -> [t band(-2, 0)] over t: 8 empty nan> scale 0.5 : tensor<1x1x8x2xf32>, tensor<1x1x8x2xf32>, tensor<1x1x8x2xf32> -> tensor<1x1x8x2xf32>
  %y = tensor.extract_slice %o[0, 0, 3, 0] [1, 1, 2, 2] [1, 1, 1, 1] : tensor<1x1x8x2xf32> to tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}
}

// -----

// Queries in two pieces: a segment that a band looks at is split, each piece with a band of its own.
// CHECK-LABEL: func.func @a(
// CHECK: zorro.attention {{.*}} mask <t: 1 -> [t], t.2: 2 -> [t.2 band(0, 1)] over t: 1, t.2: 3 empty nan>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x8x2xf32> {zorro.name = "a"}) -> (tensor<1x1x1x2xf32> {zorro.name = "y"}, tensor<1x1x2x2xf32> {zorro.name = "z"}) {
  %o = zorro.attention %a, %a, %a mask <t: 8 -> [t band(-1, 0)] over t: 8 empty nan> scale 0.5 : tensor<1x1x8x2xf32>, tensor<1x1x8x2xf32>, tensor<1x1x8x2xf32> -> tensor<1x1x8x2xf32>
  %y = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 1, 2] [1, 1, 1, 1] : tensor<1x1x8x2xf32> to tensor<1x1x1x2xf32>
  %z = tensor.extract_slice %o[0, 0, 5, 0] [1, 1, 2, 2] [1, 1, 1, 1] : tensor<1x1x8x2xf32> to tensor<1x1x2x2xf32>
  return %y, %z : tensor<1x1x1x2xf32>, tensor<1x1x2x2xf32>
}
}

// -----

// Key ranges are counted among the keys that are left: here they are all.
// CHECK-LABEL: func.func @a(
// CHECK-NOT: mask
// CHECK: zorro.attention {{.*}} : tensor<1x1x1x2xf32>, tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x8x2xf32> {zorro.name = "a"}, %q: tensor<1x1x2x2xf32> {zorro.name = "q", zorro.modality = "a"})
    -> (tensor<1x1x1x2xf32> {zorro.name = "y"}) {
  %o = zorro.attention %q, %a, %a mask <one: 1 -> [t keys(1, 3, 5, 6)], two: 1 -> [t] over t: 8 empty nan> scale 0.5 : tensor<1x1x2x2xf32>, tensor<1x1x8x2xf32>, tensor<1x1x8x2xf32> -> tensor<1x1x2x2xf32>
  %y = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 1, 2] [1, 1, 1, 1] : tensor<1x1x2x2xf32> to tensor<1x1x1x2xf32>
  return %y : tensor<1x1x1x2xf32>
}
}

// -----

// Two rows that see different ranges: ranges stay, cut to the keys that either sees.
// CHECK-LABEL: func.func @a(
// CHECK: zorro.attention {{.*}} mask <one: 1 -> [t keys(0, 2)], two: 1 -> [t keys(1, 3)] over t: 3 empty nan>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x8x2xf32> {zorro.name = "a"}, %q: tensor<1x1x3x2xf32> {zorro.name = "q", zorro.modality = "a"})
    -> (tensor<1x1x2x2xf32> {zorro.name = "y"}) {
  %o = zorro.attention %q, %a, %a mask <one: 1 -> [t keys(1, 3)], two: 1 -> [t keys(2, 3, 5, 6)], three: 1 -> [t] over t: 8 empty nan> scale 0.5 : tensor<1x1x3x2xf32>, tensor<1x1x8x2xf32>, tensor<1x1x8x2xf32> -> tensor<1x1x3x2xf32>
  %y = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 2, 2] [1, 1, 1, 1] : tensor<1x1x3x2xf32> to tensor<1x1x2x2xf32>
  return %y : tensor<1x1x2x2xf32>
}
}

// -----

// Padding of keys that are always there drops nothing; with it goes its operand, and the table that
// became full.
// CHECK-LABEL: func.func @a(
// CHECK-SAME: %[[X:[^ ]*]]: tensor<1x1x4x2xf32> {zorro.name = "a"}) ->
// CHECK-NEXT: %[[Y:.*]] = zorro.attention %[[X]], %[[X]], %[[X]] scale 5.000000e-01 :
// CHECK-NEXT: return %[[Y]]
#tokens = #zorro.streams<a: 4, b: 3>
#routes = #zorro.mask<a: 4 -> [a], b: 3 -> [all] over a: 4, b: 3 empty uniform>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x4x2xf32> {zorro.name = "a"}, %b: tensor<1x1x3x2xf32> {zorro.name = "b"},
                %pad: tensor<1x3xi1> {zorro.name = "pad", zorro.modality = "b"})
    -> (tensor<1x1x4x2xf32> {zorro.name = "ya"}, tensor<1x1x3x2xf32> {zorro.name = "yb"}) {
  %there = arith.constant dense<true> : tensor<1x4xi1>
  %p = tensor.concat dim(1) %there, %pad : (tensor<1x4xi1>, tensor<1x3xi1>) -> tensor<1x7xi1>
  %x = zorro.join %a, %b axis 2 of #tokens : tensor<1x1x4x2xf32>, tensor<1x1x3x2xf32> -> tensor<1x1x7x2xf32>
  %o = zorro.attention %x, %x, %x padding %p : tensor<1x7xi1> mask #routes scale 0.5 : tensor<1x1x7x2xf32>, tensor<1x1x7x2xf32>, tensor<1x1x7x2xf32> -> tensor<1x1x7x2xf32>
  %ya = zorro.take %o [0, 1] axis 2 of #tokens : tensor<1x1x7x2xf32> -> tensor<1x1x4x2xf32>
  %yb = zorro.take %o [1, 1] axis 2 of #tokens : tensor<1x1x7x2xf32> -> tensor<1x1x3x2xf32>
  return %ya, %yb : tensor<1x1x4x2xf32>, tensor<1x1x3x2xf32>
}
}

// -----

// Padding may empty a row at run time: a table that became full still says what the row then gives.
// CHECK-LABEL: func.func @a(
// CHECK: zorro.attention {{.*}} padding %{{.*}} : tensor<1x4xi1> mask <a: 4 -> [a] over a: 4 empty zero>
#tokens = #zorro.streams<a: 4, b: 3>
#routes = #zorro.mask<a: 4 -> [a], b: 3 -> [all] over a: 4, b: 3 empty zero>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x4x2xf32> {zorro.name = "a"}, %b: tensor<1x1x3x2xf32> {zorro.name = "b"},
                %pad: tensor<1x7xi1> {zorro.name = "pad", zorro.modality = "a"})
    -> (tensor<1x1x4x2xf32> {zorro.name = "ya"}) {
  %x = zorro.join %a, %b axis 2 of #tokens : tensor<1x1x4x2xf32>, tensor<1x1x3x2xf32> -> tensor<1x1x7x2xf32>
  %o = zorro.attention %x, %x, %x padding %pad : tensor<1x7xi1> mask #routes scale 0.5 : tensor<1x1x7x2xf32>, tensor<1x1x7x2xf32>, tensor<1x1x7x2xf32> -> tensor<1x1x7x2xf32>
  %ya = zorro.take %o [0, 1] axis 2 of #tokens : tensor<1x1x7x2xf32> -> tensor<1x1x4x2xf32>
  return %ya : tensor<1x1x4x2xf32>
}
}

// -----

// Keys that padding always drops go, too.
// CHECK-LABEL: func.func @a(
// CHECK: zorro.attention %{{.*}}, %{{.*}}, %{{.*}} scale {{.*}} : tensor<1x1x4x2xf32>, tensor<1x1x3x2xf32>, tensor<1x1x3x2xf32>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x4x2xf32> {zorro.name = "a"}) -> (tensor<1x1x4x2xf32> {zorro.name = "ya"}) {
  %p = arith.constant dense<[[true, true, false, true]]> : tensor<1x4xi1>
  %o = zorro.attention %a, %a, %a padding %p : tensor<1x4xi1> scale 0.5 : tensor<1x1x4x2xf32>, tensor<1x1x4x2xf32>, tensor<1x1x4x2xf32> -> tensor<1x1x4x2xf32>
  return %o : tensor<1x1x4x2xf32>
}
}
