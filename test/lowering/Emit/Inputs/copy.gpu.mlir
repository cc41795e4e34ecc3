// A dump of phase gpu, written by hand: a kernel that copies, and an entry that launches it.
module attributes {zorro.phase = "gpu", zorro.arch = "sm_90a", zorro.source = "copy.onnx"} {
  zorro.weight @w : tensor<4xf32> from ""[0, 16] stored tensor<4xf32> hash "" value dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  zorro.table @routes_0 [5, 6, 7]
  llvm.func @copy(%from: !llvm.ptr<1>, %to: !llvm.ptr<1>, %table: !llvm.ptr<1>, %n: i64)
      attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>, zorro.because = "a copy",
                  zorro.kernel = "move", zorro.maps = 0 : i64, zorro.shared = 0 : i64,
                  zorro.threads = 128 : i64} {
    %thread = nvvm.read.ptx.sreg.tid.x : i32
    %i = arith.extui %thread : i32 to i64
    %inside = arith.cmpi slt, %i, %n : i64
    scf.if %inside {
      %a = llvm.getelementptr %from[%i] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
      %b = llvm.getelementptr %to[%i] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
      %x = llvm.load %a : !llvm.ptr<1> -> f32
      llvm.store %x, %b : f32, !llvm.ptr<1>
    }
    llvm.return
  }
  func.func @fused() attributes {zorro.entry = "fused", zorro.arena = 64 : i64,
      zorro.inputs = [{modality = "x", name = "x", type = tensor<4xf32>}],
      zorro.outputs = [{modality = "y", name = "y", type = tensor<4xf32>}]} {
    zorro.launch @copy tasks 1 places [#zorro.place<input 0, 0>, #zorro.place<arena, 0>, #zorro.place<table @routes_0, 8>] scalars [4] multiply_adds 0 bytes 32
    zorro.launch @copy tasks 1 places [#zorro.place<weight @w, 0>, #zorro.place<output 0, 0>, #zorro.place<table @routes_0, 0>] scalars [4] multiply_adds 0 bytes 32
    return
  }
}
