// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-name-streams | FileCheck %s
// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-name-streams --zorro-name-streams | FileCheck %s

// Segments are named after the inputs behind them; the concatenation becomes a join, whatever rows
// lie between it and the attention. Learned queries are named after what they see, and slices of
// them become takes.
#m = #zorro.mask<s0: 2 -> [s0], s1: 1 -> [all], s2: 3 -> [s2] over s0: 2, s1: 1, s2: 3 empty nan>
#p = #zorro.mask<s0: 1 -> [s0], s1: 1 -> [s1], s2: 1 -> [s2], s3: 1 -> [all] over s0: 2, s1: 1, s2: 3 empty nan>
zorro.weight @fusion : tensor<1x1x4xf32> from "m"[0, 16] stored tensor<1x1x4xf32> hash "00"
zorro.weight @queries : tensor<1x1x4x4xf32> from "m"[16, 64] stored tensor<1x1x4x4xf32> hash "01"
// CHECK-LABEL: func @named
func.func @named(%a: tensor<1x2x4xf32> {zorro.name = "spectrogram", zorro.modality = "audio"}, %v: tensor<1x3x4xf32> {zorro.name = "video"}) -> (tensor<1x1x1x4xf32>, tensor<1x1x2x4xf32>) {
  %f = zorro.weight_ref @fusion : tensor<1x1x4xf32>
  %q = zorro.weight_ref @queries : tensor<1x1x4x4xf32>
  // CHECK: %[[X:.*]] = zorro.join %arg0, %{{.*}}, %arg1 axis 1 of <audio: 2, fusion: 1, video: 3>
  %x = tensor.concat dim(1) %a, %f, %v : (tensor<1x2x4xf32>, tensor<1x1x4xf32>, tensor<1x3x4xf32>) -> tensor<1x6x4xf32>
  %g = zorro.gelu %x erf : tensor<1x6x4xf32>
  %h = tensor.expand_shape %g [[0, 1], [2], [3]] output_shape [1, 1, 6, 4] : tensor<1x6x4xf32> into tensor<1x1x6x4xf32>
  // CHECK: zorro.attention {{.*}} mask <audio: 2 -> [audio], fusion: 1 -> [all], video: 3 -> [video] over audio: 2, fusion: 1, video: 3 empty nan>
  %o = zorro.attention %h, %h, %h mask #m scale 1.0 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32>
  // CHECK: %[[P:.*]] = zorro.attention {{.*}} mask <audio: 1 -> [audio], fusion: 1 -> [fusion], video: 1 -> [video], global: 1 -> [all] over audio: 2, fusion: 1, video: 3 empty nan>
  %p = zorro.attention %q, %o, %o mask #p scale 1.0 : tensor<1x1x4x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x4x4xf32>
  // CHECK: %[[S:.*]] = zorro.take %[[P]][3, 1] axis 2 of <audio: 1, fusion: 1, video: 1, global: 1>
  %s = tensor.extract_slice %p[0, 0, 3, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x4x4xf32> to tensor<1x1x1x4xf32>
  // CHECK: %[[T:.*]] = zorro.take %{{.*}}[0, 1] axis 2 of <audio: 2, fusion: 1, video: 3>
  %t = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 2, 4] [1, 1, 1, 1] : tensor<1x1x6x4xf32> to tensor<1x1x2x4xf32>
  // CHECK: return %[[S]], %[[T]]
  return %s, %t : tensor<1x1x1x4xf32>, tensor<1x1x2x4xf32>
}

// -----

