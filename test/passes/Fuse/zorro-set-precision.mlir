// RUN: zorro-opt %s --mlir-print-local-scope --split-input-file --zorro-set-precision=storage=bf16 | FileCheck %s
// RUN: zorro-opt %s --split-input-file --zorro-set-precision=storage=bf16 -o %t.once
// RUN: zorro-opt %s --split-input-file --zorro-set-precision=storage=bf16 --zorro-set-precision=storage=bf16 -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: zorro-opt %s --split-input-file -o %t.before
// RUN: zorro-opt %s --split-input-file --zorro-set-precision -o %t.f32
// RUN: diff %t.before %t.f32
// RUN: not zorro-opt %s --split-input-file --zorro-set-precision=storage=f16 2>&1 | FileCheck %s --check-prefix=USAGE
// USAGE: usage: expected storage f32 or bf16 but got 'f16'

// What products take is bf16: an input is rounded by a copy, a weight by its recipe; the bias stays.
// What is returned stays f32, so that one kernel has two variants.
module attributes {zorro.phase = "fused"} {
// CHECK: zorro.weight @w : tensor<4x4xbf16> from "m"[0, 64] stored tensor<4x4xf32> hash "" recipe [#zorro.transpose<[1, 0]>, #zorro.round<bf16>]
zorro.weight @w : tensor<4x4xf32> from "m"[0, 64] stored tensor<4x4xf32> hash "" recipe [#zorro.transpose<[1, 0]>]
// CHECK: zorro.weight @b : tensor<4xf32> from "m"[64, 16] stored tensor<4xf32> hash ""{{$}}
zorro.weight @b : tensor<4xf32> from "m"[64, 16] stored tensor<4xf32> hash ""
zorro.kernel @contract_4x4_bias contract because "rows times a weight; its epilogue: bias" {
^bb0(%x: tensor<?x?x4xf32>, %w: tensor<4x4xf32>, %b: tensor<?x?x4xf32>):
  %0 = zorro.contract %x, %w(%b) {
  ^bb0(%acc: f32, %bias: f32):
    %1 = arith.addf %acc, %bias : f32
    zorro.yield %1 : f32
  } : tensor<?x?x4xf32>, tensor<4x4xf32>(tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
// CHECK: zorro.kernel @round move because "products take bf16"
// CHECK-NEXT: ^bb0(%[[FROM:.*]]: tensor<?xf32>, %[[TO:.*]]: tensor<?xbf16>):
// CHECK-NEXT: linalg.generic {{.*}} iterator_types = ["parallel"]} ins(%[[FROM]] : tensor<?xf32>) outs(%[[TO]] : tensor<?xbf16>)
// CHECK-NEXT: ^bb0(%[[IN:.*]]: f32, %{{.*}}: bf16):
// CHECK-NEXT: %[[ROUNDED:.*]] = arith.truncf %[[IN]] : f32 to bf16
// CHECK-NEXT: linalg.yield %[[ROUNDED]] : bf16
// CHECK: zorro.kernel @contract_4x4_bias_bf16 contract because "rows times a weight; its epilogue: bias"
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x?x4xbf16>, %[[W:.*]]: tensor<4x4xbf16>, %[[B:.*]]: tensor<?x?x4xf32>):
// CHECK-NEXT: %[[X32:.*]] = arith.extf %[[X]] : tensor<?x?x4xbf16> to tensor<?x?x4xf32>
// CHECK-NEXT: %[[W32:.*]] = arith.extf %[[W]] : tensor<4x4xbf16> to tensor<4x4xf32>
// CHECK-NEXT: %[[Y32:.*]] = zorro.contract %[[X32]], %[[W32]](%[[B]]) {
// CHECK: } : tensor<?x?x4xf32>, tensor<4x4xf32>(tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
// CHECK-NEXT: %[[Y:.*]] = arith.truncf %[[Y32]] : tensor<?x?x4xf32> to tensor<?x?x4xbf16>
// CHECK-NEXT: zorro.yield %[[Y]] : tensor<?x?x4xbf16>
// CHECK: zorro.kernel @contract_4x4_bias_bf16_1 contract
// CHECK: %[[LAST:.*]] = zorro.contract
// CHECK: zorro.yield %[[LAST]] : tensor<?x?x4xf32>
// CHECK-NOT: zorro.kernel
// CHECK-LABEL: func.func @chain
// CHECK-SAME: (%[[ARG:.*]]: tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
func.func @chain(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  // CHECK: %[[FLAT:.*]] = zorro.view %[[ARG]] offset 0 strides [1] : tensor<1x2x4xf32> to tensor<8xf32>
  // CHECK: %[[E0:.*]] = tensor.empty() : tensor<1x2x4xbf16>
  // CHECK: %[[X16:.*]] = zorro.call @round(%[[FLAT]]) into %[[E0]] shape tensor<8xbf16> offset 0 strides [1] {zorro.streams = "x"} : (tensor<8xf32>) into tensor<1x2x4xbf16> -> tensor<1x2x4xbf16>
  // CHECK: %[[WREF:.*]] = zorro.weight_ref @w : tensor<4x4xbf16>
  // CHECK: %[[BREF:.*]] = zorro.weight_ref @b : tensor<4xf32>
  %w = zorro.weight_ref @w : tensor<4x4xf32>
  %b = zorro.weight_ref @b : tensor<4xf32>
  %bias = zorro.view %b offset 0 strides [0, 0, 1] : tensor<4xf32> to tensor<1x2x4xf32>
  %e = tensor.empty() : tensor<1x2x4xf32>
  // CHECK: %[[E1:.*]] = tensor.empty() : tensor<1x2x4xbf16>
  // CHECK: %[[MID:.*]] = zorro.call @contract_4x4_bias_bf16(%[[X16]], %[[WREF]], %{{.*}}) into %[[E1]] shape tensor<1x2x4xbf16> offset 0 strides [8, 4, 1] {zorro.streams = "x"} : (tensor<1x2x4xbf16>, tensor<4x4xbf16>, tensor<1x2x4xf32>) into tensor<1x2x4xbf16> -> tensor<1x2x4xbf16>
  %0 = zorro.call @contract_4x4_bias(%x, %w, %bias) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] {zorro.streams = "x"} : (tensor<1x2x4xf32>, tensor<4x4xf32>, tensor<1x2x4xf32>) into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  // CHECK: zorro.call @contract_4x4_bias_bf16_1(%[[MID]], %[[WREF]], %{{.*}}) into %{{.*}} shape tensor<1x2x4xf32> {{.*}} into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  %1 = zorro.call @contract_4x4_bias(%0, %w, %bias) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] : (tensor<1x2x4xf32>, tensor<4x4xf32>, tensor<1x2x4xf32>) into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  return %1 : tensor<1x2x4xf32>
}
}

// -----

// Attention: q, k and v are windows on one product; padding, mask and scale stay. The result, which
// only a product reads, is bf16 too.
module attributes {zorro.phase = "fused"} {
zorro.weight @w : tensor<6x18xf32> from "m"[0, 432] stored tensor<6x18xf32> hash ""
zorro.weight @o : tensor<6x6xf32> from "m"[432, 144] stored tensor<6x6xf32> hash ""
zorro.kernel @contract_6x18 contract because "" {
^bb0(%x: tensor<?x?x6xf32>, %w: tensor<6x18xf32>):
  %0 = zorro.contract %x, %w : tensor<?x?x6xf32>, tensor<6x18xf32> -> tensor<?x?x18xf32>
  zorro.yield %0 : tensor<?x?x18xf32>
}
zorro.kernel @attention_3_padding attention because "" {
^bb0(%q: tensor<?x?x?x3xf32>, %k: tensor<?x?x?x3xf32>, %v: tensor<?x?x?x3xf32>, %p: tensor<?x?xi1>):
  %0 = zorro.attention %q, %k, %v padding %p : tensor<?x?xi1> scale 1.0 : tensor<?x?x?x3xf32>, tensor<?x?x?x3xf32>, tensor<?x?x?x3xf32> -> tensor<?x?x?x3xf32>
  zorro.yield %0 : tensor<?x?x?x3xf32>
}
zorro.kernel @contract_6x6 contract because "" {
^bb0(%x: tensor<?x?x6xf32>, %w: tensor<6x6xf32>):
  %0 = zorro.contract %x, %w : tensor<?x?x6xf32>, tensor<6x6xf32> -> tensor<?x?x6xf32>
  zorro.yield %0 : tensor<?x?x6xf32>
}
// CHECK: zorro.kernel @attention_3_padding_bf16 attention
// CHECK-NEXT: ^bb0(%[[Q:.*]]: tensor<?x?x?x3xbf16>, %[[K:.*]]: tensor<?x?x?x3xbf16>, %[[V:.*]]: tensor<?x?x?x3xbf16>, %[[P:.*]]: tensor<?x?xi1>):
// CHECK-NEXT: %[[Q32:.*]] = arith.extf %[[Q]]
// CHECK-NEXT: %[[K32:.*]] = arith.extf %[[K]]
// CHECK-NEXT: %[[V32:.*]] = arith.extf %[[V]]
// CHECK-NEXT: %[[O:.*]] = zorro.attention %[[Q32]], %[[K32]], %[[V32]] padding %[[P]] : tensor<?x?xi1>
// CHECK-NEXT: %[[O16:.*]] = arith.truncf %[[O]] : tensor<?x?x?x3xf32> to tensor<?x?x?x3xbf16>
// CHECK-NEXT: zorro.yield %[[O16]]
// CHECK-LABEL: func.func @heads
func.func @heads(%x: tensor<1x5x6xf32>, %p: tensor<1x5xi1>) -> tensor<1x5x6xf32> {
  %w = zorro.weight_ref @w : tensor<6x18xf32>
  %o = zorro.weight_ref @o : tensor<6x6xf32>
  %e = tensor.empty() : tensor<1x5x18xf32>
  // CHECK: %[[QKV:.*]] = zorro.call @contract_6x18_bf16
  %0 = zorro.call @contract_6x18(%x, %w) into %e shape tensor<1x5x18xf32> offset 0 strides [90, 18, 1] : (tensor<1x5x6xf32>, tensor<6x18xf32>) into tensor<1x5x18xf32> -> tensor<1x5x18xf32>
  // CHECK: zorro.view %[[QKV]] offset 0 strides [90, 3, 18, 1] : tensor<1x5x18xbf16> to tensor<1x2x5x3xbf16>
  %q = zorro.view %0 offset 0 strides [90, 3, 18, 1] : tensor<1x5x18xf32> to tensor<1x2x5x3xf32>
  %k = zorro.view %0 offset 6 strides [90, 3, 18, 1] : tensor<1x5x18xf32> to tensor<1x2x5x3xf32>
  %v = zorro.view %0 offset 12 strides [90, 3, 18, 1] : tensor<1x5x18xf32> to tensor<1x2x5x3xf32>
  %f = tensor.empty() : tensor<1x5x6xf32>
  // CHECK: %[[ATT:.*]] = zorro.call @attention_3_padding_bf16(%{{.*}}) into %{{.*}} shape tensor<1x2x5x3xbf16> offset 0 strides [30, 3, 6, 1] mask <a: 2 -> [a], b: 3 -> [all] over a: 2, b: 3 empty nan> scale 5.000000e-01 : (tensor<1x2x5x3xbf16>, tensor<1x2x5x3xbf16>, tensor<1x2x5x3xbf16>, tensor<1x5xi1>) into tensor<1x5x6xbf16> -> tensor<1x5x6xbf16>
  %1 = zorro.call @attention_3_padding(%q, %k, %v, %p) into %f shape tensor<1x2x5x3xf32> offset 0 strides [30, 3, 6, 1] mask <a: 2 -> [a], b: 3 -> [all] over a: 2, b: 3 empty nan> scale 0.5 : (tensor<1x2x5x3xf32>, tensor<1x2x5x3xf32>, tensor<1x2x5x3xf32>, tensor<1x5xi1>) into tensor<1x5x6xf32> -> tensor<1x5x6xf32>
  // CHECK: zorro.call @contract_6x6_bf16(%[[ATT]], %{{.*}}) into %{{.*}} shape tensor<1x5x6xf32>
  %2 = zorro.call @contract_6x6(%1, %o) into %f shape tensor<1x5x6xf32> offset 0 strides [30, 6, 1] : (tensor<1x5x6xf32>, tensor<6x6xf32>) into tensor<1x5x6xf32> -> tensor<1x5x6xf32>
  return %2 : tensor<1x5x6xf32>
}
}

// -----

// A joined sequence has one type: a part that a product writes, one that is copied from an input and
// one from a weight, which stays f32 in the file. A copy that rounds is one kernel, whoever needs it.
module attributes {zorro.phase = "fused"} {
zorro.weight @w : tensor<4x4xf32> from "m"[0, 64] stored tensor<4x4xf32> hash ""
// CHECK: zorro.weight @g : tensor<4xf32>
zorro.weight @g : tensor<4xf32> from "m"[64, 16] stored tensor<4xf32> hash ""
// CHECK: zorro.weight @fusion : tensor<4xf32>
zorro.weight @fusion : tensor<4xf32> from "m"[80, 16] stored tensor<4xf32> hash ""
zorro.kernel @contract_4x4 contract because "" {
^bb0(%x: tensor<?x?x4xf32>, %w: tensor<4x4xf32>):
  %0 = zorro.contract %x, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
// CHECK: zorro.kernel @round move
// CHECK-NOT: move
zorro.kernel @copy_1d move because "" {
^bb0(%x: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.copy ins(%x : tensor<?xf32>) outs(%to : tensor<?xf32>) -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
// A row: its vectors stay f32, the result is returned.
// CHECK: zorro.kernel @layer_norm_4_bf16 row
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x?x4xbf16>, %[[G:.*]]: tensor<4xf32>):
// CHECK-NEXT: %[[X32:.*]] = arith.extf %[[X]]
// CHECK-NEXT: %[[N:.*]] = zorro.layer_norm %[[X32]] scale %[[G]] : tensor<4xf32>
// CHECK-NEXT: zorro.yield %[[N]] : tensor<?x?x4xf32>
zorro.kernel @layer_norm_4 row because "" {
^bb0(%x: tensor<?x?x4xf32>, %g: tensor<4xf32>):
  %0 = zorro.layer_norm %x scale %g : tensor<4xf32> eps 1.0e-5 : tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
// CHECK-LABEL: func.func @join
func.func @join(%a: tensor<1x2x4xf32>, %b: tensor<1x1x4xf32>) -> tensor<1x4x4xf32> {
  %w = zorro.weight_ref @w : tensor<4x4xf32>
  %g = zorro.weight_ref @g : tensor<4xf32>
  %t = zorro.weight_ref @fusion : tensor<4xf32>
  %e = tensor.empty() : tensor<1x4x4xf32>
  // CHECK: %[[J0:.*]] = zorro.call @round
  // CHECK: %[[J1:.*]] = zorro.call @contract_4x4_bf16(%[[J0]], %{{.*}}) into %{{.*}} shape tensor<1x2x4xbf16> {{.*}} into tensor<1x4x4xbf16> -> tensor<1x4x4xbf16>
  %0 = zorro.call @contract_4x4(%a, %w) into %e shape tensor<1x2x4xf32> offset 0 strides [16, 4, 1] : (tensor<1x2x4xf32>, tensor<4x4xf32>) into tensor<1x4x4xf32> -> tensor<1x4x4xf32>
  %bv = zorro.view %b offset 0 strides [1] : tensor<1x1x4xf32> to tensor<4xf32>
  // CHECK: %[[J2:.*]] = zorro.call @round(%{{.*}}) into %[[J1]] shape tensor<4xbf16> offset 8 strides [1] : (tensor<4xf32>) into tensor<1x4x4xbf16> -> tensor<1x4x4xbf16>
  %1 = zorro.call @copy_1d(%bv) into %0 shape tensor<4xf32> offset 8 strides [1] : (tensor<4xf32>) into tensor<1x4x4xf32> -> tensor<1x4x4xf32>
  // CHECK: %[[J3:.*]] = zorro.call @round(%{{.*}}) into %[[J2]] shape tensor<4xbf16> offset 12
  %2 = zorro.call @copy_1d(%t) into %1 shape tensor<4xf32> offset 12 strides [1] : (tensor<4xf32>) into tensor<1x4x4xf32> -> tensor<1x4x4xf32>
  // CHECK: zorro.call @layer_norm_4_bf16(%[[J3]], %{{.*}}) into %{{.*}} : (tensor<1x4x4xbf16>, tensor<4xf32>) into tensor<1x4x4xf32> -> tensor<1x4x4xf32>
  %3 = zorro.call @layer_norm_4(%2, %g) into %e shape tensor<1x4x4xf32> offset 0 strides [16, 4, 1] : (tensor<1x4x4xf32>, tensor<4xf32>) into tensor<1x4x4xf32> -> tensor<1x4x4xf32>
  return %3 : tensor<1x4x4xf32>
}
}

// -----

// Loops: scalars are extended and rounded in the body. Sums keep their bits until they are written.
module attributes {zorro.phase = "fused"} {
zorro.weight @g : tensor<4xf32> from "m"[64, 16] stored tensor<4xf32> hash ""
zorro.kernel @rms_norm_4 row because "" {
^bb0(%x: tensor<?x?x4xf32>, %g: tensor<4xf32>):
  %0 = zorro.rms_norm %x scale %g : tensor<4xf32> eps 1.0e-5 : tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
// CHECK: zorro.kernel @map_addf_bf16 map
// CHECK-NEXT: ^bb0(%[[A:.*]]: tensor<?x?xbf16>, %[[B:.*]]: tensor<?x?xf32>, %[[TO:.*]]: tensor<?x?xbf16>):
// CHECK-NEXT: linalg.generic {{.*}} ins(%[[A]], %[[B]] : tensor<?x?xbf16>, tensor<?x?xf32>) outs(%[[TO]] : tensor<?x?xbf16>)
// CHECK-NEXT: ^bb0(%[[P:.*]]: bf16, %[[Q:.*]]: f32, %{{.*}}: bf16):
// CHECK-NEXT: %[[P32:.*]] = arith.extf %[[P]] : bf16 to f32
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[P32]], %[[Q]] : f32
// CHECK-NEXT: %[[S16:.*]] = arith.truncf %[[S]] : f32 to bf16
// CHECK-NEXT: linalg.yield %[[S16]] : bf16
zorro.kernel @map_addf map because "" {
^bb0(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %to: tensor<?x?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%to : tensor<?x?xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x?xf32>
  zorro.yield %0 : tensor<?x?xf32>
}
// CHECK: zorro.kernel @reduce_addf_bf16 reduce
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x?xbf16>, %[[TO:.*]]: tensor<?xbf16>):
// CHECK: %[[TO32:.*]] = arith.extf %[[TO]] : tensor<?xbf16> to tensor<?xf32>
// CHECK: %[[FILL:.*]] = linalg.fill ins(%{{.*}} : f32) outs(%[[TO32]] : tensor<?xf32>)
// CHECK-NEXT: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x?xbf16>) outs(%[[FILL]] : tensor<?xf32>)
// CHECK-NEXT: ^bb0(%[[V:.*]]: bf16, %[[ACC:.*]]: f32):
// CHECK-NEXT: %[[V32:.*]] = arith.extf %[[V]] : bf16 to f32
// CHECK-NEXT: %[[NEXT:.*]] = arith.addf %[[V32]], %[[ACC]] : f32
// CHECK-NEXT: linalg.yield %[[NEXT]] : f32
// CHECK: %[[ROUNDED:.*]] = arith.truncf %[[SUM]] : tensor<?xf32> to tensor<?xbf16>
// CHECK-NEXT: zorro.yield %[[ROUNDED]] : tensor<?xbf16>
zorro.kernel @reduce_addf reduce because "" {
^bb0(%x: tensor<?x?xf32>, %to: tensor<?xf32>):
  %zero = arith.constant 0.0 : f32
  %0 = linalg.fill ins(%zero : f32) outs(%to : tensor<?xf32>) -> tensor<?xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x?xf32>) outs(%0 : tensor<?xf32>) {
  ^bb0(%p: f32, %acc: f32):
    %s = arith.addf %p, %acc : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %1 : tensor<?xf32>
}
// A body that reads at computed places.
// CHECK: zorro.kernel @map_extract_bf16 map
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<?xi64>, %[[TABLE:.*]]: tensor<?xbf16>, %{{.*}}: tensor<?xf32>):
// CHECK: %[[GOT:.*]] = tensor.extract %[[TABLE]][%{{.*}}] : tensor<?xbf16>
// CHECK-NEXT: %[[GOT32:.*]] = arith.extf %[[GOT]] : bf16 to f32
// CHECK-NEXT: linalg.yield %[[GOT32]] : f32
zorro.kernel @map_extract map because "" {
^bb0(%i: tensor<?xi64>, %t: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%i : tensor<?xi64>) outs(%to : tensor<?xf32>) {
  ^bb0(%n: i64, %o: f32):
    %at = arith.index_cast %n : i64 to index
    %v = tensor.extract %t[%at] : tensor<?xf32>
    linalg.yield %v : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
// CHECK-LABEL: func.func @loops
func.func @loops(%x: tensor<2x4xf32>, %i: tensor<3xi64>) -> tensor<3xf32> {
  %g = zorro.weight_ref @g : tensor<4xf32>
  %e = tensor.empty() : tensor<2x4xf32>
  %xv = zorro.view %x offset 0 strides [8, 4, 1] : tensor<2x4xf32> to tensor<1x2x4xf32>
  %n = zorro.call @rms_norm_4(%xv, %g) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] : (tensor<1x2x4xf32>, tensor<4xf32>) into tensor<2x4xf32> -> tensor<2x4xf32>
  %gv = zorro.view %g offset 0 strides [0, 1] : tensor<4xf32> to tensor<2x4xf32>
  // CHECK: zorro.call @map_addf_bf16(%{{.*}}) into %{{.*}} : (tensor<2x4xbf16>, tensor<2x4xf32>) into tensor<2x4xbf16> -> tensor<2x4xbf16>
  %0 = zorro.call @map_addf(%n, %gv) into %e shape tensor<2x4xf32> offset 0 strides [4, 1] : (tensor<2x4xf32>, tensor<2x4xf32>) into tensor<2x4xf32> -> tensor<2x4xf32>
  %f = tensor.empty() : tensor<2xf32>
  // CHECK: zorro.call @reduce_addf_bf16(%{{.*}}) into %{{.*}} : (tensor<2x4xbf16>) into tensor<2xbf16> -> tensor<2xbf16>
  %1 = zorro.call @reduce_addf(%0) into %f shape tensor<2xf32> offset 0 strides [1] : (tensor<2x4xf32>) into tensor<2xf32> -> tensor<2xf32>
  %h = tensor.empty() : tensor<3xf32>
  // CHECK: zorro.call @map_extract_bf16(%{{.*}}) into %{{.*}} : (tensor<3xi64>, tensor<2xbf16>) into tensor<3xf32> -> tensor<3xf32>
  %2 = zorro.call @map_extract(%i, %1) into %h shape tensor<3xf32> offset 0 strides [1] : (tensor<3xi64>, tensor<2xf32>) into tensor<3xf32> -> tensor<3xf32>
  return %2 : tensor<3xf32>
}
}

// -----

// An output that is read again stays f32: a product reads a rounded copy, which two readers share;
// element-wise work reads it as it is. A window of the input likewise.
module attributes {zorro.phase = "fused"} {
zorro.weight @w : tensor<4x4xf32> from "m"[0, 64] stored tensor<4x4xf32> hash ""
zorro.kernel @contract_4x4 contract because "" {
^bb0(%x: tensor<?x?x4xf32>, %w: tensor<4x4xf32>):
  %0 = zorro.contract %x, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
// CHECK: zorro.kernel @map_negf map
zorro.kernel @map_negf map because "" {
^bb0(%a: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : tensor<?xf32>) outs(%to : tensor<?xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.negf %p : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
// CHECK-LABEL: func.func @returned
// CHECK-SAME: (%[[ARG:.*]]: tensor<1x4x4xf32>)
func.func @returned(%x: tensor<1x4x4xf32>) -> (tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<8xf32>) {
  // CHECK: %[[ALL:.*]] = zorro.view %[[ARG]] offset 0 strides [1] : tensor<1x4x4xf32> to tensor<16xf32>
  // CHECK: %[[X16:.*]] = zorro.call @round(%[[ALL]])
  %w = zorro.weight_ref @w : tensor<4x4xf32>
  %xv = zorro.view %x offset 8 strides [16, 4, 1] : tensor<1x4x4xf32> to tensor<1x2x4xf32>
  %e = tensor.empty() : tensor<1x2x4xf32>
  // CHECK: %[[WINDOW:.*]] = zorro.view %[[X16]] offset 8 strides [16, 4, 1] : tensor<1x4x4xbf16> to tensor<1x2x4xbf16>
  // CHECK: %[[R:.*]] = zorro.call @contract_4x4_bf16(%[[WINDOW]], %{{.*}}) into %{{.*}} shape tensor<1x2x4xf32>
  %0 = zorro.call @contract_4x4(%xv, %w) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] : (tensor<1x2x4xf32>, tensor<4x4xf32>) into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  // CHECK: %[[FLAT:.*]] = zorro.view %[[R]] offset 0 strides [1] : tensor<1x2x4xf32> to tensor<8xf32>
  // CHECK: %[[R16:.*]] = zorro.call @round(%[[FLAT]])
  // CHECK: zorro.call @contract_4x4_bf16(%[[R16]], %{{.*}}) into %{{.*}} shape tensor<1x2x4xf32>
  %1 = zorro.call @contract_4x4(%0, %w) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] : (tensor<1x2x4xf32>, tensor<4x4xf32>) into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  // CHECK: %[[AGAIN:.*]] = zorro.view %[[R]] offset 0 strides [1] : tensor<1x2x4xf32> to tensor<8xf32>
  %rv = zorro.view %0 offset 0 strides [1] : tensor<1x2x4xf32> to tensor<8xf32>
  %f = tensor.empty() : tensor<8xf32>
  // CHECK: zorro.call @map_negf(%[[AGAIN]]) into %{{.*}} -> tensor<8xf32>
  %2 = zorro.call @map_negf(%rv) into %f shape tensor<8xf32> offset 0 strides [1] : (tensor<8xf32>) into tensor<8xf32> -> tensor<8xf32>
  return %0, %1, %2 : tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<8xf32>
}
}

// -----

// A weight that something else reads too becomes two; rows that are a weight are rounded like a
// matrix; a constant without a file as well.
module attributes {zorro.phase = "fused"} {
// CHECK: zorro.weight @w : tensor<4x4xf32> from "m"[0, 64] stored tensor<4x4xf32> hash ""{{$}}
// CHECK-NEXT: zorro.weight @w.bf16 : tensor<4x4xbf16> from "m"[0, 64] stored tensor<4x4xf32> hash "" recipe [#zorro.round<bf16>]
zorro.weight @w : tensor<4x4xf32> from "m"[0, 64] stored tensor<4x4xf32> hash ""
// CHECK: zorro.weight @tokens : tensor<1x2x4xbf16> from ""[0, 32] stored tensor<1x2x4xf32> hash "" value dense<1.000000e-01> : tensor<1x2x4xf32> recipe [#zorro.round<bf16>]
zorro.weight @tokens : tensor<1x2x4xf32> from ""[0, 32] stored tensor<1x2x4xf32> hash "" value dense<0.1> : tensor<1x2x4xf32>
zorro.kernel @contract_4x4 contract because "" {
^bb0(%x: tensor<?x?x4xf32>, %w: tensor<4x4xf32>):
  %0 = zorro.contract %x, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
zorro.kernel @copy_1d move because "" {
^bb0(%x: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.copy ins(%x : tensor<?xf32>) outs(%to : tensor<?xf32>) -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
// CHECK-LABEL: func.func @shared
func.func @shared() -> (tensor<1x2x4xf32>, tensor<16xf32>) {
  // CHECK: %[[T:.*]] = zorro.weight_ref @tokens : tensor<1x2x4xbf16>
  // CHECK: %[[W:.*]] = zorro.weight_ref @w : tensor<4x4xf32>
  // CHECK: %[[W16:.*]] = zorro.weight_ref @w.bf16 : tensor<4x4xbf16>
  %t = zorro.weight_ref @tokens : tensor<1x2x4xf32>
  %w = zorro.weight_ref @w : tensor<4x4xf32>
  %e = tensor.empty() : tensor<1x2x4xf32>
  // CHECK: zorro.call @contract_4x4_bf16(%[[T]], %[[W16]])
  %0 = zorro.call @contract_4x4(%t, %w) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] : (tensor<1x2x4xf32>, tensor<4x4xf32>) into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  // CHECK: zorro.view %[[W]] offset 0 strides [1] : tensor<4x4xf32> to tensor<16xf32>
  %v = zorro.view %w offset 0 strides [1] : tensor<4x4xf32> to tensor<16xf32>
  %f = tensor.empty() : tensor<16xf32>
  // CHECK: zorro.call @copy_1d(
  %1 = zorro.call @copy_1d(%v) into %f shape tensor<16xf32> offset 0 strides [1] : (tensor<16xf32>) into tensor<16xf32> -> tensor<16xf32>
  return %0, %1 : tensor<1x2x4xf32>, tensor<16xf32>
}
}

// -----

// Scores keep their bits until the softmax has read them; probabilities are rounded. A copy from
// bf16 to f32 extends.
module attributes {zorro.phase = "fused"} {
zorro.kernel @rms_norm_4 row because "" {
^bb0(%x: tensor<?x?x4xf32>):
  %0 = zorro.rms_norm %x eps 1.0e-5 : tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
// CHECK: zorro.kernel @map_negf_bf16 map
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<?xbf16>, %{{.*}}: tensor<?xf32>):
// CHECK: zorro.kernel @softmax_4_bf16 row
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<?x?x4xf32>):
// CHECK: arith.truncf
// CHECK: zorro.kernel @copy_1d_bf16 move
// CHECK-NEXT: ^bb0(%[[FROM:.*]]: tensor<?xbf16>, %[[TO:.*]]: tensor<?xf32>):
// CHECK-NEXT: linalg.generic {{.*}} ins(%[[FROM]] : tensor<?xbf16>) outs(%[[TO]] : tensor<?xf32>)
// CHECK: arith.extf
zorro.kernel @map_negf map because "" {
^bb0(%a: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : tensor<?xf32>) outs(%to : tensor<?xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.negf %p : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
zorro.kernel @softmax_4 row because "" {
^bb0(%x: tensor<?x?x4xf32>):
  %0 = zorro.softmax %x : tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
zorro.kernel @copy_1d move because "" {
^bb0(%x: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.copy ins(%x : tensor<?xf32>) outs(%to : tensor<?xf32>) -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
// CHECK-LABEL: func.func @scores
func.func @scores(%x: tensor<1x2x4xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<1x2x4xf32>
  %f = tensor.empty() : tensor<8xf32>
  // CHECK: zorro.call @rms_norm_4_bf16(%{{.*}}) into %{{.*}} -> tensor<1x2x4xbf16>
  %0 = zorro.call @rms_norm_4(%x) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] : (tensor<1x2x4xf32>) into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  %v = zorro.view %0 offset 0 strides [1] : tensor<1x2x4xf32> to tensor<8xf32>
  // CHECK: zorro.call @map_negf_bf16(%{{.*}}) into %{{.*}} : (tensor<8xbf16>) into tensor<8xf32> -> tensor<8xf32>
  %1 = zorro.call @map_negf(%v) into %f shape tensor<8xf32> offset 0 strides [1] : (tensor<8xf32>) into tensor<8xf32> -> tensor<8xf32>
  %s = zorro.view %1 offset 0 strides [8, 4, 1] : tensor<8xf32> to tensor<1x2x4xf32>
  // CHECK: zorro.call @softmax_4_bf16(%{{.*}}) into %{{.*}} : (tensor<1x2x4xf32>) into tensor<1x2x4xbf16> -> tensor<1x2x4xbf16>
  %2 = zorro.call @softmax_4(%s) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] : (tensor<1x2x4xf32>) into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  %p = zorro.view %2 offset 0 strides [1] : tensor<1x2x4xf32> to tensor<8xf32>
  // CHECK: zorro.call @copy_1d_bf16(%{{.*}}) into %{{.*}} : (tensor<8xbf16>) into tensor<8xf32> -> tensor<8xf32>
  %3 = zorro.call @copy_1d(%p) into %f shape tensor<8xf32> offset 0 strides [1] : (tensor<8xf32>) into tensor<8xf32> -> tensor<8xf32>
  return %3 : tensor<8xf32>
}
}

// -----

// Whole numbers above 256 are not rounded: what is made of inputs and weights alone stays f32, also
// through copies, but where a product alone reads it, it is rounded where it is written.
module attributes {zorro.phase = "fused"} {
zorro.weight @w : tensor<4x4xf32> from "m"[0, 64] stored tensor<4x4xf32> hash ""
zorro.kernel @map_sitofp map because "" {
^bb0(%a: tensor<?xi64>, %to: tensor<?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : tensor<?xi64>) outs(%to : tensor<?xf32>) {
  ^bb0(%p: i64, %o: f32):
    %s = arith.sitofp %p : i64 to f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
zorro.kernel @map_fptosi map because "" {
^bb0(%a: tensor<?xf32>, %to: tensor<?xi64>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : tensor<?xf32>) outs(%to : tensor<?xi64>) {
  ^bb0(%p: f32, %o: i64):
    %s = arith.fptosi %p : f32 to i64
    linalg.yield %s : i64
  } -> tensor<?xi64>
  zorro.yield %0 : tensor<?xi64>
}
zorro.kernel @copy_1d move because "" {
^bb0(%x: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.copy ins(%x : tensor<?xf32>) outs(%to : tensor<?xf32>) -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
zorro.kernel @contract_4x4 contract because "" {
^bb0(%x: tensor<?x?x4xf32>, %w: tensor<4x4xf32>):
  %0 = zorro.contract %x, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
// CHECK-LABEL: func.func @exact
func.func @exact(%i: tensor<8xi64>, %x: tensor<8xf32>) -> (tensor<8xi64>, tensor<1x2x4xf32>) {
  %w = zorro.weight_ref @w : tensor<4x4xf32>
  %f = tensor.empty() : tensor<8xf32>
  %g = tensor.empty() : tensor<8xi64>
  // CHECK: %[[F:.*]] = zorro.call @map_sitofp(%{{.*}}) into %{{.*}} -> tensor<8xf32>
  %0 = zorro.call @map_sitofp(%i) into %f shape tensor<8xf32> offset 0 strides [1] : (tensor<8xi64>) into tensor<8xf32> -> tensor<8xf32>
  // CHECK: %[[C:.*]] = zorro.call @copy_1d(%[[F]]) into %{{.*}} -> tensor<8xf32>
  %1 = zorro.call @copy_1d(%0) into %f shape tensor<8xf32> offset 0 strides [1] : (tensor<8xf32>) into tensor<8xf32> -> tensor<8xf32>
  // CHECK: zorro.call @map_fptosi(%[[C]])
  %2 = zorro.call @map_fptosi(%1) into %g shape tensor<8xi64> offset 0 strides [1] : (tensor<8xf32>) into tensor<8xi64> -> tensor<8xi64>
  // CHECK: %[[R:.*]] = zorro.call @copy_1d_bf16(%{{.*}}) into %{{.*}} -> tensor<8xbf16>
  %3 = zorro.call @copy_1d(%x) into %f shape tensor<8xf32> offset 0 strides [1] : (tensor<8xf32>) into tensor<8xf32> -> tensor<8xf32>
  %v = zorro.view %3 offset 0 strides [8, 4, 1] : tensor<8xf32> to tensor<1x2x4xf32>
  %e = tensor.empty() : tensor<1x2x4xf32>
  // CHECK: %[[V:.*]] = zorro.view %[[R]] offset 0 strides [8, 4, 1] : tensor<8xbf16> to tensor<1x2x4xbf16>
  // CHECK: zorro.call @contract_4x4_bf16(%[[V]],
  %4 = zorro.call @contract_4x4(%v, %w) into %e shape tensor<1x2x4xf32> offset 0 strides [8, 4, 1] : (tensor<1x2x4xf32>, tensor<4x4xf32>) into tensor<1x2x4xf32> -> tensor<1x2x4xf32>
  return %2, %4 : tensor<8xi64>, tensor<1x2x4xf32>
}
}

// -----

// A finite fill stays finite: a body that writes the least float, and a weight that holds fills; a
// smaller one is rounded like any number. A norm ends it.
module attributes {zorro.phase = "fused"} {
zorro.weight @mask : tensor<4xf32> from "m"[0, 16] stored tensor<4xf32> hash "" fills
zorro.weight @made : tensor<4xf32> from ""[0, 16] stored tensor<4xf32> hash "" value dense<[0.0, 0.0, -3.4028235e38, 0.0]> : tensor<4xf32>
zorro.weight @mild : tensor<4xf32> from ""[0, 16] stored tensor<4xf32> hash "" value dense<[0.0, 0.0, -3.0e38, 0.0]> : tensor<4xf32>
zorro.kernel @rms_norm_4 row because "" {
^bb0(%x: tensor<?x?x4xf32>):
  %0 = zorro.rms_norm %x eps 1.0e-5 : tensor<?x?x4xf32>
  zorro.yield %0 : tensor<?x?x4xf32>
}
zorro.kernel @map_select map because "" {
^bb0(%a: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : tensor<?xf32>) outs(%to : tensor<?xf32>) {
  ^bb0(%p: f32, %o: f32):
    %least = arith.constant -3.40282347E+38 : f32
    %zero = arith.constant 0.0 : f32
    %c = arith.cmpf olt, %p, %zero : f32
    %s = arith.select %c, %least, %p : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
zorro.kernel @map_addf map because "" {
^bb0(%a: tensor<?xf32>, %b: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<?xf32>, tensor<?xf32>) outs(%to : tensor<?xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
// CHECK-LABEL: func.func @fills
func.func @fills(%x: tensor<1x1x4xf32>) -> tensor<4xf32> {
  %mask = zorro.weight_ref @mask : tensor<4xf32>
  %made = zorro.weight_ref @made : tensor<4xf32>
  %mild = zorro.weight_ref @mild : tensor<4xf32>
  %e = tensor.empty() : tensor<1x1x4xf32>
  %f = tensor.empty() : tensor<4xf32>
  // CHECK: %[[N:.*]] = zorro.call @rms_norm_4_bf16
  %0 = zorro.call @rms_norm_4(%x) into %e shape tensor<1x1x4xf32> offset 0 strides [4, 4, 1] : (tensor<1x1x4xf32>) into tensor<1x1x4xf32> -> tensor<1x1x4xf32>
  %v = zorro.view %0 offset 0 strides [1] : tensor<1x1x4xf32> to tensor<4xf32>
  // CHECK: zorro.call @map_select_bf16(%{{.*}}) into %{{.*}} : (tensor<4xbf16>) into tensor<4xf32> -> tensor<4xf32>
  %1 = zorro.call @map_select(%v) into %f shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  // CHECK: zorro.call @map_addf_bf16{{.*}}(%{{.*}}) into %{{.*}} : (tensor<4xbf16>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  %2 = zorro.call @map_addf(%v, %mask) into %f shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  // CHECK: zorro.call @map_addf_bf16{{.*}}(%{{.*}}) into %{{.*}} : (tensor<4xbf16>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  %3 = zorro.call @map_addf(%v, %made) into %f shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  // CHECK: zorro.call @map_addf_bf16{{.*}}(%{{.*}}) into %{{.*}} : (tensor<4xbf16>, tensor<4xf32>) into tensor<4xbf16> -> tensor<4xbf16>
  %4 = zorro.call @map_addf(%v, %mild) into %f shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  // CHECK: zorro.call @map_addf(%{{.*}}) into %{{.*}} : (tensor<4xf32>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  %5 = zorro.call @map_addf(%1, %2) into %f shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  // CHECK: zorro.call @map_addf_bf16{{.*}}(%{{.*}}) into %{{.*}} : (tensor<4xf32>, tensor<4xbf16>) into tensor<4xf32> -> tensor<4xf32>
  %6 = zorro.call @map_addf(%3, %4) into %f shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  %g0 = zorro.view %5 offset 0 strides [4, 4, 1] : tensor<4xf32> to tensor<1x1x4xf32>
  %g1 = zorro.view %6 offset 0 strides [4, 4, 1] : tensor<4xf32> to tensor<1x1x4xf32>
  // CHECK: zorro.call @rms_norm_4_bf16{{.*}}(%{{.*}}) into %{{.*}} -> tensor<1x1x4xbf16>
  %7 = zorro.call @rms_norm_4(%g0) into %e shape tensor<1x1x4xf32> offset 0 strides [4, 4, 1] : (tensor<1x1x4xf32>) into tensor<1x1x4xf32> -> tensor<1x1x4xf32>
  // CHECK: zorro.call @rms_norm_4_bf16{{.*}}(%{{.*}}) into %{{.*}} -> tensor<1x1x4xbf16>
  %8 = zorro.call @rms_norm_4(%g1) into %e shape tensor<1x1x4xf32> offset 0 strides [4, 4, 1] : (tensor<1x1x4xf32>) into tensor<1x1x4xf32> -> tensor<1x1x4xf32>
  %h0 = zorro.view %7 offset 0 strides [1] : tensor<1x1x4xf32> to tensor<4xf32>
  %h1 = zorro.view %8 offset 0 strides [1] : tensor<1x1x4xf32> to tensor<4xf32>
  %9 = zorro.call @map_addf(%h0, %h1) into %f shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>, tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  return %9 : tensor<4xf32>
}
}
