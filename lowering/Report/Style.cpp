//===- Style.cpp - Style sheet and script of the page ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "lowering/Report/Sections.h"

using namespace zorro;

// Colours keep a contrast of at least 4.5 (text) and 3 (shapes) on the page's ground, light and
// dark. Streams (s) and kinds of kernels (k) have colours of their own; every share is also said.
static constexpr llvm::StringLiteral kStyle = R"css(
:root { color-scheme: light dark; --ground: #fff; --panel: #f5f6f8; --text: #1c2128; --soft: #58606b;
  --line: #d5d9df; --link: #0a58b8; --alert: #a11212; --alert-ground: #fdeeee; --fill: #4a6fa5;
  --s0: #2f6fb0; --s1: #c2611b; --s2: #2a8a62; --s3: #8a4bb0; --s4: #a8325c; --s5: #77721a;
  --s6: #1d8796; --s7: #6a5140; --s8: #79818c; --k0: #46586f; --k1: #b07c10; --k2: #3f7f78;
  --k3: #8a5a83; --k4: #8c5a3c; --k5: #8a919b; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --panel: #1d2127; --text: #e4e7eb;
  --soft: #a2abb6; --line: #363d46; --link: #7ab5f5; --alert: #ff9c94; --alert-ground: #3a1b1b;
  --fill: #7c9fd0; --s0: #6aa8e4; --s1: #e9954f; --s2: #55bd93; --s3: #bd8be0; --s4: #e6769c;
  --s5: #bdb64c; --s6: #4fbccb; --s7: #b3977f; --s8: #8d96a2;
  --k0: #8fa6c4; --k1: #e0b04a; --k2: #6fb8af; --k3: #c890c0; --k4: #c99473; --k5: #7c848f; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 64px; background: var(--ground);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 12px; font-size: 28px; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 12px; font-size: 21px; }
h3 { margin: 24px 0 8px; font-size: 16px; overflow-wrap: anywhere; }
h4 { margin: 16px 0 6px; font-size: 14px; color: var(--soft); }
p { margin: 0 0 10px; max-width: 78ch; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, button:focus-visible { outline: 2px solid var(--link);
  outline-offset: 2px; }
section { margin-top: 44px; padding-top: 20px; border-top: 1px solid var(--line); }
article { margin-top: 24px; padding: 4px 20px 16px; background: var(--panel); border-radius: 8px; }
article h3 { margin-top: 14px; font-size: 18px; }
code, .name, .shape, td .name, dd { font-family: ui-monospace, "DejaVu Sans Mono", monospace;
  font-size: 0.9em; overflow-wrap: anywhere; unicode-bidi: isolate; }
.kind { margin: 0; color: var(--soft); letter-spacing: 0.04em; }
.size, .note, .more { color: var(--soft); font-size: 0.9em; }
.failure { padding: 10px 14px; max-width: none; border-left: 4px solid var(--alert);
  background: var(--alert-ground); overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 10px 24px;
  margin: 14px 0; }
.facts dt { color: var(--soft); font-size: 13px; }
.facts dd { margin: 0; }
.facts .size { display: block; font-family: system-ui, sans-serif; }
.flags code { display: inline-block; margin: 0 4px 4px 0; padding: 1px 6px; border-radius: 4px;
  background: var(--panel); }
nav { display: flex; flex-wrap: wrap; gap: 6px 20px; margin-top: 12px; }
ul { margin: 0 0 10px; padding-left: 20px; }
li { margin: 2px 0; overflow-wrap: anywhere; }
summary { cursor: pointer; overflow-wrap: anywhere; }
details.quiet summary { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 0 0 10px; }
caption { padding-bottom: 6px; text-align: left; color: var(--soft); font-size: 14px; }
th, td { padding: 6px 12px; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; font-weight: 400; }
thead th { vertical-align: bottom; color: var(--soft); font-size: 13px; }
tbody th { font-weight: 500; }
th:first-child, td:first-child { padding-left: 0; }
.num { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.gone, li.gone { color: var(--soft); }
tr.source th { font-weight: 400; }
.depends th[scope=row] { font-family: ui-monospace, "DejaVu Sans Mono", monospace;
  font-size: 0.9em; overflow-wrap: anywhere; min-width: 14ch; }
.depends .dot { text-align: center; min-width: 72px; }
.depends thead .dot { max-width: 180px; }
.depends thead .name { display: block; color: var(--text); font-size: 14px; }
.depends td.dot { font-size: 18px; line-height: 1.2; }
.depends td.dot a { display: block; text-decoration: none; }
.depends .no { color: var(--soft); }
.depends .shape { white-space: nowrap; color: var(--soft); }
.key { display: flex; flex-wrap: wrap; gap: 0 20px; max-width: none; color: var(--soft);
  font-size: 14px; }
.key b { color: var(--text); font-weight: 400; }
.reasons details { padding: 6px 0; border-bottom: 1px solid var(--line); }
.reasons ul { margin-top: 6px; }
.reasons li { margin-bottom: 8px; }
.reasons > details:target { background: var(--panel); }
.chain { margin-top: 4px; line-height: 1.9; }
.chain code, .remarks code, .kernels code, .parts code { display: inline-block; max-width: 100%;
  padding: 1px 5px; border-radius: 4px;
  background: var(--panel); }
article code { background: var(--ground); }
.chain .arrow { margin: 0 4px; color: var(--soft); }
.masks { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 470px), 1fr));
  gap: 16px 24px; }
