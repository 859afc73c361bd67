#!/usr/bin/env bash
# Puts the authorization server of the tests into a folder: npm's oidc-provider, and server.mjs.
#
#   tests/e2e/oidc/install.sh FOLDER
#
# Does nothing where everything is there. Exit code 77, saying why, where npm cannot install what package-lock.json names.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1

if ! command -v node >/dev/null; then
  echo "There is no node here, which runs the authorization server."
  exit 77
fi
if ! { [ -f "$folder/installed" ] && cmp -s "$here/package-lock.json" "$folder/package-lock.json"; }; then
  if ! "$here/../../../sandbox/runtime/fetch-modules" "$here" "$folder" "$folder/installed" >&2; then
    echo "npm could not install the authorization server (oidc-provider) into $folder: the first time needs the registry."
    exit 77
  fi
fi
cmp -s "$here/server.mjs" "$folder/server.mjs" || cp "$here/server.mjs" "$folder/server.mjs"
