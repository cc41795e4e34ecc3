//===- ZorroDialect.cpp - Registration of the zorro dialect ----------------*- C++ -*- ===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "dialects/Zorro/Zorro.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace zorro;

#include "dialects/Zorro/ZorroDialect.cpp.inc"
#include "dialects/Zorro/ZorroEnums.cpp.inc"

namespace {
/// Streams and masks stand once at the top of a dump, under a name.
struct Aliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;
  AliasResult getAlias(Attribute attr, llvm::raw_ostream &os) const override {
    if (isa<StreamsAttr>(attr))
      os << "tokens";
    else if (isa<MaskAttr>(attr))
      os << "routes";
    else
      return AliasResult::NoAlias;
    return AliasResult::FinalAlias;
  }
};
} // namespace

void ZorroDialect::initialize() {
  addInterfaces<Aliases>();
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Zorro/ZorroOps.cpp.inc"
      >();
}
