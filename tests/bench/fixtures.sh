#!/usr/bin/env bash
# Measures `warder test` on 200 fixtures, of which each has two calls, a timer of half a minute and a cell of its own;
# and on a test file that declares as many, each with a check in another cell.
#
#   tests/bench/fixtures.sh [--check]     --check: exit code 1 when the median of five runs of either is above 5 s
#
# Figures are printed and written to build/bench/fixtures.json. Nothing else should run meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
case ${1:-} in
  '' | --check) ;;
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  *) echo "tests/bench/fixtures.sh takes --check or nothing, not '$1'." >&2 && exit 2 ;;
esac
out=build/bench
mkdir -p "$out"
ninja -C build warder sandbox/zygote/warder-launcher sandbox/cell/image.stamp >"$out/build.txt" || { cat "$out/build.txt" >&2 && exit 1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
node --input-type=module - "$folder" <<'END_OF_SCRIPT'
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
const { good, order } = await import(join(process.cwd(), "tests/e2e/order.mjs"));
const write = (kind, name, text) => {
  const folder = join(process.argv[2], kind);
  mkdirSync(folder);
  writeFileSync(join(folder, "index.js"), order);
  writeFileSync(join(folder, name), text);
};
write("fixtures", "orders.fixture.json", JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ ...good, name: `fixture ${i}` }))));
const { name, expect, ...given } = good;
write("tests", "orders.test.js", `import { assert, test } from "warder/test";
for (let i = 0; i < 200; ++i) test("test " + i, ${JSON.stringify(given)}, (run) => assert.deepEqual(run.output, ${JSON.stringify(expect.output)}));`);
END_OF_SCRIPT
for kind in fixtures tests; do
  build/warder test "$folder/$kind" >"$folder/results.tap" || { cat "$folder/results.tap" >&2 && exit 1; }
done

hyperfine --shell=none --warmup 1 --runs 5 --style basic --export-json "$out/fixtures.json" \
  "build/warder test $folder/fixtures" "build/warder test $folder/tests" >"$out/hyperfine.txt" 2>&1 ||
  { cat "$out/hyperfine.txt" >&2 && exit 1; }
python3 - "$out/fixtures.json" "$(nproc)" "${1:-}" <<'END_OF_SCRIPT'
import json, os, sys
results = json.load(open(sys.argv[1]))["results"]
for what, r in zip(("200 fixtures", "200 tests with checks"), results, strict=True):
    print(f"{what} on {sys.argv[2]} processors: median {r['median']:.2f} s, {r['min']:.2f} to {r['max']:.2f} s of 5 runs;"
          f" load {os.getloadavg()[0]:.1f} ({'met' if r['median'] <= 5 else 'NOT met'}: at most 5 s)")
sys.exit(sys.argv[3] == "--check" and max(r["median"] for r in results) > 5)
END_OF_SCRIPT
