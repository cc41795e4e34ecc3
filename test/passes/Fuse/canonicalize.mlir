// A dump of kernels may be canonicalised and compiled on: a copy is not folded away, a constant that
// moves out of a kernel's loops is found.
// RUN: zorro-opt %s --emit=fused -o %t.fused
// RUN: zorro-opt %t.fused --canonicalize --cse -o %t.canonical
// RUN: FileCheck %s < %t.canonical
// RUN: zorro-opt %t.canonical --emit=cpu | FileCheck %s --check-prefix=CPU

module attributes {zorro.phase = "zorro"} {
// CHECK-DAG: zorro.kernel @fill move
// CHECK-DAG: linalg.copy ins(%{{.*}} : tensor<?x?xf32>) outs(%{{.*}} : tensor<?x?xf32>)
// CHECK: zorro.call @fill
// CHECK: zorro.call @copy_2d
// CPU-DAG: func.func @fill(
// CPU-DAG: func.func @copy_2d(
// CPU: zorro.launch @fill
// CPU: zorro.launch @copy_2d
func.func @main(%x: tensor<2x3xf32> {zorro.name = "x"}) -> (tensor<4x5xf32> {zorro.name = "y"}) {
  %c = arith.constant 2.0 : f32
  %p = tensor.pad %x low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %c : f32
  } : tensor<2x3xf32> to tensor<4x5xf32>
  return %p : tensor<4x5xf32>
}
}
