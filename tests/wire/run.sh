#!/usr/bin/env bash
# Sends random hostile requests through the broker and looks at every byte that arrives at the other end.
#
#   tests/wire/run.sh [--seed N] [--first N] [COUNT]      1,000,000 unless told; needs a build in build/
#
#   --seed N    the requests that follow from N; a random N unless told
#   --first N   from the Nth of them on: with a COUNT of 1, that one alone
#
# A script's methods, URLs, headers and bodies hold whatever could end one message and begin another; the stored secrets
# of its connections and the redirects of its upstream do as well. Of each request that gets through, a strict parser
# and llhttp (node's) must read the same, one request and nothing behind it, and exactly what the script asked for
# within the rules, with what the broker owns; of all others nothing may arrive. Then the same requests are read as they
# would be if nobody checked them: that must be found to be bad. Needs node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
count=1000000
options=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
    --seed | --first) options+=("$1" "${2:-}") && shift $(($# > 1 ? 2 : 1)) ;;
    '' | *[!0-9]*) echo "tests/wire/run.sh takes a number of requests, not '$1'." >&2 && exit 2 ;;
    *) count=$1 && shift ;;
  esac
done
[ -f build/build.ninja ] || { echo "Build first: examples/quickstart.sh, or meson setup build && ninja -C build." >&2 && exit 2; }
ninja -C build tests/wire/wire_fuzz >/dev/null
exec build/tests/wire/wire_fuzz "${options[@]}" tests/wire/llhttp.cjs "$count"
