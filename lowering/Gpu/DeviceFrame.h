//===- DeviceFrame.h - The function around a kernel, and writing its code -----------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// A builder for device code: 32-bit index arithmetic that folds, memory by address and byte offset,
// loops that take their body as a function; and the function of a kernel with its parameters.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_GPU_DEVICEFRAME_H
#define ZORRO_LOWERING_GPU_DEVICEFRAME_H

#include "lowering/Gpu/Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace zorro {

using DeviceValues = llvm::SmallVector<mlir::Value>;

class DeviceEmitter : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using Type = mlir::Type;

  DeviceEmitter(mlir::Location loc, mlir::MLIRContext *context)
      : ImplicitLocOpBuilder(loc, context), i8(getI8Type()), i32(getI32Type()), i64(getI64Type()),
        f32(getF32Type()), bf16(getBF16Type()),
        global(mlir::LLVM::LLVMPointerType::get(context, 1)),
        shared(mlir::LLVM::LLVMPointerType::get(context, 3)) {}

  const Type i8, i32, i64, f32, bf16, global, shared;

  // Integers, of 32 bits unless both operands have 64.
  Value number(int64_t value) { return number(i32, value); }
  Value number(Type type, int64_t value) {
    return mlir::arith::ConstantOp::create(*this, getIntegerAttr(type, value));
  }
  Value add(Value a, Value b) { return createOrFold<mlir::arith::AddIOp>(a, b); }
  Value add(Value a, int64_t b) { return b ? add(a, number(a.getType(), b)) : a; }
  Value sub(Value a, Value b) { return createOrFold<mlir::arith::SubIOp>(a, b); }
  Value sub(Value a, int64_t b) { return sub(a, number(a.getType(), b)); }
  Value mul(Value a, Value b) { return createOrFold<mlir::arith::MulIOp>(a, b); }
  Value mul(Value a, int64_t b) { return b == 1 ? a : mul(a, number(a.getType(), b)); }
  Value div(Value a, Value b) { return createOrFold<mlir::arith::DivUIOp>(a, b); }
  Value div(Value a, int64_t b) { return b == 1 ? a : div(a, number(a.getType(), b)); }
  Value rem(Value a, Value b) { return createOrFold<mlir::arith::RemUIOp>(a, b); }
  Value rem(Value a, int64_t b) { return rem(a, number(a.getType(), b)); }
  Value bitAnd(Value a, int64_t b) {
    return createOrFold<mlir::arith::AndIOp>(a, number(a.getType(), b));
  }
  Value bitOr(Value a, Value b) { return createOrFold<mlir::arith::OrIOp>(a, b); }
  Value bitXor(Value a, Value b) { return createOrFold<mlir::arith::XOrIOp>(a, b); }
  Value bitXor(Value a, int64_t b) { return bitXor(a, number(a.getType(), b)); }
  Value shl(Value a, int64_t b) {
    return createOrFold<mlir::arith::ShLIOp>(a, number(a.getType(), b));
  }
  Value shr(Value a, int64_t b) {
    return createOrFold<mlir::arith::ShRUIOp>(a, number(a.getType(), b));
  }
  Value min(Value a, Value b) { return createOrFold<mlir::arith::MinSIOp>(a, b); }
  Value max(Value a, Value b) { return createOrFold<mlir::arith::MaxSIOp>(a, b); }
  Value wide(Value a) { return createOrFold<mlir::arith::ExtSIOp>(i64, a); }
  Value narrow(Value a) { return createOrFold<mlir::arith::TruncIOp>(i32, a); }
  Value cmp(mlir::arith::CmpIPredicate p, Value a, Value b) {
    return createOrFold<mlir::arith::CmpIOp>(p, a, b);
  }
  Value lt(Value a, Value b) { return cmp(mlir::arith::CmpIPredicate::slt, a, b); }
  Value eq(Value a, int64_t b) {
    return cmp(mlir::arith::CmpIPredicate::eq, a, number(a.getType(), b));
  }
  Value both(Value a, Value b) { return createOrFold<mlir::arith::AndIOp>(a, b); }
  Value select(Value p, Value a, Value b) {
    return createOrFold<mlir::arith::SelectOp>(p, a, b);
  }

  // Floating point.
  Value real(double value) {
    return mlir::arith::ConstantOp::create(*this, getF32FloatAttr(value));
  }

  // Memory: addresses with byte offsets (i32 or i64).
  Value at(Value address, Value bytes);
  Value at(Value address, int64_t bytes);
  Value load(Type type, Value address, unsigned alignment = 0);
  void store(Value value, Value address, unsigned alignment = 0);

  // Where a thread is.
  Value thread();
  Value block();
  Value lane() { return bitAnd(thread(), 31); }
  Value warp() { return shr(thread(), 5); }
  /// All threads of the block meet.
  void barrier();
  /// The value of another lane of the warp: lane ^ mask.
  Value shuffleXor(Value value, int64_t mask);
  /// Asks for an instruction by its text; `constraints` as LLVM's inline assembly takes them.
  Value assembly(Type result, llvm::StringRef text, llvm::StringRef constraints,
                 mlir::ValueRange operands, bool effects);

  // Control flow. Bounds have one integer type.
  using Body = llvm::function_ref<DeviceValues(Value, mlir::ValueRange)>;
  DeviceValues loop(Value begin, Value end, Value step, mlir::ValueRange init, Body body);
  void loop(Value begin, Value end, Value step, llvm::function_ref<void(Value)> body);
  /// Runs `body` while `condition` holds for the state; gives the last state.
  DeviceValues whileLoop(mlir::ValueRange init,
                         llvm::function_ref<Value(mlir::ValueRange)> condition,
                         llvm::function_ref<DeviceValues(mlir::ValueRange)> body);
  void ifThen(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr);
  DeviceValues ifValues(Value condition, llvm::function_ref<DeviceValues()> then,
                        llvm::function_ref<DeviceValues()> otherwise);
};

/// The function of a kernel. Between its making and close() the emitter writes into it.
class DeviceFrame {
public:
  struct Memory {
    mlir::Value address; ///< !llvm.ptr<1>
    mlir::Type element;  ///< as stored; i1 lies in a byte
  };

  /// Opens the function of `kernel` with `tables` tables of 64-bit words, `scalars` scalars and
  /// `maps` tensor maps.
  DeviceFrame(DeviceEmitter &e, mlir::OpBuilder &module, KernelOp kernel, unsigned tables,
              unsigned scalars, unsigned maps = 0);

  /// Closes the function of blocks of `threads` threads.
  mlir::LLVM::LLVMFuncOp close(int64_t threads);

  /// `bytes` of the block's dynamic shared memory, aligned to 1024 where they are as many, else to
  /// 16. Parts do not overlap.
  mlir::Value reserve(int64_t bytes);

  DeviceEmitter &e;
  mlir::LLVM::LLVMFuncOp func;
  llvm::SmallVector<Memory> inputs;
  Memory result;
  DeviceValues tables, scalars, maps;

private:
  int64_t sharedBytes = 0;
  mlir::Value base;
};

} // namespace zorro

#endif // ZORRO_LOWERING_GPU_DEVICEFRAME_H
