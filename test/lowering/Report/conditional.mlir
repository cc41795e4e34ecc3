// A dependence that only an emptied row brings is half a circle; padding is said below the mask.
// RUN: zorro-opt %s --emit=zorro --report=%t.html -o %t.mlir
// RUN: FileCheck %s --input-file=%t.html
// CHECK: audio_out</th><td class=dot>{{[^◐]*}}●</a></td><td class=dot>{{[^●]*}}depends under a condition{{[^●]*}}◐</a></td><td class=dot>{{[^◐]*}}●</a></td>
// CHECK: input &#39;dead&#39; is dead: no output depends on its values; nothing reads it
// CHECK: A row without a live key (∅) gives the mean of all values (uniform).
// CHECK: 1{{[^ ]*}}use in the source, 1 with padding known at run time
// RUN: zorro-opt %s --assume-live-rows --emit=zorro --report=%t.live.html -o %t.mlir
// RUN: FileCheck %s --check-prefix=LIVE --input-file=%t.live.html
// LIVE: <code>--assume-live-rows</code>
// LIVE: audio_out</th><td class=dot>{{[^◐]*}}●</a></td><td class="dot no">
#tokens = #zorro.streams<audio: 2, video: 3>
#mean = #zorro.mask<audio: 2 -> [audio], video: 3 -> [] over audio: 2, video: 3 empty uniform>
module attributes {zorro.phase = "zorro"} {
func.func @main(%audio: tensor<1x1x2x4xf32> {zorro.name = "audio"}, %video: tensor<1x1x3x4xf32> {zorro.name = "video"}, %keep: tensor<1x5xi1> {zorro.name = "keep"}, %dead: tensor<1xf32> {zorro.name = "dead"})
    -> (tensor<1x1x2x4xf32> {zorro.name = "audio_out"}) {
  %x = zorro.join %audio, %video axis 2 of #tokens : tensor<1x1x2x4xf32>, tensor<1x1x3x4xf32> -> tensor<1x1x5x4xf32>
  %0 = zorro.attention %x, %x, %x padding %keep : tensor<1x5xi1> mask #mean scale 5.0e-1 : tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32>, tensor<1x1x5x4xf32> -> tensor<1x1x5x4xf32> loc("/0/attn")
  %y0 = tensor.extract_slice %0[0, 0, 0, 0] [1, 1, 2, 4] [1, 1, 1, 1] : tensor<1x1x5x4xf32> to tensor<1x1x2x4xf32>
  return %y0 : tensor<1x1x2x4xf32>
}
}
