// RUN: zorro-opt %s --split-input-file --verify-diagnostics

// streams_c2
// expected-error @below {{expected a positive length for segment 'audio' but got 0}}
func.func private @streams_c2() attributes {s = #zorro.streams<audio: 0>}

// -----

// streams_c3
// expected-error @below {{expected distinct segment names but got 'audio' twice}}
func.func private @streams_c3() attributes {s = #zorro.streams<audio: 1, audio: 2>}

// -----

// A mask row names key segments only.
// expected-error @below {{expected the name of a key segment but got 'text'}}
func.func private @mask_names() attributes {m = #zorro.mask<a: 1 -> [text] over a: 1 empty nan>}

// -----

// entry_c1
// expected-error @below {{expected a band with low <= high but got 2 and 1}}
func.func private @entry_c1() attributes {m = #zorro.mask<a: 4 -> [a band(2, 1)] over a: 4 empty nan>}

// -----

// entry_c2
// expected-error @below {{expected ascending bounds of key ranges but got 2}}
func.func private @entry_c2() attributes {m = #zorro.mask<a: 4 -> [a keys(0, 2, 2, 3)] over a: 4 empty nan>}

// -----

// mask_c2
// expected-error @below {{expected key ranges within 4 keys but got a bound of 5}}
func.func private @mask_c2() attributes {m = #zorro.mask<a: 4 -> [a keys(1, 5)] over a: 4 empty nan>}

// -----

// attention_c4
func.func @attention_c4(%x: tensor<2x1x4x8xf32>, %p: tensor<3x4xi1>) -> tensor<2x1x4x8xf32> {
  // expected-error @below {{expected a padding of [2 or 1, 4] but got 'tensor<3x4xi1>'}}
  %o = zorro.attention %x, %x, %x padding %p : tensor<3x4xi1> scale 1.0
      : tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32>, tensor<2x1x4x8xf32> -> tensor<2x1x4x8xf32>
  return %o : tensor<2x1x4x8xf32>
}

// -----

// expected-error @below {{expected 64 bytes for 'tensor<4x4xf32>' but got 60}}
zorro.weight @weight_c1 : tensor<4x4xf32> from "m"[0, 60] stored tensor<4x4xf32> hash ""

// -----

// expected-error @below {{expected a value of type 'tensor<2xf32>' exactly where there is no file}}
zorro.weight @weight_c2 : tensor<2xf32> from ""[0, 8] stored tensor<2xf32> hash ""

// -----

// expected-error @below {{expected a recipe from 'tensor<4x4xf32>' to 'tensor<4x3xf32>'}}
zorro.weight @weight_c3 : tensor<4x3xf32> from "m"[0, 64] stored tensor<4x4xf32> hash "" recipe [#zorro.slice<[0, 2], [4, 3]>]

// -----

// expected-error @below {{expected a recipe from 'tensor<4xf32>' to 'tensor<4xbf16>'}}
zorro.weight @weight_c3_element : tensor<4xbf16> from "m"[0, 16] stored tensor<4xf32> hash ""

// -----

// Only f32 is rounded, and only to bf16.
// expected-error @below {{expected a recipe from 'tensor<4xf32>' to 'tensor<4xf16>'}}
zorro.weight @weight_c3_f16 : tensor<4xf16> from "m"[0, 16] stored tensor<4xf32> hash "" recipe [#zorro.round<f16>]

// -----

// expected-error @below {{expected a recipe from 'tensor<4xbf16>' to 'tensor<4xbf16>'}}
zorro.weight @weight_c3_twice : tensor<4xbf16> from "m"[0, 8] stored tensor<4xbf16> hash "" recipe [#zorro.round<bf16>]

// -----

// expected-note @below {{the weight is declared here}}
zorro.weight @w : tensor<4xf32> from "m"[0, 16] stored tensor<4xf32> hash ""
func.func @weight_ref_c1() -> tensor<5xf32> {
  // expected-error @below {{expected type 'tensor<4xf32>' but got 'tensor<5xf32>'}}
  %0 = zorro.weight_ref @w : tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

func.func @weight_ref_unknown() -> tensor<5xf32> {
  // expected-error @below {{expected the name of a zorro.weight but got @nothing}}
  %0 = zorro.weight_ref @nothing : tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

func.func @join_c1(%a: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{expected a part per segment but got 1 parts for 2 segments}}
  %0 = zorro.join %a axis 0 of <a: 1, b: 1> : tensor<2x4xf32> -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @join_c2(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>) -> tensor<5x4xf32> {
  // expected-error @below {{expected 'tensor<3x4xf32>' for segment 'b' but got 'tensor<4x4xf32>'}}
  %0 = zorro.join %a, %b axis 0 of <a: 2, b: 3> : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}

// -----

func.func @join_c3(%a: tensor<2x4xf32>, %b: tensor<3x5xf32>) -> tensor<5x4xf32> {
  // expected-error @below {{expected 'tensor<3x4xf32>' for segment 'b' but got 'tensor<3x5xf32>'}}
  %0 = zorro.join %a, %b axis 0 of <a: 2, b: 3> : tensor<2x4xf32>, tensor<3x5xf32> -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}

// -----

func.func @take_c1(%a: tensor<5x4xf32>) -> tensor<3x4xf32> {
  // expected-error @below {{expected segments among 2 but got 2 from number 1 on}}
  %0 = zorro.take %a [1, 2] axis 0 of <a: 2, b: 3> : tensor<5x4xf32> -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

func.func @take_c2(%a: tensor<5x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{expected 'tensor<3x4xf32>' but got 'tensor<2x4xf32>'}}
  %0 = zorro.take %a [1, 1] axis 0 of <a: 2, b: 3> : tensor<5x4xf32> -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @contract_c1(%a: tensor<2x4xf32>, %b: tensor<5x3xf32>) -> tensor<2x3xf32> {
  // expected-error @below {{expected rows of K and a matrix of K x N but got 'tensor<2x4xf32>' and 'tensor<5x3xf32>'}}
  %0 = zorro.contract %a, %b : tensor<2x4xf32>, tensor<5x3xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @contract_c2(%a: tensor<2x4xf32>, %b: tensor<4x3xf32>) -> tensor<3x3xf32> {
  // expected-error @below {{expected a result of type 'tensor<2x3xf32>' but got 'tensor<3x3xf32>'}}
  %0 = zorro.contract %a, %b : tensor<2x4xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  return %0 : tensor<3x3xf32>
}

// -----

func.func @contract_c3(%a: tensor<2x5x4xf32>, %b: tensor<4x3xf32>, %r: tensor<2x1x3xf32>) -> tensor<2x5x3xf32> {
  // expected-error @below {{expected an epilogue operand whose shape is a tail of 'tensor<2x5x3xf32>' but got 'tensor<2x1x3xf32>'}}
  %0 = zorro.contract %a, %b (%r) {
  ^bb0(%acc: f32, %e: f32):
    zorro.yield %acc : f32
  } : tensor<2x5x4xf32>, tensor<4x3xf32> (tensor<2x1x3xf32>) -> tensor<2x5x3xf32>
  return %0 : tensor<2x5x3xf32>
}

// -----

func.func @contract_c4(%a: tensor<2x4xf32>, %b: tensor<4x3xf32>, %r: tensor<3xf32>) -> tensor<2x3xf32> {
  // expected-error @below {{expected 2 epilogue arguments but got 1}}
  %0 = zorro.contract %a, %b (%r) {
  ^bb0(%acc: f32):
    zorro.yield %acc : f32
  } : tensor<2x4xf32>, tensor<4x3xf32> (tensor<3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @attention_c1(%q: tensor<2x4x8xf32>) -> tensor<2x4x8xf32> {
  // expected-error @below {{expected [batch, heads, tokens, head size] but got 'tensor<2x4x8xf32>'}}
  %0 = zorro.attention %q, %q, %q scale 1.0 : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32> -> tensor<2x4x8xf32>
  return %0 : tensor<2x4x8xf32>
}

// -----

func.func @attention_c2(%q: tensor<1x2x4x8xf32>, %k: tensor<1x2x5x8xf32>) -> tensor<1x2x4x8xf32> {
  // expected-error @below {{expected matching tokens and head sizes}}
  %0 = zorro.attention %q, %k, %q scale 1.0 : tensor<1x2x4x8xf32>, tensor<1x2x5x8xf32>, tensor<1x2x4x8xf32> -> tensor<1x2x4x8xf32>
  return %0 : tensor<1x2x4x8xf32>
}

// -----

func.func @attention_c3(%q: tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32> {
  // expected-error @below {{expected a mask of 4 queries and 4 keys but got 4 and 3}}
  %0 = zorro.attention %q, %q, %q mask <a: 4 -> [a] over a: 3 empty nan> scale 1.0 : tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32> -> tensor<1x2x4x8xf32>
  return %0 : tensor<1x2x4x8xf32>
}

// -----

func.func @layer_norm_c1(%x: tensor<2x4xf32>, %s: tensor<3xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{expected a vector of 4 but got 'tensor<3xf32>'}}
  %0 = zorro.layer_norm %x scale %s : tensor<3xf32> eps 1.0e-5 : tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

// expected-error @below {{expected a body that computes what it yields}}
zorro.kernel @kernel_c1 map because "" {
^bb0(%x: tensor<?xf32>):
  zorro.yield %x : tensor<?xf32>
}

// -----

// expected-error @below {{expected a destination of type 'tensor<?xf32>' but got 'tensor<?xbf16>'}}
zorro.kernel @kernel_c2 reduce because "" {
^bb0(%x: tensor<?xf32>, %to: tensor<?xbf16>):
  %0 = arith.extf %to : tensor<?xbf16> to tensor<?xf32>
  %1 = linalg.copy ins(%x : tensor<?xf32>) outs(%0 : tensor<?xf32>) -> tensor<?xf32>
  zorro.yield %1 : tensor<?xf32>
}

// -----

func.func @view_c1(%x: tensor<4xf32>) -> tensor<2x2xf32> {
  // expected-error @below {{expected 2 strides but got 1}}
  %0 = zorro.view %x offset 0 strides [1] : tensor<4xf32> to tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

func.func @view_c2(%x: tensor<4xf32>) -> tensor<2x2xf32> {
  // expected-error @below {{expected a window inside 4 elements but got element 4}}
  %0 = zorro.view %x offset 0 strides [3, 1] : tensor<4xf32> to tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

zorro.kernel @k map because "" {
^bb0(%x: tensor<?xbf16>, %to: tensor<?xf32>):
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xbf16>) outs(%to : tensor<?xf32>) {
  ^bb0(%p: bf16, %o: f32):
    %s = arith.extf %p : bf16 to f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
func.func @call_c1_input(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected an input of type 'tensor<?xbf16>' but got 'tensor<4xf32>'}}
  %0 = zorro.call @k(%x) into %x shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

zorro.kernel @k map because "" {
^bb0(%x: tensor<?xf32>, %to: tensor<?xf32>):
  %0 = linalg.copy ins(%x : tensor<?xf32>) outs(%to : tensor<?xf32>) -> tensor<?xf32>
  zorro.yield %0 : tensor<?xf32>
}
func.func @call_c1_result(%x: tensor<4xf32>, %y: tensor<4xbf16>) -> tensor<4xbf16> {
  // expected-error @below {{expected a result of type 'tensor<?xf32>' but got 'tensor<4xbf16>'}}
  %0 = zorro.call @k(%x) into %y shape tensor<4xbf16> offset 0 strides [1] : (tensor<4xf32>) into tensor<4xbf16> -> tensor<4xbf16>
  return %0 : tensor<4xbf16>
}

// -----

func.func @call_c2_element(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected elements of type 'f32' but got 'tensor<4xbf16>'}}
  %0 = zorro.call @nothing(%x) into %x shape tensor<4xbf16> offset 0 strides [1] : (tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @call_c1(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expected the name of a zorro.kernel but got @nothing}}
  %0 = zorro.call @nothing(%x) into %x shape tensor<4xf32> offset 0 strides [1] : (tensor<4xf32>) into tensor<4xf32> -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