.maskbox { margin: 0; min-width: 0; }
.maskbox h3 { margin-top: 8px; }
.mask { display: block; max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
.mask text { fill: var(--text); }
.mask .size { fill: var(--soft); font-size: 11px; }
.mask .end { text-anchor: end; }
.mask .middle { text-anchor: middle; }
.mask .grid { fill: none; stroke: var(--line); }
.mask .frame { fill: none; stroke: var(--soft); }
.mask .ground { fill: var(--panel); }
.users { padding-left: 18px; }
.users details { display: inline-block; margin-left: 10px; vertical-align: top; color: var(--soft); }
.users details[open] { display: block; margin-left: 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 0 32px; }
.tensors { padding: 0; list-style: none; }
.tensors .size { margin-left: 6px; }
.sequences { display: flex; flex-wrap: wrap; gap: 0 40px; }
.tokens th[scope=row] { max-width: 240px; overflow-wrap: anywhere; }
.tokens th, .tokens td { padding-top: 3px; padding-bottom: 3px; }
.bar { margin: 16px 0; }
.bar figcaption { margin-bottom: 4px; color: var(--soft); font-size: 14px; font-weight: 500; }
.bar > svg { display: block; width: 100%; height: 26px; border-radius: 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 6px 0 0; padding: 0;
  list-style: none; font-size: 14px; }
.swatch { width: 11px; height: 11px; margin-right: 6px; border-radius: 2px; }
.meters { white-space: nowrap; }
.meter { width: 110px; height: 10px; margin-right: 8px; border-radius: 2px; }
.meter .ground { fill: var(--line); }
.meter .fill { fill: var(--fill); }
.meters span { display: inline-block; min-width: 52px; text-align: right; color: var(--soft);
  font-variant-numeric: tabular-nums; }
.kernels { width: 100%; }
.kernels td:first-child { min-width: 220px; }
.kernels details p { margin: 6px 0; font-size: 14px; }
.layers { margin-top: 14px; }
.remarks li { margin-bottom: 8px; }
button { margin: 0 0 8px; padding: 3px 10px; border: 1px solid var(--line); border-radius: 4px;
  background: var(--panel); color: var(--text); font: inherit; font-size: 13px; cursor: pointer; }
.s0 { fill: var(--s0); color: var(--s0); } .s1 { fill: var(--s1); color: var(--s1); }
.s2 { fill: var(--s2); color: var(--s2); } .s3 { fill: var(--s3); color: var(--s3); }
.s4 { fill: var(--s4); color: var(--s4); } .s5 { fill: var(--s5); color: var(--s5); }
.s6 { fill: var(--s6); color: var(--s6); } .s7 { fill: var(--s7); color: var(--s7); }
.s8 { fill: var(--s8); color: var(--s8); }
.k-contract { fill: var(--k0); } .k-attention { fill: var(--k1); } .k-row { fill: var(--k2); }
.k-map { fill: var(--k3); } .k-reduce { fill: var(--k4); } .k-move { fill: var(--k5); }
@media (max-width: 620px) { body { padding: 16px 12px 40px; } article { padding: 2px 12px 12px; }
  th, td { padding: 5px 8px; } .meter { width: 60px; } h1 { font-size: 23px; } }
@media print { body { max-width: none; } article { background: none; border: 1px solid var(--line); }
  nav, button { display: none; } }
)css";

// Comfort only: without it, every fold-out still opens by itself.
static constexpr llvm::StringLiteral kScript = R"js(
for (const heading of document.querySelectorAll('.reasons, .kernels')) {
  const folds = heading.querySelectorAll('details');
  if (folds.length < 2) continue;
  const button = document.createElement('button');
  const label = () => { button.textContent =
    [...folds].every(f => f.open) ? 'Fold all' : 'Unfold all'; };
  button.onclick = () => {
    const open = ![...folds].every(f => f.open);
    for (const fold of folds) fold.open = open;
    label();
  };
  label();
  heading.addEventListener('toggle', label, true);
  (heading.closest('.scroll') || heading).before(button);
}
)js";

llvm::StringRef report::getStyle() { return kStyle; }
llvm::StringRef report::getScript() { return kScript; }
