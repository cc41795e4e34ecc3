// REQUIRES: avx2

// Loops over bf16 in memory, on registers and on the columns behind them. 257 lies between 256 and
// 258 and goes to the even one; adding 1 to 256 eight times gives 264 only where the sum keeps more
// bits than memory has.
// RUN: zorro-opt %s --emit=so -o %t.so
// RUN: zorro-run %t.so --input=a=1x43xf32=257 --input=b=8x43xf32=1 --output=@%t.npz
// RUN: %python -c "import struct, zipfile; y = zipfile.ZipFile('%t.npz').read('y.npy'); \
// RUN:   print(*sorted(set('%.6g' % x for x in struct.unpack('<43f', y[-172:]))))" | FileCheck %s
// CHECK: {{^}}-264{{$}}
module attributes {zorro.phase = "fused"} {
zorro.kernel @round move because "" {
^bb0(%x: tensor<?xf32>, %to: tensor<?xbf16>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%to : tensor<?xbf16>) {
  ^bb0(%p: f32, %o: bf16):
    %s = arith.truncf %p : f32 to bf16
    linalg.yield %s : bf16
  } -> tensor<?xbf16>
  zorro.yield %0 : tensor<?xbf16>
}
zorro.kernel @negate map because "" {
^bb0(%x: tensor<?xbf16>, %to: tensor<?xbf16>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xbf16>) outs(%to : tensor<?xbf16>) {
  ^bb0(%p: bf16, %o: bf16):
    %e = arith.extf %p : bf16 to f32
    %n = arith.negf %e : f32
    %s = arith.truncf %n : f32 to bf16
    linalg.yield %s : bf16
  } -> tensor<?xbf16>
  zorro.yield %0 : tensor<?xbf16>
}
zorro.kernel @sum reduce because "" {
^bb0(%x: tensor<?x?xbf16>, %to: tensor<?xbf16>):
  %zero = arith.constant 0.0 : f32
  %0 = arith.extf %to : tensor<?xbf16> to tensor<?xf32>
  %1 = linalg.fill ins(%zero : f32) outs(%0 : tensor<?xf32>) -> tensor<?xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>], iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<?x?xbf16>) outs(%1 : tensor<?xf32>) {
  ^bb0(%p: bf16, %acc: f32):
    %e = arith.extf %p : bf16 to f32
    %s = arith.addf %e, %acc : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  %3 = arith.truncf %2 : tensor<?xf32> to tensor<?xbf16>
  zorro.yield %3 : tensor<?xbf16>
}
zorro.kernel @copy move because "" {
^bb0(%x: tensor<?xbf16>, %to: tensor<?xbf16>):
  %0 = linalg.copy ins(%x : tensor<?xbf16>) outs(%to : tensor<?xbf16>) -> tensor<?xbf16>
  zorro.yield %0 : tensor<?xbf16>
}
zorro.kernel @extend move because "" {
^bb0(%x: tensor<?xbf16>, %to: tensor<?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xbf16>) outs(%to : tensor<?xf32>) {
  ^bb0(%p: bf16, %o: f32):
    %s = arith.extf %p : bf16 to f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
func.func @main(%a: tensor<1x43xf32> {zorro.name = "a"}, %b: tensor<8x43xf32> {zorro.name = "b"}) -> (tensor<43xf32> {zorro.name = "y"}) {
  %e0 = tensor.empty() : tensor<9x43xbf16>
  %a1 = zorro.view %a offset 0 strides [1] : tensor<1x43xf32> to tensor<43xf32>
  %0 = zorro.call @round(%a1) into %e0 shape tensor<43xbf16> offset 0 strides [1] : (tensor<43xf32>) into tensor<9x43xbf16> -> tensor<9x43xbf16>
  %b1 = zorro.view %b offset 0 strides [1] : tensor<8x43xf32> to tensor<344xf32>
  %1 = zorro.call @round(%b1) into %0 shape tensor<344xbf16> offset 43 strides [1] : (tensor<344xf32>) into tensor<9x43xbf16> -> tensor<9x43xbf16>
  %e1 = tensor.empty() : tensor<387xbf16>
  %n0 = zorro.view %1 offset 0 strides [1] : tensor<9x43xbf16> to tensor<387xbf16>
  %2 = zorro.call @negate(%n0) into %e1 shape tensor<387xbf16> offset 0 strides [1] : (tensor<387xbf16>) into tensor<387xbf16> -> tensor<387xbf16>
  %3 = zorro.call @copy(%2) into %e1 shape tensor<387xbf16> offset 0 strides [1] : (tensor<387xbf16>) into tensor<387xbf16> -> tensor<387xbf16>
  %r = zorro.view %3 offset 0 strides [43, 1] : tensor<387xbf16> to tensor<9x43xbf16>
  %e2 = tensor.empty() : tensor<43xbf16>
  %4 = zorro.call @sum(%r) into %e2 shape tensor<43xbf16> offset 0 strides [1] : (tensor<9x43xbf16>) into tensor<43xbf16> -> tensor<43xbf16>
  %e3 = tensor.empty() : tensor<43xf32>
  %5 = zorro.call @extend(%4) into %e3 shape tensor<43xf32> offset 0 strides [1] : (tensor<43xbf16>) into tensor<43xf32> -> tensor<43xf32>
  return %5 : tensor<43xf32>
}
}
