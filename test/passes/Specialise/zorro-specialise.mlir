// Entry points cut out of a one-layer Zorro with pooling: what is not needed is gone.
// RUN: zorro-opt %s --mlir-print-local-scope --zorro-specialise=entries=fused,audio,video | FileCheck %s
// RUN: zorro-opt %s --mlir-print-local-scope --zorro-specialise=entries=audio | FileCheck %s --check-prefix=AUDIO
// A second run changes nothing.
// RUN: zorro-opt %s --zorro-specialise=entries=fused,audio,video -o %t.1
// RUN: zorro-opt %t.1 --zorro-specialise=entries=fused,audio,video -o %t.2
// RUN: diff %t.1 %t.2

// Without the others nothing of the video, the fusion tokens or the masks is left.
// AUDIO: module attributes {zorro.phase = "special"}
// AUDIO-NOT: @wv
// AUDIO-NOT: @fusion
// AUDIO: zorro.weight @ret.1_0_1 : tensor<1x1x8xf32> {{.*}} stored tensor<1x4x8xf32> {{.*}} recipe [#zorro.slice<[0, 0, 0], [1, 1, 8]>]
// AUDIO-NOT: video
// AUDIO-NOT: x13x
// AUDIO-NOT: mask

// CHECK: module attributes {zorro.phase = "special"}
// CHECK-NOT: func.func @main

// CHECK-LABEL: func.func @fused(
// CHECK-SAME: %{{.*}}: tensor<1x5x6xf32> {zorro.name = "audio"}, %{{.*}}: tensor<1x7x6xf32> {zorro.name = "video"})
// CHECK: zorro.join
// CHECK: zorro.attention {{.*}} mask <audio: 5 -> [audio], fusion: 1 -> [all], video: 7 -> [video] over
// CHECK: zorro.attention {{.*}} mask <audio: 1 -> [audio], video: 1 -> [video], fusion: 1 -> [fusion], global: 1 -> [all] over

// CHECK-LABEL: func.func @audio(
// CHECK-SAME: %[[IN:.*]]: tensor<1x5x6xf32> {zorro.name = "audio"}) -> (tensor<1x8xf32> {zorro.name = "audio_embedding"})
// CHECK-NOT: video
// CHECK-NOT: zorro.join
// CHECK: %[[W:.*]] = zorro.weight_ref @wa
// CHECK: %[[RET:.*]] = zorro.weight_ref @ret.1_0_1 : tensor<1x1x8xf32>
// CHECK: %[[A:.*]] = zorro.contract %[[IN]], %[[W]]
// CHECK: zorro.layer_norm %[[A]]
// CHECK: tensor.expand_shape {{.*}} output_shape [1, 5, 3, 2, 4]
// CHECK: zorro.attention %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} scale {{.*}} -> tensor<1x2x5x4xf32>
// CHECK: linalg.generic {{.*}} ins(%[[A]],
// CHECK: tensor.expand_shape %[[RET]] {{.*}} : tensor<1x1x8xf32> into tensor<1x1x2x4xf32>
// CHECK: zorro.attention %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} scale {{.*}} -> tensor<1x2x1x4xf32>
// CHECK: return %{{.*}} : tensor<1x8xf32>

// CHECK-LABEL: func.func @video(
// CHECK-SAME: %{{.*}}: tensor<1x7x6xf32> {zorro.name = "video"}) -> (tensor<1x8xf32> {zorro.name = "video_embedding"})
// CHECK-NOT: zorro.join
// CHECK: zorro.weight_ref @ret.1_1_2 : tensor<1x1x8xf32>
// CHECK-NOT: mask

