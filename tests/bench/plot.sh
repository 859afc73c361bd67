#!/usr/bin/env bash
# Draws docs/figures/*.svg from what the benchmarks have written to build/bench/: scale.json, executions.json and
# peers.json, as far as they are there. Each figure names the machine that its own figures were taken on.
#
#   tests/bench/plot.sh [--measure]      --measure: takes all of them first, which needs a quiet machine and half an hour
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in
  '' | --measure) ;;
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  *) echo "tests/bench/plot.sh takes --measure or nothing, not '$1'." >&2 && exit 2 ;;
esac
# shellcheck source=tests/lib/install.sh
source tests/lib/install.sh
install_packages plot
mkdir -p build/bench docs/figures
if [ "${1:-}" = --measure ]; then
  tests/bench/peers.sh
  ninja -C build tests/bench/bench_executions tests/bench/bench_scale >build/bench/build.txt ||
    { cat build/bench/build.txt >&2 && exit 1; }
  build/tests/bench/bench_executions --json build/bench/executions.json
  build/tests/bench/bench_scale --json build/bench/scale.json
fi
python3 tests/bench/plot.py build/bench docs/figures
