# Progress lines and timing for the scripts beside this file. Sourced, not run.
#
# Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Steps of a script: `progressSteps N` once, then `progressStep WHAT COMMAND…` for each step. The
# command's output goes to a log that is shown only when the command fails.
progressCount=0
progressTotal=0
progressLogs=${TMPDIR:-/tmp}/zorro-progress-$$
trap 'rm -rf "$progressLogs"' EXIT

progressSteps() {
  progressCount=0
  progressTotal=$1
}

progressNow() { date +%s.%N; }
progressSince() { awk -v a="$1" -v b="$(progressNow)" 'BEGIN { printf "%.1f s", b - a }'; }

# The end of the log says how far a ninja or an apt has come; on a terminal it is shown as it goes.
progressTail() {
  tail -c 400 "$1" 2>/dev/null | tr '\r' '\n' | tr -cd '[:print:]\n' | awk 'NF { line = $0 }
    END { print substr(line, 1, 40) }'
}

progressStep() {
  local what=$1 start log status=0
  shift
  progressCount=$((progressCount + 1))
  start=$(progressNow)
  mkdir -p "$progressLogs"
  log=$progressLogs/$progressCount.log
  printf '[%d/%d] %s …' "$progressCount" "$progressTotal" "$what"
  if [ -t 1 ]; then
    "$@" >"$log" 2>&1 &
    local job=$!
    while kill -0 "$job" 2>/dev/null; do
      sleep 0.2
      printf '\r\033[K[%d/%d] %s … %s  %s' "$progressCount" "$progressTotal" "$what" \
        "$(progressSince "$start")" "$(progressTail "$log")"
    done
    wait "$job" || status=$?
    printf '\r\033[K[%d/%d] %s …' "$progressCount" "$progressTotal" "$what"
  else
    "$@" >"$log" 2>&1 || status=$?
  fi
  if [ "$status" -ne 0 ]; then
    printf ' failed after %s\n' "$(progressSince "$start")"
    tail -n 60 "$log" >&2
    return "$status"
  fi
  printf ' %s\n' "$(progressSince "$start")"
}
