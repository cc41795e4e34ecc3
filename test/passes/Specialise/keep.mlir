// The option that names outputs: fewer outputs, or a refusal.
// RUN: zorro-opt %s --zorro-specialise="entries=fused keep=y" | FileCheck %s
// RUN: not zorro-opt %s --zorro-specialise="entries=a keep=x,y" 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: not zorro-opt %s --zorro-specialise="entries=a keep=z" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not zorro-opt %s --zorro-specialise="entries=a,a" 2>&1 | FileCheck %s --check-prefix=TWICE

// CHECK: func.func @fused(%{{.*}}: tensor<2xf32> {zorro.name = "b"}) -> (tensor<2xf32> {zorro.name = "y"})
// REFUSED: error: refused: 'y' needs 'b' and cannot be cut free for 'a'
// UNKNOWN: error: usage: expected one of the outputs x, y, k to keep but got 'z'
// TWICE: error: usage: expected distinct entry points but got 'a' twice
func.func @main(%a: tensor<2xf32> {zorro.name = "a"}, %b: tensor<2xf32> {zorro.name = "b"})
    -> (tensor<2xf32> {zorro.name = "x"}, tensor<2xf32> {zorro.name = "y"}, tensor<2xf32> {zorro.name = "k"}) {
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %a, %b, %c : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
