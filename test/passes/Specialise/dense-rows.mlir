// RUN: zorro-opt %s --zorro-specialise=entries=a,b,c | FileCheck %s

// The sum of a softmax row runs over places: columns that are not read keep theirs, as -inf; only
// those behind the last that is read go. Columns of the row: a a b b c b c.
#id = affine_map<(i, j) -> (i, j)>
// CHECK-LABEL: func.func @a(
// CHECK-NOT: tensor.pad
// CHECK: zorro.softmax %{{.*}} : tensor<2x2xf32>
// CHECK-LABEL: func.func @b(
// CHECK: %[[INF:.*]] = arith.constant 0xFF800000 : f32
// CHECK: %[[P:.*]] = tensor.pad %{{.*}} low[0, 2] high[0, 0] {
// CHECK: tensor.yield %[[INF]] : f32
// CHECK: } : tensor<2x2xf32> to tensor<2x4xf32>
// CHECK: %[[S:.*]] = zorro.softmax %[[P]] : tensor<2x4xf32>
// CHECK: tensor.extract_slice %[[S]][0, 2] [2, 2] [1, 1]
// CHECK-LABEL: func.func @c(
// CHECK: %[[X:.*]] = linalg.generic
// CHECK: %[[X0:.*]] = tensor.extract_slice %[[X]][0, 0] [2, 1] [1, 1]
// CHECK: %[[P0:.*]] = tensor.pad %[[X0]] low[0, 4] high[0, 0] {
// CHECK: } : tensor<2x1xf32> to tensor<2x5xf32>
// CHECK: %[[X1:.*]] = tensor.extract_slice %[[X]][0, 1] [2, 1] [1, 1]
// CHECK: %[[P1:.*]] = tensor.pad %[[X1]] low[0, 1] high[0, 0] {
// CHECK: } : tensor<2x1xf32> to tensor<2x2xf32>
// CHECK: %[[ROW:.*]] = tensor.concat dim(1) %[[P0]], %[[P1]]
// CHECK: zorro.softmax %[[ROW]] : tensor<2x7xf32>
func.func @main(%a: tensor<6x2xf32> {zorro.name = "a"}, %b: tensor<6x2xf32> {zorro.name = "b"}, %c: tensor<6x2xf32> {zorro.name = "c"})
    -> (tensor<2x2xf32> {zorro.name = "ya"}, tensor<2x2xf32> {zorro.name = "yb"}, tensor<2x2xf32> {zorro.name = "yc"}) {
  %b0 = tensor.extract_slice %b[0, 0] [6, 1] [1, 1] : tensor<6x2xf32> to tensor<6x1xf32>
  %c0 = tensor.extract_slice %c[0, 0] [6, 1] [1, 1] : tensor<6x2xf32> to tensor<6x1xf32>
  %c1 = tensor.extract_slice %c[0, 1] [6, 1] [1, 1] : tensor<6x2xf32> to tensor<6x1xf32>
  %x = tensor.concat dim(1) %a, %b, %c0, %b0, %c1 : (tensor<6x2xf32>, tensor<6x2xf32>, tensor<6x1xf32>, tensor<6x1xf32>, tensor<6x1xf32>) -> tensor<6x7xf32>
  %m = arith.constant dense<[[true, true, false, false, false, false, false], [true, true, false, false, false, false, false],
                             [false, false, true, true, false, false, false], [false, false, true, true, false, false, false],
                             [false, false, false, false, true, false, true], [false, false, false, false, true, false, true]]> : tensor<6x7xi1>
  %e = tensor.empty() : tensor<6x7xf32>
  %d = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m, %x : tensor<6x7xi1>, tensor<6x7xf32>) outs(%e : tensor<6x7xf32>) {
  ^bb0(%k: i1, %i: f32, %out: f32):
    %low = arith.constant -3.40282347E+38 : f32
    %u = arith.select %k, %i, %low : f32
    linalg.yield %u : f32
  } -> tensor<6x7xf32>
  %p = zorro.softmax %d : tensor<6x7xf32>
  %ya = tensor.extract_slice %p[0, 0] [2, 2] [1, 1] : tensor<6x7xf32> to tensor<2x2xf32>
  %yb = tensor.extract_slice %p[2, 2] [2, 2] [1, 1] : tensor<6x7xf32> to tensor<2x2xf32>
  %p0 = tensor.extract_slice %p[4, 4] [2, 1] [1, 1] : tensor<6x7xf32> to tensor<2x1xf32>
  %p1 = tensor.extract_slice %p[4, 6] [2, 1] [1, 1] : tensor<6x7xf32> to tensor<2x1xf32>
  %yc = tensor.concat dim(1) %p0, %p1 : (tensor<2x1xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  return %ya, %yb, %yc : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}
