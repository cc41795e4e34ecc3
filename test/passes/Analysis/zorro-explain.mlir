// The table of --explain: outputs by inputs, and why streams mix.
// RUN: zorro-opt %s --split-input-file --zorro-explain -o /dev/null | FileCheck %s
// RUN: zorro-opt %s --split-input-file --zorro-explain=json -o /dev/null | FileCheck %s --check-prefix=JSON

// Two layers and a pooling, as in Zorro.
#tokens = #zorro.streams<audio: 5, fusion: 2, video: 7>
#routes = #zorro.mask<audio: 5 -> [audio], fusion: 2 -> [all], video: 7 -> [video] over audio: 5, fusion: 2, video: 7 empty nan>
#pool = #zorro.mask<audio: 1 -> [audio], fusion: 1 -> [fusion], global: 1 -> [all] over audio: 5, fusion: 2, video: 7 empty nan>
// CHECK:                        audio   video   text
// CHECK-NEXT: audio_embedding     ●       ·      ·
// CHECK-NEXT: fusion_embedding    ●       ●      ·    audio: node /1/attn: rows 5…6 (fusion) attend 0…4 (audio)
// CHECK-NEXT: {{^ *}}                                 video: node /1/attn: rows 5…6 (fusion) attend 7…13 (video)
// CHECK-NEXT: global_embedding    ●       ●      ·    audio: node /pool: row 2 (global) attends 0…4 (audio)
// CHECK-NEXT: {{^ *}}                                 video: node /pool: row 2 (global) attends 7…13 (video)
// CHECK-NEXT: input 'text' is dead: no output depends on its values; nothing reads it
// CHECK-NEXT: assumed: inputs are finite
// CHECK: assumed: -1e9 is a fill
// JSON: "audio_embedding": {
// JSON-NEXT: "depends": [
// JSON-NEXT: "audio"
// JSON-NEXT: ],
// JSON-NEXT: "conditional": [],
// JSON-NEXT: "because": {
// JSON-NEXT: "audio": [
// JSON-NEXT: "/pool",
// JSON: "why":
// JSON: "segments": [
// JSON: "assumptions": [
// JSON: "unused": [
// JSON-NEXT: "text"
module attributes {zorro.assumptions = ["-1e9 is a fill"]} {
zorro.weight @f : tensor<1x1x2x4xf32> from "m"[0, 32] stored tensor<1x1x2x4xf32> hash "00"
zorro.weight @q : tensor<1x1x3x4xf32> from "m"[32, 48] stored tensor<1x1x3x4xf32> hash "00"
func.func @main(%audio: tensor<1x1x5x4xf32> {zorro.name = "audio"}, %video: tensor<1x1x7x4xf32> {zorro.name = "video"}, %text: tensor<3xf32> {zorro.name = "text"})
    -> (tensor<1x1x1x4xf32> {zorro.name = "audio_embedding"}, tensor<1x1x1x4xf32> {zorro.name = "fusion_embedding"}, tensor<1x1x1x4xf32> {zorro.name = "global_embedding"}) {
  %f = zorro.weight_ref @f : tensor<1x1x2x4xf32>
  %q = zorro.weight_ref @q : tensor<1x1x3x4xf32>
  %x = zorro.join %audio, %f, %video axis 2 of #tokens : tensor<1x1x5x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x7x4xf32> -> tensor<1x1x14x4xf32> loc("/Concat")
  %0 = zorro.attention %x, %x, %x mask #routes scale 5.0e-1 : tensor<1x1x14x4xf32>, tensor<1x1x14x4xf32>, tensor<1x1x14x4xf32> -> tensor<1x1x14x4xf32> loc("/0/attn")
  %1 = zorro.attention %0, %0, %0 mask #routes scale 5.0e-1 : tensor<1x1x14x4xf32>, tensor<1x1x14x4xf32>, tensor<1x1x14x4xf32> -> tensor<1x1x14x4xf32> loc("/1/attn")
  %p = zorro.attention %q, %1, %1 mask #pool scale 5.0e-1 : tensor<1x1x3x4xf32>, tensor<1x1x14x4xf32>, tensor<1x1x14x4xf32> -> tensor<1x1x3x4xf32> loc("/pool")
  %a = tensor.extract_slice %p[0, 0, 0, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x3x4xf32> to tensor<1x1x1x4xf32>
  %u = tensor.extract_slice %p[0, 0, 1, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x3x4xf32> to tensor<1x1x1x4xf32>
  %g = tensor.extract_slice %p[0, 0, 2, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x3x4xf32> to tensor<1x1x1x4xf32>
  return %a, %u, %g : tensor<1x1x1x4xf32>, tensor<1x1x1x4xf32>, tensor<1x1x1x4xf32>
}
}

// -----

// An empty pooling row with a finite fill averages everything: raised, and left dense.
#p = affine_map<(i, j, k) -> (i, k)>
#v = affine_map<(i, j, k) -> (k, j)>
#o = affine_map<(i, j, k) -> (i, j)>
#tokens = #zorro.streams<audio: 2, video: 3>
#pool = #zorro.mask<audio: 1 -> [], global: 1 -> [all] over audio: 2, video: 3 empty uniform>
// CHECK: audio_pooled     ●       ●    video: node /pool: row 0 (audio) has no live key and a finite fill, so it averages all 5 tokens
// CHECK: audio_dense      ●       ●    video: node /pool/Softmax: row 0 has no live key and a finite fill, so it averages all 5 tokens
// CHECK: late             ●       ●    audio: node /fc joins it with other inputs
func.func @main(%audio: tensor<2x4xf32> {zorro.name = "audio"}, %video: tensor<3x4xf32> {zorro.name = "video"})
    -> (tensor<1x1x1x4xf32> {zorro.name = "audio_pooled"}, tensor<1x4xf32> {zorro.name = "audio_dense"}, tensor<1x4xf32> {zorro.name = "late"}) {
  %x = zorro.join %audio, %video axis 0 of #tokens : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<5x4xf32> loc("/Concat")
  %x4 = tensor.expand_shape %x [[0, 1, 2], [3]] output_shape [1, 1, 5, 4] : tensor<5x4xf32> into tensor<1x1x5x4xf32>
  %q = arith.constant dense<1.0> : tensor<1x1x2x4xf32>
  %a = zorro.attention %q, %x4, %x4 mask #pool scale 5.0e-1 : tensor<1x1x2x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x2x4xf32> loc("/pool")
  %y0 = tensor.extract_slice %a[0, 0, 0, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x2x4xf32> to tensor<1x1x1x4xf32>
  %s = arith.constant dense<[[-3.0e+38, -3.0e+38, -3.0e+38, -3.0e+38, -3.0e+38], [1.0, 2.0, 1.0, 1.0, 1.0]]> : tensor<2x5xf32>
  %w = zorro.softmax %s : tensor<2x5xf32> loc("/pool/Softmax")
  %z = arith.constant dense<0.0> : tensor<2x4xf32>
  %r = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%w, %x : tensor<2x5xf32>, tensor<5x4xf32>) outs(%z : tensor<2x4xf32>) {
  ^bb0(%i: f32, %j: f32, %acc: f32):
    %m = arith.mulf %i, %j : f32
    %t = arith.addf %acc, %m : f32
    linalg.yield %t : f32
  } -> tensor<2x4xf32> loc("/pool/MatMul")
  %y1 = tensor.extract_slice %r[0, 0] [1, 4] [1, 1] : tensor<2x4xf32> to tensor<1x4xf32>
  %a0 = tensor.extract_slice %audio[0, 0] [1, 4] [1, 1] : tensor<2x4xf32> to tensor<1x4xf32>
  %v0 = tensor.extract_slice %video[0, 0] [1, 4] [1, 1] : tensor<3x4xf32> to tensor<1x4xf32>
  %c = tensor.concat dim(1) %a0, %v0 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x8xf32>
  %k = arith.constant dense<1.5> : tensor<8x4xf32>
  %l = zorro.contract %c, %k : tensor<1x8xf32>, tensor<8x4xf32> -> tensor<1x4xf32> loc("/fc")
  return %y0, %y1, %l : tensor<1x1x1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>
}
