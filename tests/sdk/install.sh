#!/usr/bin/env bash
# Puts what the SDK tests need into a folder: the bundler with its packages, and the npm packages under test.
#
#   tests/sdk/install.sh FOLDER
#
# FOLDER/bundle is components/sdk/bundle, FOLDER/types components/sdk/types with a compiler, FOLDER/packages what
# package-lock.json here names, FOLDER/packages/flows the flows that use them, FOLDER/components what the tests of the ready
# components are made from, FOLDER/example the SDK of examples/unmodified-sdk. Does nothing where everything is there. Exit code 77, saying why, where npm cannot install it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$here/../..
folder=$1

if ! command -v node >/dev/null; then
  echo "There is no node here, which bundles."
  exit 77
fi
install() { # SOURCE FOLDER
  local stamp=$2/installed
  [ -f "$stamp" ] && cmp -s "$1/package-lock.json" "$2/package-lock.json" && return
  "$top/sandbox/runtime/fetch-modules" "$1" "$2" "$stamp" >&2 || {
    echo "npm could not install what $1/package-lock.json names into $2: the first time needs the registry."
    exit 77
  }
}
mirror() { # SOURCE FOLDER FILE...: copies what differs
  local from=$1 to=$2 file
  shift 2
  for file in "$@"; do
    mkdir -p "$(dirname "$to/$file")"
    cmp -s "$from/$file" "$to/$file" || cp "$from/$file" "$to/$file"
  done
}

component() { # NAME PATTERN...: of components/sdk
  local name=$1 source=$top/components/sdk/$1 files
  shift
  install "$source" "$folder/$name"
  # shellcheck disable=SC2048,SC2086 # patterns
  mapfile -t files < <(cd "$source" && printf '%s\n' $*)
  mirror "$source" "$folder/$name" "${files[@]}"
}

# The tests' files start at the same time.
mkdir -p "$folder"
exec 9<"$folder"
flock 9
component bundle '*.js' 'shims/*.js'
component types '*.d.ts' tsconfig.json
install "$top/components" "$folder/components"
install "$top/examples/unmodified-sdk" "$folder/example"
install "$here" "$folder/packages"
mapfile -t flows < <(cd "$here/flows" && printf '%s\n' *.js)
mirror "$here/flows" "$folder/packages/flows" "${flows[@]}"
