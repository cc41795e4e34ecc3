// RUN: zorro-opt %s --zorro-specialise=entries=audio | FileCheck %s

// Two sums share a destination, of which each keeps another part: each gets a fill of its own size,
// since a reduction must start from a fill.
// CHECK-LABEL: func.func @audio
// CHECK-SAME: %[[X:.*]]: tensor<4x3xf32>
// CHECK: %[[A:.*]] = linalg.fill {{.*}} -> tensor<4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<4x3xf32>) outs(%[[A]] : tensor<4xf32>)
// CHECK: %[[B:.*]] = linalg.fill {{.*}} -> tensor<4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<4x3xf32>) outs(%[[B]] : tensor<4xf32>)
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
module attributes {zorro.phase = "zorro"} {
  func.func @main(%x: tensor<4x3xf32> {zorro.name = "audio"}, %v: tensor<4x3xf32> {zorro.name = "video"})
      -> (tensor<4xf32> {zorro.name = "p"}, tensor<4xf32> {zorro.name = "q"}, tensor<8xf32> {zorro.name = "r"}) {
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : tensor<8xf32>
    %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
    %xv = tensor.concat dim(0) %x, %v : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
    %vx = tensor.concat dim(0) %v, %x : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<8x3xf32>
    %first = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%xv : tensor<8x3xf32>) outs(%fill : tensor<8xf32>) {
    ^bb0(%a: f32, %s: f32):
      %t = arith.addf %a, %s : f32
      linalg.yield %t : f32
    } -> tensor<8xf32>
    %second = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%vx : tensor<8x3xf32>) outs(%fill : tensor<8xf32>) {
    ^bb0(%a: f32, %s: f32):
      %t = arith.addf %a, %s : f32
      linalg.yield %t : f32
    } -> tensor<8xf32>
    %p = tensor.extract_slice %first[0] [4] [1] : tensor<8xf32> to tensor<4xf32>
    %q = tensor.extract_slice %second[4] [4] [1] : tensor<8xf32> to tensor<4xf32>
    return %p, %q, %first : tensor<4xf32>, tensor<4xf32>, tensor<8xf32>
  }
}
