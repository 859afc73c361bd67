#!/usr/bin/env bash
# Measures an execution of Warder's beside what isolates less or costs more: all in turn, in the same minutes, on the same
# workloads. Prints medians, 99th percentiles, processor time and ratios, and writes them to build/bench/peers.json.
#
#   tests/bench/peers.sh [ROUNDS]
#
# bubblewrap and node come from Debian, isolated-vm, workerd and deno from npm, as tests/bench/peers/package-lock.json names them. The
# first run installs what is missing and compiles isolated-vm. Nothing else should run meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-100} in
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  *[!0-9]*) echo "tests/bench/peers.sh takes a number of rounds, not '$1'." >&2 && exit 2 ;;
esac
# shellcheck source=tests/lib/install.sh
source tests/lib/install.sh
install_packages build bench
modules=build/bench/peers
if ! { [ -f $modules/installed ] && cmp -s tests/bench/peers/package-lock.json $modules/package-lock.json; }; then
  sandbox/runtime/fetch-modules tests/bench/peers $modules $modules/fetched >&2
  node=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  headers=()
  [ -d "$node/include/node" ] && headers=("--nodedir=$node")
  (cd $modules && npm rebuild isolated-vm --build-from-source "${headers[@]}" --loglevel=error) >&2
  : >$modules/installed
fi
ninja -C build tests/bench/bench_peers warder sandbox/cell/image.stamp >build/bench/build.txt || { cat build/bench/build.txt >&2 && exit 1; }
echo "$(uname -sr), $(nproc) processors; node $(node --version), $(bwrap --version)"
exec build/tests/bench/bench_peers $modules --rounds "${1:-100}" --json build/bench/peers.json
