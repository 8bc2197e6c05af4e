# Finds or gets uv and a Python new enough for Home Assistant. Sourced after common.sh.
# The order is: what is there, uv's own download, Debian's packages unpacked beside us.
# Nothing outside the project folder is touched.

# uv comes from the package index through whatever pip the machine has. `--target` also works
# where the system's Python is marked as externally managed.
ensure_uv() {
  if command -v uv >/dev/null 2>&1; then UV=$(command -v uv); return; fi
  UV=$TOOLS/uv/bin/uv
  [ -x "$UV" ] && return
  local python
  python=$(command -v python3 || command -v python) || fail "no python3 found; install Python 3 with pip, or uv"
  "$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip; install python3-pip (or uv) and run again"
  step "uv from the package index" "$python" -m pip install --quiet --disable-pip-version-check \
    --target "$TOOLS/uv" --upgrade uv
}

is_new_enough() {
  "$1" - "$PYTHON_MINIMUM" 2>/dev/null <<'PY'
import sys
need = tuple(map(int, sys.argv[1].split(".")))
import ssl, sqlite3, ctypes  # a Python without these cannot run Home Assistant
sys.exit(not need <= sys.version_info[:3] < (3, 15))
PY
}

# Prints the path of a usable interpreter, or nothing.
existing_python() {
  local candidate
  for candidate in "$(command -v python3.14 || true)" "$(command -v python3 || true)" \
    "$("$UV" python find --no-project --system '>=3.14.2,<3.15' 2>/dev/null || true)" "$TOOLS/python/bin/python3.14"; do
    if [ -n "$candidate" ] && [ -x "$candidate" ] && is_new_enough "$candidate"; then
      printf '%s\n' "$candidate"; return
    fi
  done
}

ensure_python() {
  BASE_PYTHON=$(existing_python)
  [ -n "$BASE_PYTHON" ] && return
  say "  No Python ≥ $PYTHON_MINIMUM here: fetching one into .tools (the system stays as it is)"
  if UV_HTTP_TIMEOUT=30 "$UV" python install --no-bin 3.14 >/dev/null 2>&1; then
    BASE_PYTHON=$(existing_python)
    [ -n "$BASE_PYTHON" ] && return
  fi
  command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 ||
    fail "could not download Python $PYTHON_MINIMUM or newer; install it and run again"
  step "Python 3.14 from Debian's packages" bash "$ROOT/script/lib/debian-python.sh" "$UV" "$TOOLS"
  BASE_PYTHON=$(existing_python)
  [ -n "$BASE_PYTHON" ] || fail "the Python unpacked in .tools/python does not run; install Python $PYTHON_MINIMUM or newer"
}
