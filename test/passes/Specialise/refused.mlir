// What cannot be proved is refused, with the output and the chain that holds it.
// RUN: zorro-opt %s --split-input-file --verify-diagnostics --zorro-specialise=entries=audio

#tokens = #zorro.streams<audio: 2, fusion: 1, video: 3>
// A pooling row that no key is live for averages all tokens, the other modality's too.
#pool = #zorro.mask<audio: 1 -> [], video: 1 -> [], global: 1 -> [all] over audio: 2, fusion: 1, video: 3 empty uniform>
// expected-error@below {{refused: 'audio_embedding' needs 'video' and cannot be cut free for 'audio': node /pool: row 0 (audio) has no live key and a finite fill, so it averages all 6 tokens}}
// expected-note@below {{the chain: /pool <- /Concat}}
func.func @main(%a: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x3x4xf32> {zorro.name = "video"})
    -> (tensor<1x1x1x4xf32> {zorro.name = "global_embedding"}, tensor<1x1x1x4xf32> {zorro.name = "audio_embedding"}) {
  %f = arith.constant dense<1.0> : tensor<1x1x1x4xf32>
  %q = arith.constant dense<2.0> : tensor<1x1x3x4xf32>
  %x = zorro.join %a, %f, %v axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x6x4xf32> loc("/Concat")
  %o = zorro.attention %q, %x, %x mask #pool scale 5.0e-1 : tensor<1x1x3x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x3x4xf32> loc("/pool")
  %0 = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x3x4xf32> to tensor<1x1x1x4xf32>
  %2 = tensor.extract_slice %o[0, 0, 2, 0] [1, 1, 1, 4] [1, 1, 1, 1] : tensor<1x1x3x4xf32> to tensor<1x1x1x4xf32>
  return %2, %0 : tensor<1x1x1x4xf32>, tensor<1x1x1x4xf32>
}

// -----

// A transposed mask: every stream reads the fusion tokens, and these read every stream. One layer
// is pure, the second leaks.
#tokens = #zorro.streams<audio: 2, fusion: 1, video: 3>
#routes = #zorro.mask<audio: 2 -> [audio, fusion], fusion: 1 -> [all], video: 3 -> [fusion, video] over audio: 2, fusion: 1, video: 3 empty nan>
// expected-error@below {{refused: 'audio_embedding' needs 'video' and cannot be cut free for 'audio': node /1/attn: rows 0…1 (audio) attend 2 (fusion); node /0/attn: row 2 (fusion) attends 3…5 (video)}}
// expected-note@below {{the chain: /1/attn <- /0/attn <- /Concat}}
func.func @main(%a: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x3x4xf32> {zorro.name = "video"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "audio_embedding"}) {
  %f = arith.constant dense<1.0> : tensor<1x1x1x4xf32>
  %x = zorro.join %a, %f, %v axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x6x4xf32> loc("/Concat")
  %0 = zorro.attention %x, %x, %x mask #routes scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("/0/attn")
  %1 = zorro.attention %0, %0, %0 mask #routes scale 5.0e-1 : tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32>, tensor<1x1x6x4xf32> -> tensor<1x1x6x4xf32> loc("/1/attn")
  %2 = zorro.take %1 [0, 1] axis 2 of #tokens : tensor<1x1x6x4xf32> -> tensor<1x1x2x4xf32>
  return %2 : tensor<1x1x2x4xf32>
}

// -----

// expected-error@below {{usage: expected 'fused' or a modality of the model (text, image) but got 'audio'}}
func.func @main(%a: tensor<2xf32> {zorro.name = "text"}, %b: tensor<2xf32> {zorro.name = "image"}) -> tensor<2xf32> {
  return %a : tensor<2xf32>
}

// -----

// expected-error@below {{refused: no output depends on 'audio'}}
func.func @main(%a: tensor<2xf32> {zorro.name = "audio"}, %b: tensor<2xf32> {zorro.name = "video"}) -> (tensor<2xf32> {zorro.name = "y"}) {
  return %b : tensor<2xf32>
}

// -----

// expected-error@below {{expected a function @main to specialise}}
module {
}
