// RUN: zorro-opt %s --split-input-file --zorro-plan-launches=cpu=x86-64-v3 | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// Two entry points share a weight, packed once; the buffer between the calls lies in the arena, what
// is returned in the output; a weight that nothing reads is gone.
module attributes {zorro.phase = "fused"} {
// CHECK-NOT: @unused
// CHECK: zorro.weight @w.pack24 : tensor<1x8x24xf32> {{.*}}recipe [#zorro.pack<24>]
// CHECK-NEXT: zorro.weight @w : tensor<8x8xf32>
// CHECK-NOT: zorro.weight
zorro.weight @w : tensor<8x8xf32> from "m"[0, 256] stored tensor<8x8xf32> hash ""
zorro.weight @unused : tensor<8x8xf32> from "m"[0, 256] stored tensor<8x8xf32> hash ""
zorro.kernel @project contract because "rows times a weight" {
^bb0(%x: tensor<?x?x8xf32>, %w: tensor<8x8xf32>):
  %y = zorro.contract %x, %w : tensor<?x?x8xf32>, tensor<8x8xf32> -> tensor<?x?x8xf32>
  zorro.yield %y : tensor<?x?x8xf32>
}
zorro.kernel @copy move because "" {
^bb0(%x: tensor<?xf32>, %out: tensor<?xf32>):
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%out : tensor<?xf32>) {
  ^bb1(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<?xf32>
  zorro.yield %y : tensor<?xf32>
}
// CHECK-LABEL: func.func @fused()
// CHECK-SAME: zorro.arena = 192 : i64
// CHECK-SAME: zorro.inputs = [{modality = "sound", name = "audio", type = tensor<1x5x8xf32>}]
// CHECK-SAME: zorro.outputs = [{modality = "y", name = "y", type = tensor<1x5x8xf32>}]
func.func @fused(%x: tensor<1x5x8xf32> {zorro.name = "audio", zorro.modality = "sound"}) -> (tensor<1x5x8xf32> {zorro.name = "y"}) {
  %w = zorro.weight_ref @w : tensor<8x8xf32>
  %e = tensor.empty() : tensor<1x5x8xf32>
  // CHECK: zorro.launch @project tasks {{.*}} places [#zorro.place<input 0, 0>, #zorro.place<weight @w.pack24, 0>, #zorro.place<arena, 0>] {{.*}} {zorro.streams = "sound"}
  %0 = zorro.call @project(%x, %w) into %e shape tensor<1x5x8xf32> offset 0 strides [40, 8, 1] {zorro.streams = "sound"} : (tensor<1x5x8xf32>, tensor<8x8xf32>) into tensor<1x5x8xf32> -> tensor<1x5x8xf32>
  // Equal tensor.empty operations may have been merged: the two results are two buffers.
  // CHECK: zorro.launch @project tasks {{.*}} places [#zorro.place<arena, 0>, #zorro.place<weight @w.pack24, 0>, #zorro.place<output 0, 0>] scalars [{{[0-9, ]*}}] multiply_adds {{[0-9]+}} bytes {{[0-9]+$}}
  %1 = zorro.call @project(%0, %w) into %e shape tensor<1x5x8xf32> offset 0 strides [40, 8, 1] : (tensor<1x5x8xf32>, tensor<8x8xf32>) into tensor<1x5x8xf32> -> tensor<1x5x8xf32>
  return %1 : tensor<1x5x8xf32>
}
// A weight that is read as it is stays unpacked beside its packed form; windows are byte offsets.
// CHECK-LABEL: func.func @audio()
func.func @audio(%x: tensor<1x5x8xf32> {zorro.name = "audio"}) -> (tensor<13x8xf32> {zorro.name = "y"}) {
  %w = zorro.weight_ref @w : tensor<8x8xf32>
  %e = tensor.empty() : tensor<13x8xf32>
  // CHECK: zorro.launch @project {{.*}} places [#zorro.place<input 0, 0>, #zorro.place<weight @w.pack24, 0>, #zorro.place<output 0, 0>]
  %0 = zorro.call @project(%x, %w) into %e shape tensor<1x5x8xf32> offset 0 strides [40, 8, 1] : (tensor<1x5x8xf32>, tensor<8x8xf32>) into tensor<13x8xf32> -> tensor<13x8xf32>
  %v = zorro.view %w offset 8 strides [1] : tensor<8x8xf32> to tensor<56xf32>
  // CHECK: zorro.launch @copy {{.*}} places [#zorro.place<weight @w, 32>, #zorro.place<output 0, 160>]
  %1 = zorro.call @copy(%v) into %0 shape tensor<56xf32> offset 40 strides [1] : (tensor<56xf32>) into tensor<13x8xf32> -> tensor<13x8xf32>
  return %1 : tensor<13x8xf32>
}
}

// -----

// Layers with equal masks share a table; another mask has its own.
module attributes {zorro.phase = "fused"} {
// CHECK: zorro.table @[[A:routes_[0-9]+]]
// CHECK-NEXT: zorro.table @[[B:routes_[0-9]+]]
// CHECK-NOT: zorro.table
zorro.kernel @attend attention because "" {
^bb0(%q: tensor<?x?x?x8xf32>, %k: tensor<?x?x?x8xf32>, %v: tensor<?x?x?x8xf32>):
  %0 = zorro.attention %q, %k, %v scale 1.0 : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32> -> tensor<?x?x?x8xf32>
  zorro.yield %0 : tensor<?x?x?x8xf32>
}
// CHECK-LABEL: func.func @fused()
func.func @fused(%x: tensor<1x2x5x8xf32> {zorro.name = "x"}) -> (tensor<1x2x5x8xf32> {zorro.name = "y"}) {
  %e = tensor.empty() : tensor<1x2x5x8xf32>
  // CHECK: zorro.launch @attend {{.*}}#zorro.place<table @[[A]], 0>]
  %0 = zorro.call @attend(%x, %x, %x) into %e shape tensor<1x2x5x8xf32> offset 0 strides [80, 40, 8, 1] mask <a: 2 -> [a], b: 3 -> [b] over a: 2, b: 3 empty nan> scale 0.5 : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) into tensor<1x2x5x8xf32> -> tensor<1x2x5x8xf32>
  // CHECK: zorro.launch @attend {{.*}}#zorro.place<table @[[A]], 0>]
  %1 = zorro.call @attend(%0, %0, %0) into %e shape tensor<1x2x5x8xf32> offset 0 strides [80, 40, 8, 1] mask <a: 2 -> [a], b: 3 -> [b] over a: 2, b: 3 empty nan> scale 0.5 : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) into tensor<1x2x5x8xf32> -> tensor<1x2x5x8xf32>
  // CHECK: zorro.launch @attend {{.*}}#zorro.place<table @[[B]], 0>]
  %2 = zorro.call @attend(%1, %1, %1) into %e shape tensor<1x2x5x8xf32> offset 0 strides [80, 40, 8, 1] mask <a: 2 -> [a], b: 3 -> [all] over a: 2, b: 3 empty nan> scale 0.5 : (tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x5x8xf32>) into tensor<1x2x5x8xf32> -> tensor<1x2x5x8xf32>
  return %2 : tensor<1x2x5x8xf32>
}
}

