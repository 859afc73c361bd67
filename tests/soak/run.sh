#!/usr/bin/env bash
# Runs many executions, good and hostile, 32 at a time, while cells and zygotes are killed at random.
#
#   tests/soak/run.sh [EXECUTIONS]      10,000 unless told; needs a build in build/
#
# Fails on a wrong verdict, on anything left over and on an engine that grows. The last line is the report as JSON.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
executions=${1:-10000}
case $executions in
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  '' | *[!0-9]*) echo "tests/soak/run.sh takes a number of executions, not '$executions'." >&2 && exit 2 ;;
esac
[ -f build/build.ninja ] || { echo "Build first: examples/quickstart.sh, or meson setup build && ninja -C build." >&2 && exit 2; }
ninja -C build >/dev/null
WARDER_HOSTILE_IMAGE=$PWD/build/image-hostile exec build/tests/soak/soak "$executions"
