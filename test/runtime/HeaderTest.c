//===- HeaderTest.c - The public header is plain C ------------------------------------------===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// Compiles the header as C and makes one round of calls that must fail politely.
//
//===----------------------------------------------------------------------------------------===//

#include "runtime/Core/Zorro.h"

int zorroHeaderTestInC(void) {
  zorro_model *model = (zorro_model *)1;
  zorro_session *session = (zorro_session *)1;
  if (zorro_model_load("/does/not/exist", NULL, &model) != ZORRO_BAD_FILE || model)
    return 1;
  if (zorro_session_create(model, NULL, 0, &session) != ZORRO_INVALID || session)
    return 2;
  if (zorro_session_run(NULL, NULL, 0, NULL, 0) != ZORRO_INVALID)
    return 3;
  if (zorro_model_describe(NULL) || zorro_session_entry(NULL))
    return 4;
  zorro_session_free(NULL);
  zorro_model_free(NULL);
  return zorro_last_error()[0] ? 0 : 5;
}
