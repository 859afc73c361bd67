#!/usr/bin/env bash
# Walks the OAuth protocol against a real authorization server: oidc_test with oidc-provider from npm.
#
#   tests/e2e/oidc/run.sh FOLDER TEST      FOLDER: where the server's packages are, or are put
#
# Skipped (exit code 77), saying why, where npm cannot install what package-lock.json names.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1 test=$2

"$here/install.sh" "$folder"
OIDC_SERVER=$folder/server.mjs exec "$test"
