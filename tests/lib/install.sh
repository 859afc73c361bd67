# shellcheck shell=bash
# install_packages GROUP... installs what is missing of the groups of debian-packages.txt. Sourced.

# Prints the names of the packages of the given groups that are not installed.
missing_packages() {
  local list group name command wanted
  list=$(dirname "${BASH_SOURCE[0]}")/debian-packages.txt
  while read -r group name command; do
    case $group in '' | '#'*) continue ;; esac
    for wanted in "$@"; do
      [ "$wanted" = "$group" ] || continue
      if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
      [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
    done
  done <"$list"
}

install_packages() {
  local missing as_root=()
  if ! command -v apt-get >/dev/null; then
    echo "This installs Debian packages, and there is no apt here. Install what tests/lib/debian-packages.txt names by" \
      "other means, then run build and tests with meson." >&2
    return 1
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These packages are missing and installing them needs root: ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update --quiet --quiet &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install --quiet --yes --no-install-recommends "${missing[@]}"
}
