// The other meaning of "no video": its tokens are masked out, fusion stays.
// RUN: zorro-opt %s --split-input-file --mlir-print-local-scope --zorro-specialise="entries=fused absent=video" 2>%t.err | FileCheck %s
// RUN: FileCheck %s --input-file=%t.err --check-prefix=NOTE
// RUN: not zorro-opt %s --split-input-file --zorro-specialise="absent=video keep=video_out" 2>&1 | FileCheck %s --check-prefix=KEEP
// RUN: not zorro-opt %s --split-input-file --zorro-specialise="absent=smell" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not zorro-opt %s --split-input-file --zorro-specialise="absent=audio+video" 2>&1 | FileCheck %s --check-prefix=ALL

// KEEP: error: refused: 'video_out' needs 'video' and cannot be cut free for 'without_video'
// UNKNOWN: error: usage: expected a modality of the model (audio, video) but got 'smell'
// ALL: error: refused: no output is left for 'without_audio+video'

// Two layers: fusion reads video in the first, so all that reads fusion changes; the audio output
// does not. Masked keys are gone altogether.
// NOTE: warning: @without_video masks out the tokens of absent inputs, as padding would; this changes fusion_out
// NOTE: remark: @without_video does not give 'video_out': it needs 'video': zorro.attention: rows 3…5 (video) attend 3…5 (video)
// CHECK: zorro.assumptions = ["known", "@without_video masks out the tokens of absent inputs, as padding would; this changes fusion_out"]
// CHECK-LABEL: func.func @fused(
// CHECK-LABEL: func.func @without_video(
// CHECK-SAME: %[[A:[^ ]*]]: tensor<1x1x2x4xf32> {zorro.name = "audio"}) -> (tensor<1x1x2x4xf32> {zorro.name = "audio_out"}, tensor<1x1x1x4xf32> {zorro.name = "fusion_out"})
// CHECK: %[[X:.*]] = zorro.join %[[A]], %{{.*}} axis 2 of <audio: 2, fusion: 1>
// CHECK: %[[L0:.*]] = zorro.attention %[[X]], %[[X]], %[[X]] mask <audio: 2 -> [audio], fusion: 1 -> [all] over audio: 2, fusion: 1 empty nan>
// CHECK: zorro.attention %[[L0]], %[[L0]], %[[L0]] mask <audio: 2 -> [audio], fusion: 1 -> [all] over audio: 2, fusion: 1 empty nan>
// CHECK-NOT: .masked
#tokens = #zorro.streams<audio: 2, fusion: 1, video: 3>
#routes = #zorro.mask<audio: 2 -> [audio], fusion: 1 -> [all], video: 3 -> [video] over audio: 2, fusion: 1, video: 3 empty nan>
module attributes {zorro.phase = "zorro", zorro.assumptions = ["known"]} {
func.func @main(%a: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x3x4xf32> {zorro.name = "video"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "audio_out"}, tensor<1x1x1x4xf32> {zorro.name = "fusion_out"}, tensor<1x1x3x4xf32> {zorro.name = "video_out"}) {
  %f = arith.constant dense<1.0> : tensor<1x1x1x4xf32>
  %x = zorro.join %a, %f, %v axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x6x4xf32>
  %0 = zorro.attention %x, %x, %x mask #routes scale 0.5 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32>
  %1 = zorro.attention %0, %0, %0 mask #routes scale 0.5 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32>
  %ya = zorro.take %1 [0, 1] axis 2 of #tokens : tensor<1x1x6x4xf32> -> tensor<1x1x2x4xf32>
  %yf = zorro.take %1 [1, 1] axis 2 of #tokens : tensor<1x1x6x4xf32> -> tensor<1x1x1x4xf32>
  %yv = zorro.take %1 [2, 1] axis 2 of #tokens : tensor<1x1x6x4xf32> -> tensor<1x1x3x4xf32>
  return %ya, %yf, %yv : tensor<1x1x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1x1x3x4xf32>
}
}

// -----

// Everyone sees everyone: without a mask, video is found by what its tokens are made of. Its rows
// read audio, yet in the second layer they are still video's.
// CHECK-LABEL: func.func @without_video(
// CHECK-SAME: %[[A:[^ ]*]]: tensor<1x1x2x4xf32> {zorro.name = "audio"}) -> (tensor<1x1x2x4xf32> {zorro.name = "audio_out"})
// NOTE: warning: @without_video does not give 'all_out': it needs 'video'
// CHECK: %[[L0:.*]] = zorro.attention %[[A]], %[[A]], %[[A]] scale
// CHECK: %[[L1:.*]] = zorro.attention %[[L0]], %[[L0]], %[[L0]] scale
// CHECK: return %[[L1]]
#both = #zorro.streams<audio: 2, video: 3>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x3x4xf32> {zorro.name = "video"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "audio_out"}, tensor<1x1x5x4xf32> {zorro.name = "all_out"}) {
  %x = zorro.join %a, %v axis 2 of #both : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x5x4xf32>
  %0 = zorro.attention %x, %x, %x scale 0.5 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32>
  %1 = zorro.attention %0, %0, %0 scale 0.5 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32>
  %ya = zorro.take %1 [0, 1] axis 2 of #both : tensor<1x1x5x4xf32> -> tensor<1x1x2x4xf32>
  return %ya, %1 : tensor<1x1x2x4xf32>, tensor<1x1x5x4xf32>
}
}