// -----

// A table: for each block of 24 queries its spans; then the spans. Six of six queries see keys 0 to 2
// and of keys 2 to 8 those up to their own place; a key of padding costs the kernel a scalar: 0 where
// one row of it serves the batch.
module attributes {zorro.phase = "fused"} {
// CHECK: zorro.table @routes_0 [0, 6, 7, 2, 2, 7, 0, 1, 0, 0, 2, 2, -536870912, 536870912, 0, 2, 2, 2, 8, 3, -536870912, 2, 0]
zorro.kernel @attend attention because "" {
^bb0(%q: tensor<?x?x?x8xf32>, %k: tensor<?x?x?x8xf32>, %v: tensor<?x?x?x8xf32>, %keep: tensor<?x?xi1>):
  %0 = zorro.attention %q, %k, %v padding %keep : tensor<?x?xi1> scale 1.0 : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32> -> tensor<?x?x?x8xf32>
  zorro.yield %0 : tensor<?x?x?x8xf32>
}
func.func @fused(%q: tensor<3x2x6x8xf32> {zorro.name = "q"}, %x: tensor<3x2x8x8xf32> {zorro.name = "x"}, %one: tensor<1x8xi1> {zorro.name = "one"}, %all: tensor<3x8xi1> {zorro.name = "all"}) -> (tensor<3x2x6x8xf32> {zorro.name = "y"}, tensor<3x2x6x8xf32> {zorro.name = "z"}) {
  %e = tensor.empty() : tensor<3x2x6x8xf32>
  // CHECK: zorro.launch @attend tasks 6 places [#zorro.place<input 0, 0>, #zorro.place<input 1, 0>, #zorro.place<input 1, 0>, #zorro.place<input 2, 0>, #zorro.place<output 0, 0>, #zorro.place<table @routes_0, 0>] scalars [2, 1, 8, {{.*}}, 96, 48, 8, 0] multiply_adds
  %0 = zorro.call @attend(%q, %x, %x, %one) into %e shape tensor<3x2x6x8xf32> offset 0 strides [96, 48, 8, 1] mask <t: 6 -> [a, t causal] over a: 2, t: 6 empty zero> scale 0.5 : (tensor<3x2x6x8xf32>, tensor<3x2x8x8xf32>, tensor<3x2x8x8xf32>, tensor<1x8xi1>) into tensor<3x2x6x8xf32> -> tensor<3x2x6x8xf32>
  // CHECK: zorro.launch @attend {{.*}}#zorro.place<input 3, 0>{{.*}} scalars [{{.*}}, 96, 48, 8, 8] multiply_adds
  %1 = zorro.call @attend(%q, %x, %x, %all) into %e shape tensor<3x2x6x8xf32> offset 0 strides [96, 48, 8, 1] mask <t: 6 -> [a, t causal] over a: 2, t: 6 empty zero> scale 0.5 : (tensor<3x2x6x8xf32>, tensor<3x2x8x8xf32>, tensor<3x2x8x8xf32>, tensor<3x8xi1>) into tensor<3x2x6x8xf32> -> tensor<3x2x6x8xf32>
  return %0, %1 : tensor<3x2x6x8xf32>, tensor<3x2x6x8xf32>
}
}

