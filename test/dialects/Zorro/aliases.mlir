// RUN: zorro-opt %s | FileCheck %s

// Streams and masks stand once, at the top.
// CHECK-DAG: #[[TOKENS:tokens[0-9]*]] = #zorro.streams<audio: 2, video: 3>
// CHECK-DAG: #[[ROUTES:routes[0-9]*]] = #zorro.mask<audio: 2 -> [audio], video: 3 -> [video] over audio: 2, video: 3 empty nan>
func.func @f(%a: tensor<1x2x4xf32>, %v: tensor<1x3x4xf32>, %q: tensor<1x1x5x4xf32>) -> (tensor<1x5x4xf32>, tensor<1x1x5x4xf32>) {
  // CHECK: zorro.join %{{.*}} axis 1 of #[[TOKENS]]
  %x = zorro.join %a, %v axis 1 of <audio: 2, video: 3> : tensor<1x2x4xf32>, tensor<1x3x4xf32> -> tensor<1x5x4xf32>
  // CHECK: zorro.attention %{{.*}} mask #[[ROUTES]] scale
  %o = zorro.attention %q, %q, %q mask <audio: 2 -> [audio], video: 3 -> [video] over audio: 2, video: 3 empty nan> scale 1.0 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32>
  return %x, %o : tensor<1x5x4xf32>, tensor<1x1x5x4xf32>
}
