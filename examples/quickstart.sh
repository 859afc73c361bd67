#!/usr/bin/env bash
# Builds Warder and runs one integration on real input: examples/issue-card receives a webhook that GitHub recorded, looks
# the issue's author up in one HTTP API and posts a card to another. Both APIs run here, on loopback.
#
#   examples/quickstart.sh        on Debian 12, as root or with sudo; can be repeated
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tests/lib/steps.sh
. tests/lib/steps.sh
# shellcheck source=tests/lib/install.sh
. tests/lib/install.sh

case "${1:-}" in
  '') ;;
  --help | -h) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
  *) complain "quickstart.sh takes no argument, not '$1'." && exit 2 ;;
esac

work=$PWD/build/quickstart
step_log=$work/log.txt
mkdir -p "$work"
: >"$step_log"

upstream=''
finish() {
  step_end_ticker
  if [ -n "$upstream" ]; then
    kill "$upstream" 2>/dev/null || true
    wait "$upstream" 2>/dev/null || true
  fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

configure() { [ -f build/build.ninja ] || meson setup build; }
payload() {
  npm ci --prefix examples && node --input-type=module --eval '
    import { readFileSync, writeFileSync } from "node:fs";
    const recorded = JSON.parse(readFileSync("examples/node_modules/@octokit/webhooks-examples/api.github.com/index.json"));
    const { examples } = recorded.find((webhook) => webhook.name === "issues");
    writeFileSync(process.argv[1], JSON.stringify(examples.find((example) => example.action === "opened")));
  ' "$work/event.json"
}

heading "Getting ready (output goes to ${step_log#"$PWD"/})"
step "Debian packages" install_packages build
step "Configuration, V8" configure
step "Build" ninja -C build
step "Webhook payload" payload

# The upstream ends with its standard input, so it cannot outlive this script.
coproc upstream_io { exec node examples/upstream.mjs 2>>"$step_log"; }
upstream=$!
if ! IFS= read -r -t 20 -u "${upstream_io[0]}" origins; then
  complain "examples/upstream.mjs did not start; see ${step_log#"$PWD"/}."
  exit 1
fi
printf '%s\n' "$origins" >"$work/config.json"
read -r directory board < <(node --print 'Object.values(JSON.parse(process.argv[1])).join(" ")' "$origins")

run=(build/warder run examples/issue-card --event build/quickstart/event.json --config build/quickstart/config.json
  --allow "$directory" --allow "$board" --receipt build/quickstart/receipt.json --json)
heading "Running"
printf '  %s$ %s%s\n\n' "$step_dim" "${run[*]}" "$step_reset" >&2
status=0
"${run[@]}" >"$work/result.json" || status=$?

node examples/show-run.mjs "$work/result.json" "$work/receipt.json" || status=$((status ? status : 1))
if [ "$status" != 0 ]; then
  complain "warder run ended with exit code $status."
  exit "$status"
fi

heading "What to try next"
cat >&2 <<'END'
  build/warder doctor      every layer of the jail on this machine
  build/warder audit verify-receipt build/quickstart/receipt.json
                           the receipt above, its signature verified
  build/warder policy      the system calls, limits and headers that a flow gets
  examples/issue-card/     the flow that just ran: change it, and run this script again
  examples/host/           the same from your own C++ program
  tests/run.sh             all tests
END