// -----

// Video reads audio across, then all read all: rows of video that would see nothing absent are
// severed, so that they stay video's. With the tokens of video before those of audio.
// CHECK-LABEL: func.func @without_video(
// CHECK-SAME: %[[A:[^ ]*]]: tensor<1x1x2x4xf32> {zorro.name = "audio"})
// CHECK-NEXT: %[[Y:.*]] = zorro.attention %[[A]], %[[A]], %[[A]] scale
// CHECK-NEXT: return %[[Y]]
#both = #zorro.streams<video: 3, audio: 2>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x3x4xf32> {zorro.name = "video"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "audio_out"}) {
  %c = zorro.attention %v, %a, %a scale 0.5 : tensor<1x1x3x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32> -> tensor<1x1x3x4xf32>
  %x = zorro.join %c, %a axis 2 of #both : tensor<1x1x3x4xf32>, tensor<1x1x2x4xf32> -> tensor<1x1x5x4xf32>
  %0 = zorro.attention %x, %x, %x scale 0.5 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32>
  %ya = zorro.take %0 [1, 1] axis 2 of #both : tensor<1x1x5x4xf32> -> tensor<1x1x2x4xf32>
  return %ya : tensor<1x1x2x4xf32>
}
}

// -----

// A row that sees video alone would become empty: it stays, and its output is not given.
// NOTE: remark: @without_video does not give 'pooled': it needs 'video'
// CHECK-LABEL: func.func @without_video(
// CHECK-SAME: -> (tensor<1x1x1x4xf32> {zorro.name = "all"})
#both = #zorro.streams<audio: 2, video: 3>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x3x4xf32> {zorro.name = "video"})
    -> (tensor<1x1x1x4xf32> {zorro.name = "pooled"}, tensor<1x1x1x4xf32> {zorro.name = "all"}) {
  %q = arith.constant dense<1.0> : tensor<1x1x2x4xf32>
  %x = zorro.join %a, %v axis 2 of #both : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x5x4xf32>
  %0 = zorro.attention %q, %x, %x mask <v: 1 -> [video], g: 1 -> [all] over audio: 2, video: 3 empty zero> scale 0.5 : tensor<1x1x2x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x2x4xf32>
  %p = tensor.extract_slice %0[0, 0, 0, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x2x4xf32> to tensor<1x1x1x4xf32>
  %g = tensor.extract_slice %0[0, 0, 1, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x2x4xf32> to tensor<1x1x1x4xf32>
  return %p, %g : tensor<1x1x1x4xf32>, tensor<1x1x1x4xf32>
}
}

// -----

// Padding of the others decides on keys in rows of video too; still these stay video's, and the rows
// around them stay one tensor.
// CHECK-LABEL: func.func @without_video(
// CHECK-SAME: %[[A:[^ ]*]]: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %[[P:[^ ]*]]: tensor<1x6xi1> {zorro.name = "keep"}) -> (tensor<1x1x1x4xf32> {zorro.name = "fusion_out"})
// CHECK-NOT: tensor.concat dim(2)
// CHECK: %[[L0:.*]] = zorro.attention {{.*}} padding %{{.*}} : tensor<1x3xi1> mask <audio: 2 -> [audio], fusion: 1 -> [all] over audio: 2, fusion: 1 empty nan>
// CHECK-NOT: tensor.concat dim(2)
// CHECK: zorro.attention %{{[^ ]*}}, %[[L0]], %[[L0]] padding %{{.*}} : tensor<1x3xi1> scale
#tokens = #zorro.streams<audio: 2, video: 3, fusion: 1>
#routes = #zorro.mask<audio: 2 -> [audio], video: 3 -> [video], fusion: 1 -> [all] over audio: 2, video: 3, fusion: 1 empty nan>
module attributes {zorro.phase = "zorro"} {
func.func @main(%a: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x3x4xf32> {zorro.name = "video"}, %p: tensor<1x6xi1> {zorro.name = "keep"})
    -> (tensor<1x1x1x4xf32> {zorro.name = "fusion_out"}) {
  %f = arith.constant dense<1.0> : tensor<1x1x1x4xf32>
  %x = zorro.join %a, %v, %f axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32>, tensor<1x1x1x4xf32> -> tensor<1x1x6x4xf32>
  %0 = zorro.attention %x, %x, %x padding %p : tensor<1x6xi1> mask #routes scale 0.5 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32>
  %1 = zorro.attention %0, %0, %0 padding %p : tensor<1x6xi1> mask #routes scale 0.5 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32>
  %yf = zorro.take %1 [2, 1] axis 2 of #tokens : tensor<1x1x6x4xf32> -> tensor<1x1x1x4xf32>
  return %yf : tensor<1x1x1x4xf32>
}
}
