// RUN: zorro-opt %s | FileCheck %s
// RUN: zorro-opt %s | zorro-opt | FileCheck %s
// Every kind of entry, and attention with padding.

// CHECK-DAG: #[[ENTRIES:routes[0-9]*]] = #zorro.mask<left: 4 -> [left, right same], right: 4 -> [left causal, right band(-3, 0)], one: 1 -> [left keys(0, 2, 3, 4)] over left: 4, right: 4 empty zero>
// CHECK-DAG: #[[HIGH:routes[0-9]*]] = #zorro.mask<a: 4 -> [a band(*, 2)] over a: 4 empty nan>
// CHECK-DAG: #[[LOW:routes[0-9]*]] = #zorro.mask<a: 4 -> [a band(1, *)] over a: 4 empty nan>

// CHECK: @entries() attributes {m = #[[ENTRIES]]}
func.func private @entries() attributes {m = #zorro.mask<
    left: 4 -> [left, right same], right: 4 -> [left causal, right band(-3, 0)],
    one: 1 -> [left keys(0, 2, 3, 4)] over left: 4, right: 4 empty zero>}

// CHECK: @limits() attributes {m = #[[HIGH]], n = #[[LOW]]}
func.func private @limits() attributes {
    m = #zorro.mask<a: 4 -> [a band(*, 2)] over a: 4 empty nan>,
    n = #zorro.mask<a: 4 -> [a band(1, *)] over a: 4 empty nan>}

// CHECK: @alone() attributes {e = [#zorro.entry<none>, #zorro.entry<all>, #zorro.entry<causal>]}
func.func private @alone() attributes {
    e = [#zorro.entry<none>, #zorro.entry<all>, #zorro.entry<causal>]}

// CHECK-LABEL: @padded
// CHECK: zorro.attention %{{.*}}, %{{.*}}, %{{.*}} padding %{{.*}} : tensor<1x4xi1> mask
func.func @padded(%x: tensor<2x1x4x8xf32>, %p: tensor<1x4xi1>) -> tensor<2x1x4x8xf32> {
  %o = zorro.attention %x, %x, %x padding %p : tensor<1x4xi1>
      mask #zorro.mask<a: 4 -> [a] over a: 4 empty zero> scale 1.0
      : tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32> -> tensor<2x1x4x8xf32>
  return %o : tensor<2x1x4x8xf32>
}
