// RUN: zorro-opt %s --mlir-print-local-scope | zorro-opt --mlir-print-local-scope | FileCheck %s
// RUN: zorro-opt %s --mlir-print-local-scope --mlir-print-op-generic | zorro-opt --mlir-print-local-scope | FileCheck %s

#tokens = #zorro.streams<audio: 5, fusion: 1, video: 7>

// CHECK: zorro.weight @w : tensor<4x8xf32> from "m.onnx"[16, 128] stored tensor<8x4xf32> hash "ab"
// CHECK-SAME: recipe [#zorro.transpose<[1, 0]>]
zorro.weight @w : tensor<4x8xf32> from "m.onnx"[16, 128] stored tensor<8x4xf32> hash "ab" recipe [#zorro.transpose<[1, 0]>]
// CHECK: zorro.weight @packed : tensor<2x4x6xf32>
// CHECK-SAME: recipe [#zorro.slice<[0, 0], [4, 8]>, #zorro.reshape<[4, 8]>, #zorro.pack<6>]
zorro.weight @packed : tensor<2x4x6xf32> from "m.onnx"[0, 160] stored tensor<5x8xf32> hash "cd" fills recipe [#zorro.slice<[0, 0], [4, 8]>, #zorro.reshape<[4, 8]>, #zorro.pack<6>]
// CHECK: zorro.weight @rounded : tensor<8x4xbf16> from "m.onnx"[16, 128] stored tensor<8x4xf32> hash "ab" recipe [#zorro.round<bf16>]
zorro.weight @rounded : tensor<8x4xbf16> from "m.onnx"[16, 128] stored tensor<8x4xf32> hash "ab" recipe [#zorro.round<bf16>]
// CHECK: zorro.weight @inline : tensor<2xf32> from ""[0, 8] stored tensor<2xf32> hash "" value
zorro.weight @inline : tensor<2xf32> from ""[0, 8] stored tensor<2xf32> hash "" value dense<[1.0, 2.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @routing
func.func @routing(%a: tensor<1x5x4xf32>, %f: tensor<1x1x4xf32>, %v: tensor<1x7x4xf32>) -> tensor<1x5x4xf32> {
  // CHECK: zorro.join %{{.*}} axis 1 of <audio: 5, fusion: 1, video: 7>
  %x = zorro.join %a, %f, %v axis 1 of #tokens : tensor<1x5x4xf32>, tensor<1x1x4xf32>, tensor<1x7x4xf32> -> tensor<1x13x4xf32>
  // CHECK: zorro.take %{{.*}}[0, 1] axis 1 of <audio: 5, fusion: 1, video: 7>
  %t = zorro.take %x [0, 1] axis 1 of #tokens : tensor<1x13x4xf32> -> tensor<1x5x4xf32>
  return %t : tensor<1x5x4xf32>
}

// CHECK-LABEL: func.func @work
func.func @work(%x: tensor<1x13x4xf32>, %bias: tensor<8xf32>, %q: tensor<1x2x13x4xf32>) -> tensor<1x13x8xf32> {
  %w = zorro.weight_ref @w : tensor<4x8xf32>
  // CHECK: zorro.contract %{{.*}}, %{{.*}}(%{{.*}}) {
  // CHECK: zorro.yield %{{.*}} : f32
  %y = zorro.contract %x, %w (%bias) {
  ^bb0(%acc: f32, %s: f32):
    %0 = arith.addf %acc, %s : f32
    %1 = zorro.gelu %0 erf : f32
    zorro.yield %1 : f32
  } : tensor<1x13x4xf32>, tensor<4x8xf32> (tensor<8xf32>) -> tensor<1x13x8xf32>
  // CHECK: zorro.layer_norm %{{.*}} scale %{{.*}} : tensor<8xf32> bias %{{.*}} : tensor<8xf32> eps
  %n = zorro.layer_norm %y scale %bias : tensor<8xf32> bias %bias : tensor<8xf32> eps 1.0e-5 : tensor<1x13x8xf32>
  // CHECK: zorro.rms_norm %{{.*}} scale %{{.*}} : tensor<8xf32> eps
  %r = zorro.rms_norm %n scale %bias : tensor<8xf32> eps 1.0e-5 : tensor<1x13x8xf32>
  // CHECK: zorro.softmax %{{.*}} : tensor<1x13x8xf32>
  %p = zorro.softmax %r : tensor<1x13x8xf32>
  return %p : tensor<1x13x8xf32>
}

// A row that sees every key, one that sees none, names that need quotes.
// CHECK-LABEL: func.func @masks
func.func @masks(%q: tensor<1x2x13x4xf32>) -> tensor<1x2x13x4xf32> {
  // CHECK: zorro.attention %{{.*}}, %{{.*}}, %{{.*}} mask <audio: 5 -> [audio, "the video"], fusion: 1 -> [all], "the video": 7 -> [] over audio: 5, fusion: 1, "the video": 7 empty uniform> scale 5.000000e-01
  %o = zorro.attention %q, %q, %q
      mask <audio: 5 -> ["the video", audio], fusion: 1 -> [audio, fusion, "the video"], "the video": 7 -> [] over audio: 5, fusion: 1, "the video": 7 empty uniform>
      scale 5.0e-1 : tensor<1x2x13x4xf32>, tensor<1x2x13x4xf32>, tensor<1x2x13x4xf32> -> tensor<1x2x13x4xf32>
  return %o : tensor<1x2x13x4xf32>
}

// CHECK-LABEL: zorro.kernel @project contract because "rows times a weight" schedule <tile = [8, 48], block = 128, unroll = 4>
zorro.kernel @project contract because "rows times a weight" schedule <tile = [8, 48], block = 128, unroll = 4> {
^bb0(%x: tensor<?x?x4xf32>, %w: tensor<4x8xf32>):
  %y = zorro.contract %x, %w : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  zorro.yield %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @calls
func.func @calls(%x: tensor<1x13x4xf32>) -> tensor<1x13x8xf32> {
  %w = zorro.weight_ref @w : tensor<4x8xf32>
  %e = tensor.empty() : tensor<1x13x8xf32>
  // CHECK: zorro.view %{{.*}} offset 4 strides [52, 4, 1] : tensor<1x13x4xf32> to tensor<1x5x4xf32>
  %v = zorro.view %x offset 4 strides [52, 4, 1] : tensor<1x13x4xf32> to tensor<1x5x4xf32>
  // CHECK: zorro.call @project(%{{.*}}, %{{.*}}) into %{{.*}} shape tensor<1x5x8xf32> offset 8 strides [104, 8, 1]
  %y = zorro.call @project(%v, %w) into %e shape tensor<1x5x8xf32> offset 8 strides [104, 8, 1] : (tensor<1x5x4xf32>, tensor<4x8xf32>) into tensor<1x13x8xf32> -> tensor<1x13x8xf32>
  return %y : tensor<1x13x8xf32>
}

zorro.kernel @ones move because "a constant is needed as a tensor" {
^bb0(%out: tensor<?xf32>):
  %c = arith.constant 1.0 : f32
  %0 = linalg.fill ins(%c : f32) outs(%out : tensor<?xf32>) -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}

// A call without inputs.
// CHECK-LABEL: func.func @fills
func.func @fills() -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // CHECK: zorro.call @ones() into %{{.*}} shape tensor<4xf32> offset 0 strides [1] : into tensor<4xf32> -> tensor<4xf32>
  %y = zorro.call @ones() into %e shape tensor<4xf32> offset 0 strides [1] : into tensor<4xf32> -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: zorro.table @blocks
// CHECK-SAME: [0, 5]
zorro.table @blocks [0, 5]
// CHECK-LABEL: func.func @plan
func.func @plan() {
  // CHECK: zorro.launch @project tasks 3 places [#zorro.place<arena, 64>, #zorro.place<input 1, 0>, #zorro.place<output 0, 8>, #zorro.place<weight @w, 0>, #zorro.place<table @blocks, 0>] scalars [1, 2] multiply_adds 4 bytes 5
  zorro.launch @project tasks 3 places [#zorro.place<arena, 64>, #zorro.place<input 1, 0>, #zorro.place<output 0, 8>, #zorro.place<weight @w, 0>, #zorro.place<table @blocks, 0>] scalars [1, 2] multiply_adds 4 bytes 5
  return
}
