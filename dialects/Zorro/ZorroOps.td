//===- ZorroOps.td - All operations of the zorro dialect -------------------*- tablegen -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// The root that tablegen reads: operations by kind.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_DIALECTS_ZORRO_ZORROOPS_TD
#define ZORRO_DIALECTS_ZORRO_ZORROOPS_TD

include "ZorroRoutingOps.td"
include "ZorroTensorOps.td"
include "ZorroKernelOps.td"

#endif // ZORRO_DIALECTS_ZORRO_ZORROOPS_TD
