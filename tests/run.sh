#!/usr/bin/env bash
# Installs what is missing, builds Warder and runs its tests, as root and as an ordinary user.
#
#   tests/run.sh [OPTION...]       on Debian 12, as root or with sudo; can be repeated
#
#     --quick             the tests once, as who started it, and nothing else
#     --asan              also the trusted side's unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
#     --tsan              also the same under ThreadSanitizer
#     --fuzz[=SECONDS]    also the fuzz targets, 30 s each unless told
#     --clang             also a build with clang, and its tests
#     --tidy              also clang-tidy
#     --coverage          also line coverage, which must be above 85 % in sandbox/jail and engine/execution
#     --all               all of these but --quick
#     --within=MINUTES    of these additional checks, leave out what would not be over by then; it counts as skipped
#     --help
#
# The last line is "N passed, N failed, N skipped"; what was skipped says why above it. The exit code is 0 where nothing
# failed. Output of quiet steps goes to build-test/log.txt.
# shellcheck disable=SC2317  # steps are called by name
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck source=tests/lib/steps.sh
. tests/lib/steps.sh
# shellcheck source=tests/lib/install.sh
. tests/lib/install.sh

declare -A wanted=()
fuzz_seconds=30
end_minutes=''
number() { [[ ${option#*=} =~ ^[0-9]{1,5}$ ]] || { complain "$option: a number is needed behind the =." && exit 2; }; }
for option in "$@"; do
  case $option in
    --quick | --asan | --tsan | --clang | --tidy | --coverage | --fuzz) wanted[${option#--}]=1 ;;
    --fuzz=*) number && wanted[fuzz]=1 fuzz_seconds=${option#*=} ;;
    --within=*) number && end_minutes=${option#*=} ;;
    --all) for each in asan tsan clang tidy coverage fuzz; do wanted[$each]=1; done ;;
    --help | -h) sed -n '2,/^set/{/^set/d;/^# shellcheck/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" && exit ;;
    *) complain "tests/run.sh does not know '$option'; see tests/run.sh --help." && exit 2 ;;
  esac
done

work=$PWD/build-test
step_log=$work/log.txt
results=$work/results.jsonl
rm -rf "$work" && mkdir -p "$work" && : >"$step_log"
trap step_end_ticker EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

record() { python3 tests/lib/results.py "$results" "$@"; }
checked() { # SUITE WHAT COMMAND...: one quiet step that counts as one check
  local suite=$1 what=$2
  shift 2
  if step "$what" "$@"; then record add "$suite" passed; else record add "$suite" failed "$what"; fi
}
finish() {
  heading "Result ($((SECONDS / 60)) min $((SECONDS % 60)) s)"
  record sum
  exit
}

build() { # FOLDER MESON-OPTION...
  local folder=$1
  shift
  { [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@"; } && ninja -C "$folder"
}

# meson_tests SUITE FOLDER MESON-TEST-OPTION...
meson_tests() {
  local suite=$1 folder=$2 name=${1//[^a-z]/-}
  shift 2
  rm -f "$folder/meson-logs/$name"*.json
  meson test -C "$folder" --no-rebuild --print-errorlogs --logbase "$name" "$@" || true
  record meson "$suite" "$folder/meson-logs/$name"*.json
}

# node_tests SUITE COMMAND-BEFORE-NODE...
node_tests() {
  local suite=$1 tap=$work/${1//[^a-z]/-}.tap
  shift
  "$@" node --test --test-reporter=tap --test-reporter-destination=stdout --test-reporter=spec \
    --test-reporter-destination=stderr tests/e2e/*.test.mjs tests/sdk/*.test.mjs >"$tap" </dev/null || true
  record tap "$suite" "$tap"
}

files() { git -c safe.directory="$PWD" ls-files --cached --others --exclude-standard -- "$@"; }
lint_shell() {
  local file scripts=()
  while IFS= read -r file; do
    if [[ $file == *.sh ]] || head -n 1 "$file" | grep -qE '^#!.*\b(ba)?sh$'; then scripts+=("$file"); fi
  done < <(files)
  shellcheck --external-sources "${scripts[@]}"
}
lint_format() { files '*.cc' '*.h' | xargs clang-format --dry-run -Werror; }
# The command is the public headers' first user: of the rest of the engine it has small helpers only.
lint_includes() {
  local others
  others=$(files 'engine/cli/*.cc' 'engine/cli/*.h' | grep -v '_test\.cc$' |
    xargs grep -nE '#include "(engine|sandbox)/' | grep -vE '"engine/(base|cli)/|"sandbox/base/')
  [ -z "$others" ] || { echo "$others" && return 1; }
}
lint_javascript() { files '*.js' '*.mjs' '*.cjs' | xargs -n 1 node --check; }
lint_python() {
  { files '*.py' && git -c safe.directory="$PWD" grep -lE --untracked '^#!.*python3' ; } | sort -u |
    xargs python3 -c 'import ast, sys; [ast.parse(open(name).read(), name) for name in sys.argv[1:]]'
}

# Where there is an end: minutes that each of these takes on the machine where all before them takes 20.
declare -A minutes=([asan]=14 [tsan]=8 [fuzz]=$((fuzz_seconds * 15 / 60 + 12)) [clang]=16 [tidy]=18 [coverage]=14)
wanted() { # CHECK
  local need
  [ -n "${wanted[$1]:-}" ] || return 1
  [ -n "$end_minutes" ] || return 0
  need=$((minutes[$1] * tested_after / 20))
  [ $((SECONDS + need)) -gt $((end_minutes * 60)) ] || return 0
  record add "$1" skipped "would take $((need / 60)) minutes, and $((SECONDS / 60)) of $end_minutes are over"
  return 1
}

# Without the cell; with clang, which instruments in half of GCC's time.
trusted_side=(-Dcell=false -Dhostile=false)
sanitizer() { # NAME MESON-OPTION...
  local folder=build-$1
  if CXX=clang++ step "Build with $1" build "$folder" "${trusted_side[@]}" -Db_lundef=false "${@:2}"; then
    ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
      TSAN_OPTIONS=halt_on_error=1 meson_tests "unit tests under $1" "$folder" --suite unit --timeout-multiplier 4
  else
    record add "$1" failed "the build"
  fi
}

coverage() { # FOLDER-OF-SOURCES
  gcovr --root . --object-directory build-coverage --filter "$1/" --exclude '.*_test\.cc' --exclude '.*/test(ing|cases)/' --exclude-throw-branches \
    --exclude-unreachable-branches --fail-under-line 85 build-coverage
}

heading "Install and build"
step "Debian packages" install_packages build test || { record add install failed "Debian packages" && finish; }
step "Build" build build || { record add build failed "build" && finish; }

heading "Tests as $(id -un)"
meson_tests "meson as $(id -un)" build
node_tests "e2e as $(id -un)"
[ -z "${wanted[quick]:-}" ] || finish

if [ "$(id -u)" = 0 ]; then
  heading "Tests as an ordinary user"
  if tests/lib/as-user true; then
    meson_tests "meson as ordinary user" build --wrapper "$PWD/tests/lib/as-user"
    node_tests "e2e as ordinary user" tests/lib/as-user
  else
    record add "as ordinary user" failed "tests/lib/as-user cannot run anything"
  fi
else
  record add "tests as root" skipped "not started as root"
fi

heading "Test vectors"
checked vectors "XAES-256-GCM, accumulated over 1,000,000" env WARDER_SLOW_TESTS=1 build/engine/vault/vault_test --gtest_filter='XaesTest.*'

heading "Lint"
checked lint "Shell" lint_shell
checked lint "C++ format" lint_format
checked lint "Includes of the command" lint_includes
checked lint "JavaScript syntax" lint_javascript
checked lint "Python syntax" lint_python

heading "V8 package"
checked v8 "subprojects/v8/test/test.sh" subprojects/v8/test/test.sh subprojects/v8/cache

tested_after=$SECONDS
heading "Sanitizers and fuzzing"
# shellcheck source=tests/lib/fuzz_build.sh
. tests/lib/fuzz_build.sh
! wanted asan || sanitizer asan "${fuzz_build[@]}"
! wanted tsan || sanitizer tsan -Doptimization=0 -Db_sanitize=thread
! wanted fuzz || checked fuzz "Fuzz targets, $fuzz_seconds s each" tests/fuzz/run.sh "$fuzz_seconds"

heading "Analysis"
if wanted clang; then
  if CXX=clang++ step "Build with clang" build build-clang; then
    meson_tests "meson with clang" build-clang
  else
    record add clang failed "the build"
  fi
fi
! wanted tidy || checked clang-tidy "clang-tidy" tests/lib/tidy.py build
if wanted coverage; then
  if step "Build with coverage" build build-coverage "${trusted_side[@]}" -Doptimization=0 -Db_coverage=true; then
    meson_tests "meson with coverage" build-coverage --suite unit --timeout-multiplier 4
    for folder in sandbox/jail engine/execution; do
      checked coverage "Coverage of $folder above 85 %" coverage "$folder"
    done
  else
    record add coverage failed "the build"
  fi
fi
finish
