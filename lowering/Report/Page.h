//===- Page.h - A report as one HTML page ----------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//
//
// One file without scripts or styles from elsewhere. Same report, same bytes. Long lists are cut
// short, with a count, so that the page of a large model stays below a megabyte.
//
//===----------------------------------------------------------------------------------------===//

#ifndef ZORRO_LOWERING_REPORT_PAGE_H
#define ZORRO_LOWERING_REPORT_PAGE_H

#include "lowering/Report/Report.h"

namespace zorro::report {

std::string renderPage(const Report &report);

} // namespace zorro::report

#endif // ZORRO_LOWERING_REPORT_PAGE_H
