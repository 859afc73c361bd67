#!/usr/bin/env bash
# Measures the vault (build/tests/bench/bench_vault), with a key pair in a SoftHSM token of its own beside the local key.
#
#   tests/bench/vault.sh [TENANTS]     10000
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$folder/tokens" >"$folder/softhsm2.conf"
export SOFTHSM2_CONF=$folder/softhsm2.conf
pin=57190246
{
  softhsm2-util --init-token --free --label warder --so-pin 12345678 --pin "$pin"
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$folder/kek.pem"
  softhsm2-util --import "$folder/kek.pem" --token warder --label kek --id A1 --pin "$pin"
} >"$folder/log" 2>&1 || { cat "$folder/log" >&2 && exit 1; }
WARDER_PKCS11_MODULE=/usr/lib/softhsm/libsofthsm2.so WARDER_PKCS11_TOKEN=warder WARDER_PKCS11_KEY=kek WARDER_PKCS11_PIN=$pin \
  build/tests/bench/bench_vault "${1:-10000}" "$folder"
