#!/usr/bin/env bash
# Fuzzes what a cell or a server can reach, and what a person writes, with AddressSanitizer and
# UndefinedBehaviorSanitizer.
#
#   tests/fuzz/run.sh [SECONDS]      for each target; 60 unless told
#
#   cell_side_fuzz     frames to a cell, by the cell's own channel; packets of the control socket
#   cell_stream_fuzz   the frame decoder and the messages
#   crypto_fuzz        keys, parameters, ciphertexts and signatures for crypto.subtle, on the image's OpenSSL
#   inject_fuzz        message templates, and placeholders in requests
#   engine_fuzz        a whole engine, driven by a lying cell
#   journal_fuzz       journals that are to be replayed
#   manifest_fuzz      what a bundle says that it declares, and two of those compared
#   natives_fuzz       a cell's natives through V8: URLs, encodings, base64, compression, state, arguments of crypto.subtle
#   oauth_fuzz         metadata, token answers and redirects of authorization servers
#   policy_fuzz        egress policies, and what they say about requests
#   response_fuzz      an upstream's answer on its way to the script: head, decoding, scrubbing
#   scrub_fuzz         the scrubbing of responses, against one that decodes everything
#   source_map_fuzz    source maps of bundles, and the stacks that they are used on
#   vault_fuzz         what the vault reads from its files: index, sealed records, wrapped keys
#
# The corpora of the tree are in tests/fuzz/corpus/TARGET; what a run adds stays in build-asan/corpus/TARGET. A finding is written to build-asan/findings/ and named; run the target with
# that file as its argument to see it again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-60}
case $seconds in
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  '' | *[!0-9]*) echo "tests/fuzz/run.sh takes a number of seconds, not '$seconds'." >&2 && exit 2 ;;
esac
targets=(cell_side_fuzz cell_stream_fuzz crypto_fuzz engine_fuzz inject_fuzz journal_fuzz manifest_fuzz natives_fuzz oauth_fuzz policy_fuzz response_fuzz
  scrub_fuzz source_map_fuzz vault_fuzz)

# shellcheck source=tests/lib/fuzz_build.sh
. tests/lib/fuzz_build.sh
[ -f build-asan/build.ninja ] || CXX=clang++ meson setup build-asan -Dcell=false -Dhostile=false -Db_lundef=false "${fuzz_build[@]}"
ninja -C build-asan "${targets[@]/#/tests/fuzz/}" tests/fuzz/make_corpus \
  engine/execution/scripted-image sandbox/zygote/warder-launcher
build-asan/tests/fuzz/make_corpus build-asan/seeds

failed=0
for target in "${targets[@]}"; do
  corpus=build-asan/corpus/$target
  seeds=()
  [ ! -d "build-asan/seeds/$target" ] || seeds=("build-asan/seeds/$target")
  mkdir -p "$corpus" build-asan/findings
  echo "== $target, $seconds s"
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "build-asan/tests/fuzz/$target" \
    "$corpus" "${seeds[@]}" "tests/fuzz/corpus/$target" \
    -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="build-asan/findings/$target-" || {
    failed=1
    echo "$target found something: see build-asan/findings/" >&2
  }
done
exit "$failed"
