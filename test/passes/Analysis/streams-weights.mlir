// Weights: ordinary numbers, fills where they were noted, anything where nobody looked.
// RUN: zorro-opt %s --zorro-print-streams -o /dev/null | FileCheck %s

zorro.weight @plain : tensor<4x6xf32> from "m"[0, 96] stored tensor<4x6xf32> hash "00"
zorro.weight @unread : tensor<4x6xf32> from "m"[0, 96] stored tensor<4x6xf32> hash "00" fills
zorro.weight @noted : tensor<4x6xf32> from "m"[0, 96] stored tensor<4x6xf32> hash "00" fills
    {zorro.classes = {classes = array<i8: 0, 1, 2, 3>, cuts = [array<i64: 0, 1, 4>, array<i64: 0, 2, 6>]}}
// A recipe moves what was noted of the stored bytes.
zorro.weight @cut : tensor<2x4xf32> from "m"[0, 96] stored tensor<4x6xf32> hash "00" fills recipe [#zorro.slice<[0, 2], [2, 4]>]
    {zorro.classes = {classes = array<i8: 0, 1, 2, 3>, cuts = [array<i64: 0, 1, 4>, array<i64: 0, 2, 6>]}}
zorro.weight @turned : tensor<6x4xf32> from "m"[0, 96] stored tensor<4x6xf32> hash "00" fills recipe [#zorro.transpose<[1, 0]>]
    {zorro.classes = {classes = array<i8: 0, 1, 2, 3>, cuts = [array<i64: 0, 1, 4>, array<i64: 0, 2, 6>]}}
// A note that does not fit is none.
zorro.weight @odd : tensor<4x6xf32> from "m"[0, 96] stored tensor<4x6xf32> hash "00" fills
    {zorro.classes = {classes = array<i8: 0, 1, 2>, cuts = [array<i64: 0, 1, 4>, array<i64: 0, 2, 6>]}}
// What a pass made is known, marked or not.
zorro.weight @made : tensor<1x2xf32> from ""[0, 8] stored tensor<1x2xf32> hash "" value dense<[[0.0, 0xFF800000]]> : tensor<1x2xf32>

// CHECK-LABEL: @weights
// CHECK-NEXT: zorro.weight_ref: {}{{$}}
// CHECK-NEXT: zorro.weight_ref: {}!fin
// CHECK-NEXT: zorro.weight_ref: axis 0: 0 1 4, axis 1: 0 2 6 | {} dead{}!f =-inf {}!fin
// CHECK-NEXT: zorro.weight_ref: axis 0: 0 1 2 | dead{}!f {}!fin
// CHECK-NEXT: zorro.weight_ref: axis 0: 0 2 6, axis 1: 0 1 4 | {} =-inf dead{}!f {}!fin
// CHECK-NEXT: zorro.weight_ref: {}!fin
// CHECK-NEXT: zorro.weight_ref: axis 1: 0 1 2 | =0 =-inf
func.func @weights() {
  %0 = zorro.weight_ref @plain : tensor<4x6xf32>
  %1 = zorro.weight_ref @unread : tensor<4x6xf32>
  %2 = zorro.weight_ref @noted : tensor<4x6xf32>
  %3 = zorro.weight_ref @cut : tensor<2x4xf32>
  %4 = zorro.weight_ref @turned : tensor<6x4xf32>
  %5 = zorro.weight_ref @odd : tensor<4x6xf32>
  %6 = zorro.weight_ref @made : tensor<1x2xf32>
  return
}