#tokens = #zorro.streams<audio: 5, fusion: 1, video: 7>
#routes = #zorro.mask<audio: 5 -> [audio], fusion: 1 -> [all], video: 7 -> [video] over audio: 5, fusion: 1, video: 7 empty nan>
#pool = #zorro.mask<audio: 1 -> [audio], video: 1 -> [video], fusion: 1 -> [fusion], global: 1 -> [all] over audio: 5, fusion: 1, video: 7 empty nan>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#bias = affine_map<(d0, d1, d2) -> (d2)>
module attributes {zorro.phase = "zorro"} {
zorro.weight @wa : tensor<6x8xf32> from "m.onnx"[0, 192] stored tensor<6x8xf32> hash "aa"
zorro.weight @wv : tensor<6x8xf32> from "m.onnx"[192, 192] stored tensor<6x8xf32> hash "bb"
zorro.weight @fusion : tensor<1x1x8xf32> from "m.onnx"[384, 32] stored tensor<1x1x8xf32> hash "cc"
zorro.weight @qkv : tensor<8x24xf32> from "m.onnx"[416, 768] stored tensor<8x24xf32> hash "dd"
zorro.weight @ret : tensor<1x4x8xf32> from "m.onnx"[1184, 128] stored tensor<1x4x8xf32> hash "ee"
zorro.weight @norm : tensor<8xf32> from "m.onnx"[1312, 32] stored tensor<8xf32> hash "ff"
func.func @main(%audio: tensor<1x5x6xf32> {zorro.name = "audio"}, %video: tensor<1x7x6xf32> {zorro.name = "video"})
   -> (tensor<1x8xf32> {zorro.name = "audio_embedding"}, tensor<1x8xf32> {zorro.name = "video_embedding"}, tensor<1x8xf32> {zorro.name = "fusion_embedding"}, tensor<1x8xf32> {zorro.name = "global_embedding"}) {
  %wa = zorro.weight_ref @wa : tensor<6x8xf32>
  %wv = zorro.weight_ref @wv : tensor<6x8xf32>
  %f = zorro.weight_ref @fusion : tensor<1x1x8xf32>
  %wqkv = zorro.weight_ref @qkv : tensor<8x24xf32>
  %ret = zorro.weight_ref @ret : tensor<1x4x8xf32>
  %norm = zorro.weight_ref @norm : tensor<8xf32>
  %a = zorro.contract %audio, %wa : tensor<1x5x6xf32>, tensor<6x8xf32> -> tensor<1x5x8xf32> loc("/embed_a")
  %v = zorro.contract %video, %wv : tensor<1x7x6xf32>, tensor<6x8xf32> -> tensor<1x7x8xf32> loc("/embed_v")
  %x0 = zorro.join %a, %f, %v axis 1 of #tokens : tensor<1x5x8xf32>, tensor<1x1x8xf32>, tensor<1x7x8xf32> -> tensor<1x13x8xf32> loc("/Concat")
  %n0 = zorro.layer_norm %x0 scale %norm : tensor<8xf32> eps 1.0e-5 : tensor<1x13x8xf32> loc("/blocks.0/n1")
  %q0 = zorro.contract %n0, %wqkv : tensor<1x13x8xf32>, tensor<8x24xf32> -> tensor<1x13x24xf32> loc("/blocks.0/qkv")
  %r0 = tensor.expand_shape %q0 [[0], [1], [2, 3, 4]] output_shape [1, 13, 3, 2, 4] : tensor<1x13x24xf32> into tensor<1x13x3x2x4xf32>
  %e5 = tensor.empty() : tensor<3x1x2x13x4xf32>
  %t0 = linalg.transpose ins(%r0 : tensor<1x13x3x2x4xf32>) outs(%e5 : tensor<3x1x2x13x4xf32>) permutation = [2, 0, 3, 1, 4]
  %sq = tensor.extract_slice %t0[0, 0, 0, 0, 0] [1, 1, 2, 13, 4] [1, 1, 1, 1, 1] : tensor<3x1x2x13x4xf32> to tensor<1x1x2x13x4xf32>
  %sk = tensor.extract_slice %t0[1, 0, 0, 0, 0] [1, 1, 2, 13, 4] [1, 1, 1, 1, 1] : tensor<3x1x2x13x4xf32> to tensor<1x1x2x13x4xf32>
  %sv = tensor.extract_slice %t0[2, 0, 0, 0, 0] [1, 1, 2, 13, 4] [1, 1, 1, 1, 1] : tensor<3x1x2x13x4xf32> to tensor<1x1x2x13x4xf32>
  %q = tensor.collapse_shape %sq [[0, 1], [2], [3], [4]] : tensor<1x1x2x13x4xf32> into tensor<1x2x13x4xf32>
  %k = tensor.collapse_shape %sk [[0, 1], [2], [3], [4]] : tensor<1x1x2x13x4xf32> into tensor<1x2x13x4xf32>
  %vv = tensor.collapse_shape %sv [[0, 1], [2], [3], [4]] : tensor<1x1x2x13x4xf32> into tensor<1x2x13x4xf32>
  %o = zorro.attention %q, %k, %vv mask #routes scale 5.0e-1 : tensor<1x2x13x4xf32>, tensor<1x2x13x4xf32>, tensor<1x2x13x4xf32> -> tensor<1x2x13x4xf32> loc("/blocks.0/attn")
  %eo = tensor.empty() : tensor<1x13x2x4xf32>
  %ot = linalg.transpose ins(%o : tensor<1x2x13x4xf32>) outs(%eo : tensor<1x13x2x4xf32>) permutation = [0, 2, 1, 3]
  %oc = tensor.collapse_shape %ot [[0], [1], [2, 3]] : tensor<1x13x2x4xf32> into tensor<1x13x8xf32>
  %e3 = tensor.empty() : tensor<1x13x8xf32>
  %x1 = linalg.generic {indexing_maps = [#id3, #id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x0, %oc : tensor<1x13x8xf32>, tensor<1x13x8xf32>) outs(%e3 : tensor<1x13x8xf32>) {
  ^bb0(%in: f32, %r: f32, %out: f32):
    %s = arith.addf %in, %r : f32
    linalg.yield %s : f32
  } -> tensor<1x13x8xf32> loc("/blocks.0/Add")
  %pk0 = tensor.expand_shape %x1 [[0], [1], [2, 3]] output_shape [1, 13, 2, 4] : tensor<1x13x8xf32> into tensor<1x13x2x4xf32>
  %ek = tensor.empty() : tensor<1x2x13x4xf32>
  %pk = linalg.transpose ins(%pk0 : tensor<1x13x2x4xf32>) outs(%ek : tensor<1x2x13x4xf32>) permutation = [0, 2, 1, 3]
  %pq0 = tensor.expand_shape %ret [[0], [1], [2, 3]] output_shape [1, 4, 2, 4] : tensor<1x4x8xf32> into tensor<1x4x2x4xf32>
  %eq = tensor.empty() : tensor<1x2x4x4xf32>
  %pq = linalg.transpose ins(%pq0 : tensor<1x4x2x4xf32>) outs(%eq : tensor<1x2x4x4xf32>) permutation = [0, 2, 1, 3]
  %po = zorro.attention %pq, %pk, %pk mask #pool scale 5.0e-1 : tensor<1x2x4x4xf32>, tensor<1x2x13x4xf32>, tensor<1x2x13x4xf32> -> tensor<1x2x4x4xf32> loc("/pool")
  %ep = tensor.empty() : tensor<1x4x2x4xf32>
  %pt = linalg.transpose ins(%po : tensor<1x2x4x4xf32>) outs(%ep : tensor<1x4x2x4xf32>) permutation = [0, 2, 1, 3]
  %p = tensor.collapse_shape %pt [[0], [1], [2, 3]] : tensor<1x4x2x4xf32> into tensor<1x4x8xf32>
  %p0 = tensor.extract_slice %p[0, 0, 0] [1, 1, 8] [1, 1, 1] : tensor<1x4x8xf32> to tensor<1x1x8xf32>
  %p1 = tensor.extract_slice %p[0, 1, 0] [1, 1, 8] [1, 1, 1] : tensor<1x4x8xf32> to tensor<1x1x8xf32>
  %p2 = tensor.extract_slice %p[0, 2, 0] [1, 1, 8] [1, 1, 1] : tensor<1x4x8xf32> to tensor<1x1x8xf32>
  %p3 = tensor.extract_slice %p[0, 3, 0] [1, 1, 8] [1, 1, 1] : tensor<1x4x8xf32> to tensor<1x1x8xf32>
  %y0 = tensor.collapse_shape %p0 [[0, 1], [2]] : tensor<1x1x8xf32> into tensor<1x8xf32>
  %y1 = tensor.collapse_shape %p1 [[0, 1], [2]] : tensor<1x1x8xf32> into tensor<1x8xf32>
  %y2 = tensor.collapse_shape %p2 [[0, 1], [2]] : tensor<1x1x8xf32> into tensor<1x8xf32>
  %y3 = tensor.collapse_shape %p3 [[0, 1], [2]] : tensor<1x1x8xf32> into tensor<1x8xf32>
  return %y0, %y1, %y2, %y3 : tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>
}
}
