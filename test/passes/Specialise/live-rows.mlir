// Dependence by rows that only padding empties: refused, or granted under a promise.
// RUN: sed -e 's/PROMISE/zorro.other/' %s | not zorro-opt --zorro-specialise=entries=audio 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: sed -e 's/PROMISE/zorro.assume_live_rows/' %s | zorro-opt --mlir-print-local-scope --zorro-specialise=entries=audio | FileCheck %s

// REFUSED: error: refused: 'y' needs 'video' and cannot be cut free for 'audio': {{.*}}; it needs it only where padding leaves a row without a key: --assume-live-rows promises that this never happens

// CHECK-LABEL: func.func @audio(
// CHECK-SAME: %[[A:[^ ]*]]: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %[[P:[^ ]*]]: tensor<1x5xi1>
// CHECK: %[[KEEP:.*]] = tensor.extract_slice %[[P]][0, 0] [1, 2]
// CHECK: zorro.attention %[[A]], %[[A]], %[[A]] padding %[[KEEP]] : tensor<1x2xi1> mask <audio: 2 -> [audio] over audio: 2 empty uniform>
#tokens = #zorro.streams<audio: 2, video: 3>
#routes = #zorro.mask<audio: 2 -> [audio], video: 3 -> [video] over audio: 2, video: 3 empty uniform>
module attributes {zorro.phase = "zorro", PROMISE} {
func.func @main(%a: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %v: tensor<1x1x3x4xf32> {zorro.name = "video"},
                %p: tensor<1x5xi1> {zorro.name = "keep", zorro.modality = "audio"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "y"}) {
  %x = zorro.join %a, %v axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x5x4xf32>
  %o = zorro.attention %x, %x, %x padding %p : tensor<1x5xi1> mask #routes scale 0.5 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32>
  %y = zorro.take %o [0, 1] axis 2 of #tokens : tensor<1x1x5x4xf32> -> tensor<1x1x2x4xf32>
  return %y : tensor<1x1x2x4xf32>
}
}
