#!/usr/bin/env bash
# Runs the web-platform-tests that Debian's nodejs source package carries, each file in a cell of its own.
#
#   tests/webapi/run.sh [--area AREA]... [--file PART] [--update] [--verbose]        needs a build in build/
#
#   --area AREA   only this area of tests/webapi/areas.json
#   --file PART   only the files whose path contains this; the percentages do not decide then
#   --update      write down what fails in tests/webapi/expected/, keeping the reasons that are there; the others say "not yet"
#   --verbose     print every subtest that fails, expected or not
#
# The tests are fetched into build/webapi once. Exits with 1 where an area is below what is required of it, and where a subtest
# fails that is not expected to, or passes though it is not expected to. Subtests of a file that cannot run count as failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;; esac
[ -x "${WARDER:-build/warder}" ] || { echo "Build first: examples/quickstart.sh, or meson setup build && ninja -C build." >&2 && exit 2; }
tests/webapi/fetch build/webapi
modules=build/webapi/modules
{ [ -f $modules/installed ] && cmp -s tests/webapi/package-lock.json $modules/package-lock.json; } ||
  sandbox/runtime/fetch-modules tests/webapi $modules $modules/installed >&2
exec node tests/webapi/run.mjs "$@"
