// RUN: zorro-opt %s --mlir-print-local-scope --canonicalize | FileCheck %s
// RUN: zorro-opt %s --mlir-print-local-scope --canonicalize --canonicalize | FileCheck %s

#tokens = #zorro.streams<audio: 5, fusion: 1, video: 7>

// What is taken out of a join are the joined parts: here, one of them.
// CHECK-LABEL: func.func @take_of_join
// CHECK-SAME: %[[A:.*]]: tensor<5x4xf32>
func.func @take_of_join(%a: tensor<5x4xf32>, %f: tensor<1x4xf32>, %v: tensor<7x4xf32>) -> tensor<5x4xf32> {
  // CHECK-NEXT: return %[[A]]
  %x = zorro.join %a, %f, %v axis 0 of #tokens : tensor<5x4xf32>, tensor<1x4xf32>, tensor<7x4xf32> -> tensor<13x4xf32>
  %t = zorro.take %x [0, 1] axis 0 of #tokens : tensor<13x4xf32> -> tensor<5x4xf32>
  return %t : tensor<5x4xf32>
}

// Two neighbouring parts stay joined.
// CHECK-LABEL: func.func @take_two_of_join
// CHECK-SAME: %{{.*}}: tensor<5x4xf32>, %[[F:.*]]: tensor<1x4xf32>, %[[V:.*]]: tensor<7x4xf32>
func.func @take_two_of_join(%a: tensor<5x4xf32>, %f: tensor<1x4xf32>, %v: tensor<7x4xf32>) -> tensor<8x4xf32> {
  // CHECK-NEXT: %[[X:.*]] = zorro.join %[[F]], %[[V]] axis 0 of <fusion: 1, video: 7>
  // CHECK-NEXT: return %[[X]]
  %x = zorro.join %a, %f, %v axis 0 of #tokens : tensor<5x4xf32>, tensor<1x4xf32>, tensor<7x4xf32> -> tensor<13x4xf32>
  %t = zorro.take %x [1, 2] axis 0 of #tokens : tensor<13x4xf32> -> tensor<8x4xf32>
  return %t : tensor<8x4xf32>
}

// Taking everything is taking nothing away.
// CHECK-LABEL: func.func @take_all
func.func @take_all(%x: tensor<13x4xf32>) -> tensor<13x4xf32> {
  // CHECK-NOT: zorro.take
  %t = zorro.take %x [0, 3] axis 0 of #tokens : tensor<13x4xf32> -> tensor<13x4xf32>
  return %t : tensor<13x4xf32>
}

// A mask that drops nothing is no mask; one that drops something stays.
// CHECK-LABEL: func.func @full_mask
func.func @full_mask(%q: tensor<1x1x3x4xf32>) -> tensor<1x1x3x4xf32> {
  // CHECK: zorro.attention %{{.*}}, %{{.*}}, %{{.*}} scale
  %0 = zorro.attention %q, %q, %q mask <a: 1 -> [all], b: 2 -> [a, b] over a: 1, b: 2 empty nan> scale 1.0 : tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x3x4xf32>
  // CHECK: zorro.attention %{{.*}}, %{{.*}}, %{{.*}} mask <a: 1 -> [a], b: 2 -> [all]
  %1 = zorro.attention %0, %0, %0 mask <a: 1 -> [a], b: 2 -> [a, b] over a: 1, b: 2 empty nan> scale 1.0 : tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x3x4xf32>
  return %1 : tensor<1x1x3x4xf32>
}

// A view of everything in order is the tensor.
// CHECK-LABEL: func.func @whole_view
func.func @whole_view(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NOT: zorro.view
  %0 = zorro.view %x offset 0 strides [3, 1] : tensor<2x3xf32> to tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
