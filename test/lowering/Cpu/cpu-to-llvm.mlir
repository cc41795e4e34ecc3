// RUN: zorro-opt %s --zorro-cpu-to-llvm=cpu=x86-64-v3 | FileCheck %s

// CHECK-DAG: llvm.target_triple = "x86_64-pc-linux-gnu"
// CHECK-DAG: llvm.mlir.global external hidden constant @t(dense<[11, 22]> : tensor<2xi64>)
zorro.table @t [11, 22]
zorro.weight @w : tensor<4xf32> from "m.onnx"[0, 16] stored tensor<4xf32> hash "" {zorro.offset = 64 : i64}

// The function that the runtime calls loads its words and goes through the inlined body.
// CHECK: llvm.func internal @k.body({{.*}} attributes {{{.*}}always_inline
// CHECK: llvm.func hidden @k(%[[ARGS:.*]]: !llvm.ptr, %[[B:.*]]: i64, %[[E:.*]]: i64, %[[S:.*]]: !llvm.ptr)
// CHECK: llvm.call @k.body(
func.func @k(%o: memref<?xf32>, %t: memref<?xindex>, %n: index,
             %begin: index, %end: index, %scratch: memref<?xi8>)
    attributes {zorro.kernel = "map", zorro.scratch = 0 : i64} {
  return
}

// CHECK-LABEL: llvm.func hidden @zorro_entry_run(%{{.*}}: !llvm.ptr) -> i32
// CHECK-DAG: llvm.alloca %{{.*}} x i64
// CHECK-DAG: llvm.mlir.addressof @t
// CHECK: %[[STATUS:.*]] = llvm.call %{{.*}}(%{{.*}}) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr, i64) -> i32
// CHECK: %[[BAD:.*]] = llvm.icmp "ne" %[[STATUS]]
// CHECK: llvm.cond_br %[[BAD]]
func.func @run() attributes {zorro.entry} {
  zorro.launch @k tasks 3 places [#zorro.place<arena, 64>, #zorro.place<table @t, 0>] scalars [7]
      multiply_adds 0 bytes 0
  return
}

// CHECK-NOT: zorro.weight
// CHECK: llvm.mlir.global external constant @zorro_code_v2
