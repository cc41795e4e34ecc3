// Dependence that only a wholly padded row brings is conditional: it is named with its node, rows
// and padding, and the promise of live rows takes it away.
// RUN: zorro-opt %s --split-input-file --zorro-explain -o /dev/null | FileCheck %s
// RUN: zorro-opt %s --split-input-file --zorro-explain=json -o /dev/null | FileCheck %s --check-prefix=JSON

#tokens = #zorro.streams<audio: 2, video: 3>
#mean = #zorro.mask<audio: 2 -> [audio], video: 3 -> [video] over audio: 2, video: 3 empty uniform>
#zero = #zorro.mask<audio: 2 -> [audio], video: 3 -> [video] over audio: 2, video: 3 empty zero>
// The mean of all tokens: conditional. Padding itself is always needed.
// CHECK:                audio   video   keep
// CHECK-NEXT: {{^}}audio_out     ●       ◐      ●     video (conditional): node /0/attn: rows 0…1 (audio) average all 5 tokens where 'keep' leaves them no key
// CHECK-NEXT: keep: node /0/attn: rows 0…1 (audio) attend the keys that 'keep' leaves
// -inf makes zeros of such rows, and only padding says where.
// CHECK-NEXT: {{^}}zero_out      ●       ·      ●     audio: node /1/attn: rows 0…1 (audio) attend 0…1 (audio)
// CHECK-NEXT: keep: node /1/attn: rows 0…1 (audio) attend the keys that 'keep' leaves
// CHECK-NEXT: {{^}}all_out       ●       ●      ●
// CHECK: keep: node /1/attn
// CHECK-NEXT: ◐ only where a row is wholly padded at run time: --assume-live-rows promises that none is
// JSON: "audio_out": {
// JSON: "conditional": [
// JSON-NEXT: "video"
// JSON-NEXT: ],
// JSON: "why": {
// JSON: "video": "node /0/attn: rows 0…1 (audio) average all 5 tokens where 'keep' leaves them no key"
// JSON: "segments": []
// JSON-NEXT: "grid": {
// JSON-NEXT: "shape": [1, 1, 2, 4],
// JSON-NEXT: "cuts": {{\[\[}}0, 1], [0, 1], [0, 2], [0, 4]],
// JSON-NEXT: "cells": [
// JSON-NEXT: {"kind": "any", "depends": ["audio", "video", "keep"]}
// The whole of it, segment by segment.
// JSON: "all_out": {
// JSON: "segments": [
// JSON-NEXT: {"axis": 2, "begin": 0, "end": 2, "depends": ["audio", "keep"]},
// JSON-NEXT: {"axis": 2, "begin": 2, "end": 5, "depends": ["video", "keep"]}
func.func @main(%audio: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %video: tensor<1x1x3x4xf32> {zorro.name = "video"}, %keep: tensor<1x5xi1> {zorro.name = "keep"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "audio_out"}, tensor<1x1x2x4xf32> {zorro.name = "zero_out"}, tensor<1x1x5x4xf32> {zorro.name = "all_out"}) {
  %x = zorro.join %audio, %video axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x5x4xf32>
  %0 = zorro.attention %x, %x, %x padding %keep : tensor<1x5xi1> mask #mean scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("/0/attn")
  %1 = zorro.attention %x, %x, %x padding %keep : tensor<1x5xi1> mask #zero scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("/1/attn")
  %y0 = tensor.extract_slice %0[0, 0, 0, 0] [1, 1, 2, 4] [1, 1, 1, 1] : tensor<1x1x5x4xf32> to tensor<1x1x2x4xf32>
  %y1 = tensor.extract_slice %1[0, 0, 0, 0] [1, 1, 2, 4] [1, 1, 1, 1] : tensor<1x1x5x4xf32> to tensor<1x1x2x4xf32>
  return %y0, %y1, %1 : tensor<1x1x2x4xf32>, tensor<1x1x2x4xf32>, tensor<1x1x5x4xf32>
}

// -----

// Under the promise nothing is conditional.
#tokens = #zorro.streams<audio: 2, video: 3>
#mean = #zorro.mask<audio: 2 -> [audio], video: 3 -> [video] over audio: 2, video: 3 empty uniform>
// CHECK: audio_out     ●       ·      ●
// CHECK-NOT: ◐
// CHECK: assumed: no row is padded away
module attributes {zorro.assume_live_rows, zorro.assumptions = ["no row is padded away"]} {
func.func @main(%audio: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %video: tensor<1x1x3x4xf32> {zorro.name = "video"}, %keep: tensor<1x5xi1> {zorro.name = "keep"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "audio_out"}) {
  %x = zorro.join %audio, %video axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x5x4xf32>
  %0 = zorro.attention %x, %x, %x padding %keep : tensor<1x5xi1> mask #mean scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("/0/attn")
  %y0 = tensor.extract_slice %0[0, 0, 0, 0] [1, 1, 2, 4] [1, 1, 1, 1] : tensor<1x1x5x4xf32> to tensor<1x1x2x4xf32>
  return %y0 : tensor<1x1x2x4xf32>
}
}

// -----

