// Attention by its mask table: a query segment reads its live key segments, and an empty row is
// what the mask says.
// RUN: zorro-opt %s --zorro-print-streams -o /dev/null | FileCheck %s

#tokens = #zorro.streams<a: 2, f: 1, b: 3>
#routes = #zorro.mask<a: 2 -> [a], f: 1 -> [all], b: 3 -> [b] over a: 2, f: 1, b: 3 empty nan>
#none = #zorro.mask<x: 1 -> [], y: 1 -> [b], z: 1 -> [a] over a: 2, f: 1, b: 3 empty nan>
#zero = #zorro.mask<x: 1 -> [], y: 1 -> [b], z: 1 -> [a] over a: 2, f: 1, b: 3 empty zero>
#mean = #zorro.mask<x: 1 -> [], y: 1 -> [b], z: 1 -> [f] over a: 2, f: 1, b: 3 empty uniform>

// CHECK-LABEL: @attention
// CHECK: zorro.attention "square": axis 2: 0 2 3 6 | {a} {a,f,b} {b}
// CHECK: zorro.attention "full": {a,f,b}
// CHECK: zorro.attention "nan": axis 2: 0 1 2 3 | =nan {b,q} {a,q}
// CHECK: zorro.attention "zero": axis 2: 0 1 2 3 | =0 {b,q} {a,q}
// One live key: the query does not matter.
// CHECK: zorro.attention "mean": axis 2: 0 1 2 3 | {a,f,b} {b,q} {f}
func.func @attention(%a: tensor<1x1x2x4xf32> {zorro.name = "a"}, %f: tensor<1x1x1x4xf32> {zorro.name = "f"}, %b: tensor<1x1x3x4xf32> {zorro.name = "b"},
                     %q: tensor<1x1x3x4xf32> {zorro.name = "q"}) -> (tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>) {
  %x = zorro.join %a, %f, %b axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x6x4xf32>
  %0 = zorro.attention %x, %x, %x mask #routes scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("square")
  %1 = zorro.attention %x, %x, %x scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("full")
  %2 = zorro.attention %q, %x, %x mask #none scale 5.0e-1 : tensor<1x1x3x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x3x4xf32> loc("nan")
  %3 = zorro.attention %q, %x, %x mask #zero scale 5.0e-1 : tensor<1x1x3x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x3x4xf32> loc("zero")
  %4 = zorro.attention %q, %x, %x mask #mean scale 5.0e-1 : tensor<1x1x3x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x3x4xf32> loc("mean")
  return %0, %1, %2, %3, %4 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>
}