// -----

// Both results begin as one copy (two equal fills may have become one): it is made twice, once for
// each that is written into it.
#id = affine_map<(d0) -> (d0)>
module attributes {zorro.phase = "fused"} {
zorro.kernel @copy move because "" {
^bb0(%x: tensor<?xf32>, %out: tensor<?xf32>):
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<?xf32>) outs(%out : tensor<?xf32>) {
  ^bb1(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<?xf32>
  zorro.yield %y : tensor<?xf32>
}
// CHECK-LABEL: func.func @twice()
// CHECK: zorro.launch @copy {{.*}} places [#zorro.place<input 0, 0>, #zorro.place<output 1, 0>]
// CHECK-NEXT: zorro.launch @copy {{.*}} places [#zorro.place<input 0, 0>, #zorro.place<output 0, 0>]
// CHECK-NEXT: zorro.launch @copy {{.*}} places [#zorro.place<input 1, 0>, #zorro.place<output 0, 8>]
// CHECK-NEXT: zorro.launch @copy {{.*}} places [#zorro.place<input 1, 0>, #zorro.place<output 1, 4>]
func.func @twice(%x: tensor<4xf32> {zorro.name = "x"}, %z: tensor<2xf32> {zorro.name = "z"}) -> (tensor<4xf32> {zorro.name = "y0"}, tensor<4xf32> {zorro.name = "y1"}) {
  %e = tensor.empty() : tensor<4xf32>
  %0 = zorro.call @copy(%x) into %e shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  %1 = zorro.call @copy(%z) into %0 shape tensor<2xf32> offset 2 strides [1] : (tensor<2xf32>) into tensor<4xf32> -> tensor<4xf32>
  %2 = zorro.call @copy(%z) into %0 shape tensor<2xf32> offset 1 strides [1] : (tensor<2xf32>) into tensor<4xf32> -> tensor<4xf32>
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}
}
