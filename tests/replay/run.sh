#!/usr/bin/env bash
# Records many executions of the examples, replays every one of them, as root also as another user with another time zone
# and language, and changes what some were given: seed, clock, answers, their order.
#
#   tests/replay/run.sh [EXECUTIONS]      1,000 unless told; needs a build in build/
#
# WARDER_ELSEWHERE=FILE: the other user replays with that command, which may be of another checkout.
# Fails where a replay is not identical, and where a change is not found or not named. The last line is the report as JSON.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
executions=${1:-1000}
case $executions in
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  '' | *[!0-9]*) echo "tests/replay/run.sh takes a number of executions, not '$executions'." >&2 && exit 2 ;;
esac
[ -f build/build.ninja ] || { echo "Build first: examples/quickstart.sh, or meson setup build && ninja -C build." >&2 && exit 2; }
ninja -C build warder >/dev/null
exec node tests/replay/run.mjs "$executions"
