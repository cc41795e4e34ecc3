// A dump whose names try to be markup: of inputs, outputs, streams, weights, nodes, the file itself.
#tokens = #zorro.streams<"</title><script>document.title='caught'</script>": 8, "<img src=x onerror=alert(1)>": 4>
#routes = #zorro.mask<"</title><script>document.title='caught'</script>": 8 -> ["</title><script>document.title='caught'</script>"], "<img src=x onerror=alert(1)>": 4 -> [all]
    over "</title><script>document.title='caught'</script>": 8, "<img src=x onerror=alert(1)>": 4 empty nan>
module attributes {zorro.phase = "zorro", zorro.source = "</h1><script>alert('model')</script>.onnx",
    zorro.source_hash = "\22><script>alert('hash')</script>",
    zorro.assumptions = ["<style>body{display:none}</style> -1e9 drops a key"]} {
  zorro.weight @"<svg onload=alert(2)>.0.weight" : tensor<16x16xf32> from ""[0, 1024] stored tensor<16x16xf32> hash "" value dense<0.5> : tensor<16x16xf32>
  func.func @main(
      %a: tensor<1x8x16xf32> {zorro.name = "\22 onmouseover=\22alert(3)", zorro.modality = "'><script>alert(4)</script>"},
      %b: tensor<1x4x16xf32> {zorro.name = "a name without any place to break it, longer than any window: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"})
      -> (tensor<1x8x16xf32> {zorro.name = "</table><script>alert(5)</script>"},
          tensor<1x4x16xf32> {zorro.name = "\E2\80\AEgnp.exe\00\1B[31m"}) {
    %w = zorro.weight_ref @"<svg onload=alert(2)>.0.weight" : tensor<16x16xf32>
    %x = zorro.join %a, %b axis 1 of #tokens : tensor<1x8x16xf32>, tensor<1x4x16xf32> -> tensor<1x12x16xf32>
    %y = zorro.contract %x, %w : tensor<1x12x16xf32>, tensor<16x16xf32> -> tensor<1x12x16xf32> loc("/<script>alert(6)</script>/0/MatMul")
    %h = tensor.expand_shape %y [[0, 1], [2], [3]] output_shape [1, 1, 12, 16] : tensor<1x12x16xf32> into tensor<1x1x12x16xf32>
    %o = zorro.attention %h, %h, %h mask #routes scale 0.25 : tensor<1x1x12x16xf32>, tensor<1x1x12x16xf32>, tensor<1x1x12x16xf32> -> tensor<1x1x12x16xf32> loc("<iframe src=javascript:alert(7)>")
    %t = tensor.collapse_shape %o [[0, 1], [2], [3]] : tensor<1x1x12x16xf32> into tensor<1x12x16xf32>
    %0 = tensor.extract_slice %t[0, 0, 0][1, 8, 16][1, 1, 1] : tensor<1x12x16xf32> to tensor<1x8x16xf32>
    %1 = tensor.extract_slice %t[0, 8, 0][1, 4, 16][1, 1, 1] : tensor<1x12x16xf32> to tensor<1x4x16xf32>
    return %0, %1 : tensor<1x8x16xf32>, tensor<1x4x16xf32>
  }
}
