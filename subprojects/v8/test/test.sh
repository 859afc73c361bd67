#!/bin/bash
# Proves what this package promises. Needs the network once, meson and a compiler; leaves nothing behind.
# usage: test.sh [CACHE]    CACHE: a cache to start from instead of fetching one
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
chmod 755 "$temporary"
cache=$temporary/cache
said=$temporary/said
passed=0

pass() { passed=$((passed + 1)); echo "ok $passed - $1"; }
fail() { echo "not ok - $1"; cat "$said"; exit 1; }

# Succeeds if the command fails with exactly one line, which contains the text.
refuses() {
  local description=$1 text=$2
  shift 2
  if "$@" >"$temporary/out" 2>"$said"; then fail "$description: it succeeded"; fi
  [[ $(wc -l <"$said") == 1 && ! -s $temporary/out ]] || fail "$description: more than one sentence"
  grep -qF -- "$text" "$said" || fail "$description: not the expected sentence"
  pass "$description: $(cut -c 1-150 "$said")"
}

accepts() {
  local description=$1
  shift
  "$@" >"$said" 2>&1 || fail "$description"
  pass "$description"
}

in_namespace() { # kinds of namespace, command
  local kinds=$1
  shift
  if unshare -r true 2>/dev/null; then unshare -r "$kinds" "$@"; else unshare "$kinds" "$@"; fi
}
offline() { in_namespace -n "$@"; }
tree() { (cd "$1" && find . -printf '%P %y %m %s %T@\n' | sort); }

# --- fetching ---

