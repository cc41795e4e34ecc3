// RUN: zorro-opt %s --zorro-specialise=entries=audio | FileCheck %s

// So many parts that the table of windows grows while they are asked for.
// CHECK-LABEL: func.func @audio
// CHECK: tensor.concat dim(0)
// CHECK-SAME: -> tensor<80x3xf32>
module attributes {zorro.phase = "zorro"} {
  func.func @main(%x: tensor<1x3xf32> {zorro.name = "audio"}, %v: tensor<1x3xf32> {zorro.name = "video"})
      -> (tensor<80x3xf32> {zorro.name = "y"}, tensor<1x3xf32> {zorro.name = "z"}) {
    %0 = zorro.gelu %x erf : tensor<1x3xf32>
    %1 = zorro.gelu %x erf : tensor<1x3xf32>
    %2 = zorro.gelu %x erf : tensor<1x3xf32>
    %3 = zorro.gelu %x erf : tensor<1x3xf32>
    %4 = zorro.gelu %x erf : tensor<1x3xf32>
    %5 = zorro.gelu %x erf : tensor<1x3xf32>
    %6 = zorro.gelu %x erf : tensor<1x3xf32>
    %7 = zorro.gelu %x erf : tensor<1x3xf32>
    %8 = zorro.gelu %x erf : tensor<1x3xf32>
    %9 = zorro.gelu %x erf : tensor<1x3xf32>
    %10 = zorro.gelu %x erf : tensor<1x3xf32>
    %11 = zorro.gelu %x erf : tensor<1x3xf32>
    %12 = zorro.gelu %x erf : tensor<1x3xf32>
    %13 = zorro.gelu %x erf : tensor<1x3xf32>
    %14 = zorro.gelu %x erf : tensor<1x3xf32>
    %15 = zorro.gelu %x erf : tensor<1x3xf32>
    %16 = zorro.gelu %x erf : tensor<1x3xf32>
    %17 = zorro.gelu %x erf : tensor<1x3xf32>
    %18 = zorro.gelu %x erf : tensor<1x3xf32>
    %19 = zorro.gelu %x erf : tensor<1x3xf32>
    %20 = zorro.gelu %x erf : tensor<1x3xf32>
    %21 = zorro.gelu %x erf : tensor<1x3xf32>
    %22 = zorro.gelu %x erf : tensor<1x3xf32>
    %23 = zorro.gelu %x erf : tensor<1x3xf32>
    %24 = zorro.gelu %x erf : tensor<1x3xf32>
    %25 = zorro.gelu %x erf : tensor<1x3xf32>
    %26 = zorro.gelu %x erf : tensor<1x3xf32>
    %27 = zorro.gelu %x erf : tensor<1x3xf32>
    %28 = zorro.gelu %x erf : tensor<1x3xf32>
    %29 = zorro.gelu %x erf : tensor<1x3xf32>
    %30 = zorro.gelu %x erf : tensor<1x3xf32>
    %31 = zorro.gelu %x erf : tensor<1x3xf32>
    %32 = zorro.gelu %x erf : tensor<1x3xf32>
    %33 = zorro.gelu %x erf : tensor<1x3xf32>
    %34 = zorro.gelu %x erf : tensor<1x3xf32>
    %35 = zorro.gelu %x erf : tensor<1x3xf32>
    %36 = zorro.gelu %x erf : tensor<1x3xf32>
    %37 = zorro.gelu %x erf : tensor<1x3xf32>
    %38 = zorro.gelu %x erf : tensor<1x3xf32>
    %39 = zorro.gelu %x erf : tensor<1x3xf32>
    %40 = zorro.gelu %x erf : tensor<1x3xf32>
    %41 = zorro.gelu %x erf : tensor<1x3xf32>
    %42 = zorro.gelu %x erf : tensor<1x3xf32>
    %43 = zorro.gelu %x erf : tensor<1x3xf32>
    %44 = zorro.gelu %x erf : tensor<1x3xf32>
    %45 = zorro.gelu %x erf : tensor<1x3xf32>
    %46 = zorro.gelu %x erf : tensor<1x3xf32>
    %47 = zorro.gelu %x erf : tensor<1x3xf32>
    %48 = zorro.gelu %x erf : tensor<1x3xf32>
    %49 = zorro.gelu %x erf : tensor<1x3xf32>
    %50 = zorro.gelu %x erf : tensor<1x3xf32>
    %51 = zorro.gelu %x erf : tensor<1x3xf32>
    %52 = zorro.gelu %x erf : tensor<1x3xf32>
    %53 = zorro.gelu %x erf : tensor<1x3xf32>
    %54 = zorro.gelu %x erf : tensor<1x3xf32>
    %55 = zorro.gelu %x erf : tensor<1x3xf32>
    %56 = zorro.gelu %x erf : tensor<1x3xf32>
    %57 = zorro.gelu %x erf : tensor<1x3xf32>
    %58 = zorro.gelu %x erf : tensor<1x3xf32>
    %59 = zorro.gelu %x erf : tensor<1x3xf32>
    %60 = zorro.gelu %x erf : tensor<1x3xf32>
    %61 = zorro.gelu %x erf : tensor<1x3xf32>
    %62 = zorro.gelu %x erf : tensor<1x3xf32>
    %63 = zorro.gelu %x erf : tensor<1x3xf32>
    %64 = zorro.gelu %x erf : tensor<1x3xf32>
    %65 = zorro.gelu %x erf : tensor<1x3xf32>
    %66 = zorro.gelu %x erf : tensor<1x3xf32>
    %67 = zorro.gelu %x erf : tensor<1x3xf32>
    %68 = zorro.gelu %x erf : tensor<1x3xf32>
    %69 = zorro.gelu %x erf : tensor<1x3xf32>
    %70 = zorro.gelu %x erf : tensor<1x3xf32>
    %71 = zorro.gelu %x erf : tensor<1x3xf32>
    %72 = zorro.gelu %x erf : tensor<1x3xf32>
    %73 = zorro.gelu %x erf : tensor<1x3xf32>
    %74 = zorro.gelu %x erf : tensor<1x3xf32>
    %75 = zorro.gelu %x erf : tensor<1x3xf32>
    %76 = zorro.gelu %x erf : tensor<1x3xf32>
    %77 = zorro.gelu %x erf : tensor<1x3xf32>
    %78 = zorro.gelu %x erf : tensor<1x3xf32>
    %79 = zorro.gelu %x erf : tensor<1x3xf32>
    %y = tensor.concat dim(0) %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, %64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79
      : (tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<80x3xf32>
    return %y, %v : tensor<80x3xf32>, tensor<1x3xf32>
  }
}
