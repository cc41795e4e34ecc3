// Every call says which modalities it works on; kernels of different streams stay one.
// RUN: zorro-opt %s --zorro-form-kernels --zorro-forward-copies | FileCheck %s

// CHECK: zorro.kernel @[[K:contract[^ ]*]]
// CHECK-NOT: zorro.streams
// CHECK-NOT: zorro.kernel @contract
// CHECK-LABEL: func.func @fused(
// CHECK: zorro.call @[[K]]({{.*}} {zorro.streams = "audio"}
// CHECK: zorro.call @[[K]]({{.*}} {zorro.streams = "sight"}
// CHECK: zorro.call @{{.*}} {zorro.streams = "audio+sight"}
// Nothing of the inputs: nothing to say.
// CHECK: zorro.call @[[K]]({{[^{]*$}}
func.func @fused(%a: tensor<1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x3x4xf32> {zorro.name = "video", zorro.modality = "sight"})
    -> (tensor<1x2x4xf32>, tensor<1x3x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>) {
  %w = zorro.weight_ref @w : tensor<4x4xf32>
  %f = zorro.weight_ref @f : tensor<1x2x4xf32>
  %x = zorro.contract %a, %w : tensor<1x2x4xf32>, tensor<4x4xf32> -> tensor<1x2x4xf32>
  %y = zorro.contract %v, %w : tensor<1x3x4xf32>, tensor<4x4xf32> -> tensor<1x3x4xf32>
  %s = tensor.extract_slice %y[0, 0, 0] [1, 2, 4] [1, 1, 1] : tensor<1x3x4xf32> to tensor<1x2x4xf32>
  %e = tensor.empty() : tensor<1x2x4xf32>
  %z = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %s : tensor<1x2x4xf32>, tensor<1x2x4xf32>) outs(%e : tensor<1x2x4xf32>) {
  ^bb0(%l: f32, %r: f32, %o: f32):
    %m = arith.addf %l, %r : f32
    linalg.yield %m : f32
  } -> tensor<1x2x4xf32>
  %c = zorro.contract %f, %w : tensor<1x2x4xf32>, tensor<4x4xf32> -> tensor<1x2x4xf32>
  return %x, %y, %z, %c : tensor<1x2x4xf32>, tensor<1x3x4xf32>, tensor<1x2x4xf32>, tensor<1x2x4xf32>
}
zorro.weight @w : tensor<4x4xf32> from "m"[0, 64] stored tensor<4x4xf32> hash "0"
zorro.weight @f : tensor<1x2x4xf32> from "m"[64, 32] stored tensor<1x2x4xf32> hash "0"
