// A block mask of finite fills, folded into a bias: read, and noted as a grid. Twice changes nothing.
// RUN: mkdir -p %t
// RUN: %python -c "import struct; open(r'%t/bias.bin', 'wb').write(struct.pack('<16f', \
// RUN:   *[-3e38 if (i < 1) != (j < 1) else i + j for i in range(4) for j in range(4)]))"
// RUN: zorro-opt %s --zorro-classify-weights=folder=%t | FileCheck %s
// RUN: zorro-opt %s --zorro-classify-weights=folder=%t --zorro-classify-weights=folder=%t | FileCheck %s
// RUN: zorro-opt %s --zorro-classify-weights=folder=%t --zorro-print-streams -o /dev/null | FileCheck %s --check-prefix=GRID
// A file that is not there is an error.
// RUN: not zorro-opt %s --zorro-classify-weights=folder=%t/none 2>&1 | FileCheck %s --check-prefix=ERROR

// CHECK: zorro.weight @bias {{.*}} fills {zorro.classes = {classes = array<i8: 0, 1, 1, 0>, cuts = [array<i64: 0, 1, 4>, array<i64: 0, 1, 4>]}}
// CHECK: zorro.weight @plain {{.*}} hash "00"{{$}}
// GRID: zorro.weight_ref: axis 0: 0 1 4, axis 1: 0 1 4 | {} dead{}!f dead{}!f {}
// ERROR: error: cannot open the model's folder
zorro.weight @bias : tensor<4x4xf32> from "bias.bin"[0, 64] stored tensor<4x4xf32> hash "b8f79b78c0e6103f" fills
zorro.weight @plain : tensor<4x4xf32> from "plain.bin"[0, 64] stored tensor<4x4xf32> hash "00"
func.func @main() -> tensor<4x4xf32> {
  %0 = zorro.weight_ref @bias : tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