// Segments finer and coarser than the pieces: a piece is cut, two pieces are one part. Names that
// occur twice are numbered; a segment of both inputs carries both names.
#m = #zorro.mask<s0: 1 -> [s0], s1: 2 -> [s1], s2: 3 -> [all] over s0: 1, s1: 2, s2: 3 empty nan>
// CHECK-LABEL: func @pieces
func.func @pieces(%a: tensor<1x1x3x4xf32> {zorro.name = "audio"}, %b: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x1x4xf32> {zorro.name = "video"}) -> tensor<1x1x6x4xf32> {
  // CHECK-DAG: %[[A0:.*]] = tensor.extract_slice %arg0[0, 0, 0, 0] [1, 1, 1, 4]
  // CHECK-DAG: %[[A1:.*]] = tensor.extract_slice %arg0[0, 0, 1, 0] [1, 1, 2, 4]
  // CHECK-DAG: %[[B:.*]] = tensor.concat dim(2) %arg1, %arg2
  // CHECK: zorro.join %[[A0]], %[[A1]], %[[B]] axis 2 of <audio0: 1, audio1: 2, audio_video: 3>
  %x = tensor.concat dim(2) %a, %b, %v : (tensor<1x1x3x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x1x6x4xf32>
  %o = zorro.attention %x, %x, %x mask #m scale 1.0 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32>
  return %o : tensor<1x1x6x4xf32>
}

// -----

// Two masks over one sequence get the cuts of both.
#m = #zorro.mask<s0: 2 -> [s0], s1: 2 -> [all] over s0: 2, s1: 2 empty nan>
#n = #zorro.mask<s0: 3 -> [s0], s1: 1 -> [all] over s0: 3, s1: 1 empty nan>
// CHECK-LABEL: func @refined
func.func @refined(%a: tensor<1x1x3x4xf32> {zorro.name = "a"}, %b: tensor<1x1x1x4xf32> {zorro.name = "b"}) -> tensor<1x1x4x4xf32> {
  %x = tensor.concat dim(2) %a, %b : (tensor<1x1x3x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x1x4x4xf32>
  // CHECK: mask <a0: 2 -> [a0], a1: 1 -> [all], b: 1 -> [all] over a0: 2, a1: 1, b: 1 empty nan>
  %o = zorro.attention %x, %x, %x mask #m scale 1.0 : tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32> -> tensor<1x1x4x4xf32>
  // CHECK: mask <a0: 2 -> [a0, a1], a1: 1 -> [a0, a1], b: 1 -> [all] over a0: 2, a1: 1, b: 1 empty nan>
  %p = zorro.attention %o, %o, %o mask #n scale 1.0 : tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32> -> tensor<1x1x4x4xf32>
  return %p : tensor<1x1x4x4xf32>
}

// -----

// Without a mask nothing is a stream; a sequence that no concatenation makes keeps its names.
#m = #zorro.mask<s0: 2 -> [s0], s1: 2 -> [all] over s0: 2, s1: 2 empty nan>
// CHECK-LABEL: func @left_alone
func.func @left_alone(%a: tensor<1x1x2x4xf32>, %k: tensor<1x1x4x4xf32>) -> (tensor<1x1x4x4xf32>, tensor<1x1x2x4xf32>) {
  // CHECK: tensor.concat
  %x = tensor.concat dim(2) %a, %a : (tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>) -> tensor<1x1x4x4xf32>
  %o = zorro.attention %x, %x, %x scale 1.0 : tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32> -> tensor<1x1x4x4xf32>
  // CHECK: tensor.extract_slice
  %s = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 2, 4] [1, 1, 1, 1] : tensor<1x1x4x4xf32> to tensor<1x1x2x4xf32>
  // CHECK: mask <s0: 2 -> [s0], s1: 2 -> [all] over s0: 2, s1: 2 empty nan>
  %p = zorro.attention %k, %k, %k mask #m scale 1.0 : tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32> -> tensor<1x1x4x4xf32>
  return %p, %s : tensor<1x1x4x4xf32>, tensor<1x1x2x4xf32>
}

// -----

// Bands and key ranges are counted from the beginnings of the finer segments.
// CHECK-LABEL: func @finer
func.func @finer(%a: tensor<1x2x4xf32> {zorro.name = "a"}, %b: tensor<1x3x4xf32> {zorro.name = "b"}) -> (tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>) {
  %x = tensor.concat dim(1) %a, %b : (tensor<1x2x4xf32>, tensor<1x3x4xf32>) -> tensor<1x5x4xf32>
  %h = tensor.expand_shape %x [[0], [1, 2], [3]] output_shape [1, 1, 5, 4] : tensor<1x5x4xf32> into tensor<1x1x5x4xf32>
  %first = tensor.extract_slice %x[0, 0, 0] [1, 2, 4] [1, 1, 1] : tensor<1x5x4xf32> to tensor<1x2x4xf32>
  // CHECK: zorro.attention {{.*}} mask <a: 2 -> [a causal], b: 3 -> [a, b causal] over a: 2, b: 3 empty nan>
  %0 = zorro.attention %h, %h, %h mask <s0: 5 -> [s0 causal] over s0: 5 empty nan> scale 1.0 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32>
  // CHECK: zorro.attention {{.*}} mask <a: 2 -> [a keys(1, 2), b keys(0, 1, 2, 3)], b: 3 -> [a keys(1, 2), b keys(0, 1, 2, 3)] over a: 2, b: 3 empty nan>
  %1 = zorro.attention %h, %h, %h mask <s0: 5 -> [s0 keys(1, 3, 4, 5)] over s0: 5 empty nan> scale 1.0 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32>
  return %0, %1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>
}
