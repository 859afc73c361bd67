#!/usr/bin/env bash
# Measures Warder on this machine: a whole `warder run` against `node hello.cjs`, then executions inside one engine,
# then calls through a cell and the broker against plain libcurl, then what the system call filters cost.
#
#   tests/bench/run.sh [--check]     --check: exit code 1 when `warder run` is slower than node
#
# Figures are printed and written to build/bench/. Nothing else should run meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in
  '' | --check) ;;
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  *) echo "tests/bench/run.sh takes --check or nothing, not '$1'." >&2 && exit 2 ;;
esac
out=build/bench
mkdir -p "$out"
ninja -C build >"$out/build.txt" || { cat "$out/build.txt" >&2 && exit 1; }

# Both must give the same answer before their times are compared.
expected='{"hello":"world"}'
for program in "build/warder run tests/bench/hello" "node tests/bench/hello.cjs"; do
  answer=$($program 2>/dev/null | tr -d ' \n')
  [ "$answer" = "$expected" ] || { echo "'$program' answers $answer instead of $expected." >&2 && exit 1; }
done

commands=("build/warder run tests/bench/hello" "node tests/bench/hello.cjs")
names=("warder run" "node, no isolation")
sandbox="bwrap --unshare-all --ro-bind / / --dev /dev --proc /proc node tests/bench/hello.cjs"
if $sandbox >/dev/null 2>&1; then
  commands+=("$sandbox")
  names+=("bwrap + node")
else
  echo "bwrap cannot make its namespaces here: not compared." >&2
fi
hyperfine --shell=none --warmup 5 --runs 40 --style basic --export-json "$out/hello.json" "${commands[@]}" >"$out/hyperfine.txt" 2>&1 ||
  { cat "$out/hyperfine.txt" >&2 && exit 1; }

verdict=0
python3 - "$out/hello.json" "${names[@]}" <<'END' || verdict=1
import json, sys
results = json.load(open(sys.argv[1]))["results"]
print(f"{'whole process':22}{'median ms':>10}{'min':>8}{'max':>8}{'user ms':>9}{'system ms':>10}")
for name, r in zip(sys.argv[2:], results):
    print(f"{name:22}" + "".join(f"{1000 * r[key]:{width}.1f}" for key, width in
          (("median", 10), ("min", 8), ("max", 8), ("user", 9), ("system", 10))))
ratio = results[0]["median"] / results[1]["median"]
print(f"warder run / node: {ratio:.2f} ({'met' if ratio <= 1 else 'NOT met'}: at most 1)")
sys.exit(ratio > 1)
END
echo
build/tests/bench/bench_executions --json "$out/executions.json"
echo
build/tests/bench/bench_broker --json "$out/broker.json"
echo
build/tests/bench/bench_filter
[ "${1:-}" != --check ] || exit "$verdict"
