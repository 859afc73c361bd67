# shellcheck shell=bash
# How the folder build-asan is set up, with clang: for the unit tests under AddressSanitizer and
# UndefinedBehaviorSanitizer, and for the fuzz targets. Sourced.
# shellcheck disable=SC2034  # used by who sources this
fuzz_build=(-Dfuzzers=true '-Db_sanitize=address,undefined' -Doptimization=1 -Dcpp_args=-fsanitize=fuzzer-no-link)