start=$(date +%s%N)
if [[ $# == 1 ]]; then cp -a "$1" "$cache"; fi
accepts "fetch" "$here/fetch" "$cache"
echo "# fetch and unpack: $((($(date +%s%N) - start) / 1000000)) ms"
echo "# library set: $(du -sm "$cache/image/libraries" | cut -f 1) MiB"

start=$(date +%s%N)
accepts "the second run needs no network" offline "$here/fetch" "$cache"
echo "# second run: $((($(date +%s%N) - start) / 1000000)) ms"

rm -rf "$cache/image"
for _ in 1 2 3; do offline "$here/fetch" "$cache" & done >"$temporary/concurrent"
for job in $(jobs -p); do wait "$job" || fail "concurrent runs"; done
[[ $(sort -u "$temporary/concurrent" | wc -l) == 2 ]] || fail "concurrent runs"
[[ $(find "$cache" -name '.work-*') == "" ]] || fail "a run left something behind"
pass "an unpacked image comes back without network, under three concurrent runs"

if [[ $(id -u) == 0 ]]; then
  install -d -o nobody "$temporary/nobody"
  # shellcheck disable=SC2016  # expanded by the inner shell
  accepts "an ordinary user with umask 077 fetches, too" setpriv --reuid=nobody --clear-groups \
    sh -c 'umask 077 && "$1" "$2"' sh "$here/fetch" "$temporary/nobody/cache"
  diff <(tree "$cache/image/libraries" | sed 's/ [^ ]*$//') \
    <(tree "$temporary/nobody/cache/image/libraries" | sed 's/ [^ ]*$//') >"$said" || fail "modes depend on the umask"
  pass "modes do not depend on the umask"
fi

"$here/fetch" "$temporary/killed" >"$said" 2>&1 &
sleep 1
kill -KILL $!
wait $! 2>/dev/null || true
[[ ! -e $temporary/killed/image && $(find "$temporary/killed" -name '.work-*') != "" ]] || fail "killed too late"
accepts "after being killed half-way, it starts again" "$here/fetch" "$temporary/killed"
[[ $(find "$temporary/killed" -name '.work-*') == "" ]] || fail "the killed run left something behind"

# --- refusals ---

refuses "no network" "could not be fetched" offline "$here/fetch" "$temporary/unreachable"
[[ ! -e $temporary/unreachable/packages && ! -e $temporary/unreachable/image ]] || fail "something half-written is left"

if [[ $(id -u) == 0 ]]; then
  refuses "a place that is not writable" "Permission denied" setpriv --reuid=nobody --clear-groups \
    "$here/fetch" "$cache"
fi
refuses "no tools" "install the package(s) apt binutils dpkg gpgv" env PATH=/nowhere "$here/fetch" "$temporary/toolless"

mkdir "$temporary/small"
# shellcheck disable=SC2016  # expanded by the inner shell
refuses "no space" "MiB are free" in_namespace -m sh -c 'mount -t tmpfs -o size=50m none "$1" && exec "$2" "$1"' sh \
  "$temporary/small" "$here/fetch"

# A mirror of our own: apt is told of it by APT_CONFIG, and has no lists of it yet, as in a fresh container.
mirror=$temporary/debian
mkdir -p "$mirror" "$temporary/lists/partial"
echo "deb [trusted=yes] file:$mirror stable main" >"$temporary/sources.list"
cat >"$temporary/apt.conf" <<END
Dir::Etc::sourcelist "$temporary/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "$temporary/lists";
Acquire::AllowInsecureRepositories "true";
END
from_mirror() { APT_CONFIG=$temporary/apt.conf "$here/fetch" "$temporary/mirrored"; }

refuses "a mirror without the suites" "None of the suites forky, sid" from_mirror

for suite in forky sid; do
  mkdir -p "$mirror/dists/$suite/main/binary-amd64"
  : >"$mirror/dists/$suite/main/binary-amd64/Packages"
  printf 'Origin: Debian\nSuite: %s\nDate: %s\nSHA256:\n %s 0 main/binary-amd64/Packages\n' "$suite" "$(date -Ru)" \
    "$(sha256sum </dev/null | cut -d ' ' -f 1)" >"$mirror/dists/$suite/Release"
done
refuses "an unsigned suite" "no valid signature" from_mirror

# shellcheck disable=SC2016  # expanded by apt
signed=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' | sed -n 's/^Debian Debian //p' | head -n 1)
/usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "${signed}dists/forky/InRelease" \
  "$mirror/dists/forky/InRelease" >"$said"
sed -i 's/^Label: Debian$/Label: debian/' "$mirror/dists/forky/InRelease"
refuses "a suite with an altered index" "no valid signature" from_mirror

cp -a "$cache" "$temporary/altered"
echo >>"$(find "$temporary/altered/packages" -name 'libnode137_*')"
refuses "an altered package" "is not the package Debian signed" "$here/fetch" "$temporary/altered"
rm "$temporary"/altered/packages/libnode137_*
refuses "a missing package" "is missing" "$here/fetch" "$temporary/altered"

# --- prepared images ---

cp -a "$cache/image" "$temporary/prepared"
accepts "a prepared image" offline "$here/fetch" --image "$temporary/prepared"
refuses "a directory that is no image" "is not an image of V8" "$here/fetch" --image "$temporary"

# --- using it ---

accepts "meson setup" meson setup "$temporary/build" "$here" "-Dimage=$temporary/prepared"
accepts "a program built against it runs on the image's libraries" meson test -C "$temporary/build"
cat "$temporary/build/meson-logs/testlog.txt" >"$said"
hello=$temporary/build/v8-hello
! readelf -d "$hello" | grep -q PATH || fail "the program has a run path"

libraries=$temporary/prepared/libraries
accepts "assemble" "$here/assemble-image" "$libraries" "$temporary/root" "$hello:/bin/hello" \
  "$here/README.md:/README.md"
root=$temporary/root/root
[[ $(find "$root" -type f ! -path '*/lib/x86_64-linux-gnu/*.so*' -printf '%P\n' | sort | xargs) == \
  "README.md bin/hello lib64/ld-linux-x86-64.so.2" ]] || fail "the root holds something else"
[[ $(find "$root" ! -type d ! -type f) == "" ]] || fail "the root holds links or devices"
[[ $(find "$root" -printf '%m\n' | sort -u | xargs) == "644 755" ]] || fail "modes other than 0644 and 0755"
pass "the root holds libraries and what was added"

first=$(tree "$root"; sha256sum <"$temporary/root/manifest.json")
accepts "assemble again, under another umask" sh -c 'umask 027 && exec "$@"' sh "$here/assemble-image" "$libraries" \
  "$temporary/root" "$here/README.md:/README.md" "$hello:/bin/hello"
[[ $first == "$(tree "$root"; sha256sum <"$temporary/root/manifest.json")" ]] || fail "the root is not deterministic"
python3 - "$temporary/root" <<'END' >"$said" || fail "the manifest does not describe the root"
import hashlib, json, os, sys
os.chdir(sys.argv[1])
manifest = json.load(open("manifest.json"))
present = {os.path.relpath(os.path.join(d, f), "root") for d, _, names in os.walk("root") for f in names}
assert present == set(manifest["files"])
for name, entry in manifest["files"].items():
    assert hashlib.sha256(open(f"root/{name}", "rb").read()).hexdigest() == entry["sha256"], name
    assert f"{os.stat(f'root/{name}').st_mode & 0o7777:04o}" == entry["mode"], name
assert all(p["name"] and p["version"] and len(p["sha256"]) == 64 for p in manifest["packages"])
END
pass "the root is deterministic and its manifest describes it"

accepts "the program runs with the image as its root directory" in_namespace -n chroot "$root" /bin/hello
cat "$said"

refuses "a program that needs what the set lacks" "cannot run on the library set" "$here/assemble-image" "$libraries" \
  "$temporary/other" "$(command -v apt-get):/bin/apt-get"
refuses "replacing a directory it did not make" "was not made by this program" "$here/assemble-image" "$libraries" \
  "$temporary/lists" "$hello:/bin/hello"
refuses "a place outside the root" "absolute DST" "$here/assemble-image" "$libraries" "$temporary/other" \
  "$hello:/../hello"
echo >>"$libraries/lib/x86_64-linux-gnu/libz.so.1"
refuses "an altered library" "is not what its package held" "$here/assemble-image" "$libraries" "$temporary/other"
[[ ! -e $temporary/other ]] || fail "something half-written is left"

echo "$passed passed"
