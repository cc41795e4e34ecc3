# How tools/test and tools/demo build: two steps of progress. Sourced, not run.
#
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# buildZorro SOURCE BUILD [TARGET…]
buildZorro() {
  local source=$1 build=$2 choice=()
  shift 2
  # A folder that somebody configured in his own way is left as it is.
  if [ ! -e "$build/CMakeCache.txt" ]; then
    choice=(-G Ninja -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22)
    ! command -v ccache >/dev/null || choice+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  # With these a second clone finds what the first compiled, precompiled headers included.
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$source} CCACHE_NOHASHDIR=1
  export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
  progressStep "configure" nice cmake -S "$source" -B "$build" "${choice[@]}" &&
    progressStep "build" nice ninja -C "$build" -j "$(nproc)" "$@"
}
