// RUN: zorro-opt %s --zorro-lower-kernels=cpu=x86-64-v4 --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,V4
// RUN: zorro-opt %s --zorro-lower-kernels=cpu=x86-64-v3 --canonicalize --cse | FileCheck %s --check-prefixes=CHECK,V3

// No kernel is left, and no tensor.
// CHECK-NOT: zorro.kernel @
// CHECK-NOT: tensor<

// A tile of 8 x 48 (AVX-512) or 4 x 24 (AVX2) values runs over all of K: 24 or 12 sums are carried,
// and every step of four fetches a line of the next panel.
// CHECK-LABEL: func.func @product(
// CHECK-SAME: %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>
// CHECK-SAME: %[[SCRATCH:.*]]: memref<?xi8>)
// CHECK-SAME: zorro.kernel = "contract", zorro.scratch = {{[1-9]}}
// V4: scf.for {{.*}} iter_args({{.*}}) -> ({{(vector<16xf32>, ){23}vector<16xf32>}})
// V3: scf.for {{.*}} iter_args({{.*}}) -> ({{(vector<8xf32>, ){11}vector<8xf32>}})
// CHECK: memref.prefetch
// V4-COUNT-96: vector.fma
// V3-COUNT-48: vector.fma
// 50 columns: the last panel holds 2, and its store is masked.
// CHECK: vector.maskedstore
zorro.kernel @product contract because "test" {
^bb0(%x: tensor<?x?x64xf32>, %w: tensor<64x50xf32>, %b: tensor<50xf32>):
  %y = zorro.contract %x, %w (%b) {
  ^bb1(%acc: f32, %bias: f32):
    %0 = arith.addf %acc, %bias : f32
    zorro.yield %0 : f32
  } : tensor<?x?x64xf32>, tensor<64x50xf32> (tensor<50xf32>) -> tensor<?x?x50xf32>
  zorro.yield %y : tensor<?x?x50xf32>
}

// GELU becomes arithmetic: nothing that would be a library call is left.
// CHECK-LABEL: func.func @gelu(
// CHECK-NOT: math.erf
// CHECK: return
zorro.kernel @gelu contract because "test" {
^bb0(%x: tensor<?x?x8xf32>, %w: tensor<8x48xf32>):
  %y = zorro.contract %x, %w {
  ^bb1(%acc: f32):
    %0 = zorro.gelu %acc erf : f32
    zorro.yield %0 : f32
  } : tensor<?x?x8xf32>, tensor<8x48xf32> -> tensor<?x?x48xf32>
  zorro.yield %y : tensor<?x?x48xf32>
}

// Attention takes its key spans from a table of words, and sixteen scalars.
// CHECK-LABEL: func.func @attend(
// CHECK-SAME: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xindex>
// CHECK: vector.shuffle
// CHECK-NOT: vector.reduction
// CHECK: return
zorro.kernel @attend attention because "test" {
^bb0(%q: tensor<?x?x?x64xf32>, %k: tensor<?x?x?x64xf32>, %v: tensor<?x?x?x64xf32>):
  %o = zorro.attention %q, %k, %v scale 1.0
      : tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32>, tensor<?x?x?x64xf32> -> tensor<?x?x?x64xf32>
  zorro.yield %o : tensor<?x?x?x64xf32>
}

// Padding is a fourth operand of bytes. It is read before a key is; what a band hides from a query of
// the block is left out by a select around the multiply-add.
// CHECK-LABEL: func.func @attend_padded(
// CHECK-SAME: %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %[[KEEP:.*]]: memref<?xi8>, %{{.*}}: memref<?xf32>, %{{.*}}: memref<?xindex>
// CHECK: memref.load %[[KEEP]]
// CHECK: vector.fma
// CHECK: arith.select %{{.*}} : vector<{{8|16}}xi1>, vector<{{8|16}}xf32>
// CHECK: return
zorro.kernel @attend_padded attention because "test" {
^bb0(%q: tensor<?x?x?x8xf32>, %k: tensor<?x?x?x8xf32>, %v: tensor<?x?x?x8xf32>, %keep: tensor<?x?xi1>):
  %o = zorro.attention %q, %k, %v padding %keep : tensor<?x?xi1> scale 1.0
      : tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32> -> tensor<?x?x?x8xf32>
  zorro.yield %o : tensor<?x?x?x8xf32>
}

// A map asks at run time whether its operands' elements are neighbours.
// CHECK-LABEL: func.func @add(
// CHECK: scf.if
// CHECK: vector.load
// CHECK: vector.store
// CHECK: memref.store
#id = affine_map<(a, b) -> (a, b)>
zorro.kernel @add map because "test" {
^bb0(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>, %o: tensor<?x?xf32>):
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<?x?xf32>, tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) {
  ^bb1(%a: f32, %b: f32, %c: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x?xf32>
  zorro.yield %0 : tensor<?x?xf32>
}