// A softmax that was left dense: two finite fills in a row.
#i = affine_map<(i, j) -> (i, j)>
#j = affine_map<(i, j) -> (j)>
#p = affine_map<(i, j, k) -> (i, k)>
#v = affine_map<(i, j, k) -> (k, j)>
#o = affine_map<(i, j, k) -> (i, j)>
#tokens = #zorro.streams<audio: 1, video: 2>
// The only live key of a row weighs 1 if it is there: then padding does not matter either.
// CHECK: first     ●       ◐      ◐     audio: through /MatMul
// CHECK-NEXT: video (conditional): node /Softmax: row 0 averages all 3 tokens where 'keep' leaves it no key
func.func @main(%audio: tensor<1x4xf32> {zorro.name = "audio"}, %video: tensor<2x4xf32> {zorro.name = "video"}, %keep: tensor<3xi1> {zorro.name = "keep"})
    -> (tensor<1x4xf32> {zorro.name = "first"}) {
  %x = zorro.join %audio, %video axis 0 of #tokens : tensor<1x4xf32>, tensor<2x4xf32> -> tensor<3x4xf32>
  %z3 = arith.constant dense<0.0> : tensor<3x3xf32>
  %e = tensor.empty() : tensor<3x3xf32>
  %t = tensor.empty() : tensor<4x3xf32>
  %xt = linalg.transpose ins(%x : tensor<3x4xf32>) outs(%t : tensor<4x3xf32>) permutation = [1, 0]
  %s = zorro.contract %x, %xt : tensor<3x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32> loc("/Scores")
  %m = arith.constant dense<[[true, false, false], [false, true, true], [false, true, true]]> : tensor<3x3xi1>
  %d = linalg.generic {indexing_maps = [#i, #j, #i, #i], iterator_types = ["parallel", "parallel"]}
      ins(%m, %keep, %s : tensor<3x3xi1>, tensor<3xi1>, tensor<3x3xf32>) outs(%e : tensor<3x3xf32>) {
  ^bb0(%c: i1, %k: i1, %l: f32, %u: f32):
    %low = arith.constant -3.0e38 : f32
    %both = arith.andi %c, %k : i1
    %r = arith.select %both, %l, %low : f32
    linalg.yield %r : f32
  } -> tensor<3x3xf32> loc("/Where")
  %w = zorro.softmax %d : tensor<3x3xf32> loc("/Softmax")
  %z = arith.constant dense<0.0> : tensor<3x4xf32>
  %r = linalg.generic {indexing_maps = [#p, #v, #o], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%w, %x : tensor<3x3xf32>, tensor<3x4xf32>) outs(%z : tensor<3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %n = arith.mulf %a, %b : f32
    %q = arith.addf %acc, %n : f32
    linalg.yield %q : f32
  } -> tensor<3x4xf32> loc("/MatMul")
  %y = tensor.extract_slice %r[0, 0] [1, 4] [1, 1] : tensor<3x4xf32> to tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

// A statistic over the batch, where two inputs lie side by side.
#x = affine_map<(j, i) -> (i, j)>
#s = affine_map<(j, i) -> (j)>
// CHECK: left_out     ●     ●    right: node /norm/ReduceMean takes a statistic over axis 0, so it joins it with other inputs
func.func @main(%left: tensor<2x4xf32> {zorro.name = "left"}, %right: tensor<3x4xf32> {zorro.name = "right"}) -> (tensor<4xf32> {zorro.name = "left_out"}) {
  %0 = tensor.concat dim(0) %left, %right : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
  %z = arith.constant dense<0.0> : tensor<4xf32>
  %1 = linalg.generic {indexing_maps = [#x, #s], iterator_types = ["parallel", "reduction"]} ins(%0 : tensor<5x4xf32>) outs(%z : tensor<4xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %q = arith.addf %acc, %a : f32
    linalg.yield %q : f32
  } -> tensor<4xf32> loc("/norm/ReduceMean")
  return %1 : tensor<4xf32>
}

// -----

// Inputs that nothing needs, and why not.
#i = affine_map<(i) -> (i)>
// CHECK: y    ●     ·      ·       ·
// CHECK-NEXT: input 'off' is dead: no output depends on its values; its influence ends at node /Mul
// CHECK-NEXT: input 'loose' is dead: no output depends on its values; what is made of it reaches no output
// CHECK-NEXT: input 'unread' is dead: no output depends on its values; nothing reads it
func.func @main(%x: tensor<3xf32> {zorro.name = "x"}, %off: tensor<3xf32> {zorro.name = "off"}, %loose: tensor<3xf32> {zorro.name = "loose"}, %unread: tensor<3xf32> {zorro.name = "unread"})
    -> (tensor<3xf32> {zorro.name = "y"}) {
  %e = tensor.empty() : tensor<3xf32>
  %z = arith.constant dense<0.0> : tensor<3xf32>
  %0 = linalg.generic {indexing_maps = [#i, #i, #i], iterator_types = ["parallel"]} ins(%off, %z : tensor<3xf32>, tensor<3xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%a: f32, %b: f32, %u: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<3xf32> loc("/Mul")
  %1 = linalg.generic {indexing_maps = [#i, #i, #i], iterator_types = ["parallel"]} ins(%x, %0 : tensor<3xf32>, tensor<3xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%a: f32, %b: f32, %u: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<3xf32> loc("/Add")
  %2 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%loose : tensor<3xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%a: f32, %u: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<3xf32> loc("/Exp")
  return %1 : tensor<3xf32>
}
