# Shared by every script in this folder: paths, progress, failure. Sourced, never run.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TOOLS=$ROOT/.tools          # everything we fetch that is not a Python package of the project
VENV=$ROOT/.venv            # Home Assistant, EMS' requirements, the tools of the trade
PYTHON=$VENV/bin/python
# Home Assistant 2026.10 refuses anything older.
PYTHON_MINIMUM=3.14.2
cd "$ROOT"

# The user's own Python settings must not leak into ours.
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV UV_PROJECT_ENVIRONMENT || true
export UV_PYTHON_DOWNLOADS=manual UV_NO_PROGRESS=1 UV_LINK_MODE=${UV_LINK_MODE:-hardlink}

say() { printf '%s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# step "what" command...: shows what runs and how long it took, and the output only if it fails.
# A heartbeat every 15 s shows that a long step is alive.
step() {
  local what=$1 log rc=0 began=$SECONDS beat
  shift
  mkdir -p "$TOOLS/log"
  log=$(mktemp "$TOOLS/log/step.XXXXXX")
  printf '  %s …\n' "$what" >&2
  # The sleeping child must not hold our output open: whoever reads it would wait for the sleeper.
  ( while sleep 15 >/dev/null 2>&1; do
      printf '  %s … still at it (%d s)\n' "$what" $((SECONDS - began)) >&2
    done ) &
  beat=$!
  "$@" >"$log" 2>&1 || rc=$?
  { kill "$beat" && wait "$beat"; } 2>/dev/null || true
  if [ "$rc" -ne 0 ]; then
    tail -n 60 "$log" >&2
    fail "$what failed (exit $rc); the whole output is in $log"
  fi
  rm -f "$log"
  printf '  %s: done in %d s\n' "$what" $((SECONDS - began)) >&2
}

# Remember what a step was made from, so that a second run costs nothing.
fingerprint() { cat "$@" 2>/dev/null | sha256sum | cut -d' ' -f1; }
is_stamped() { [ "$(cat "$TOOLS/stamp/$1" 2>/dev/null)" = "$2" ]; }
stamp() { mkdir -p "$TOOLS/stamp" && printf '%s\n' "$2" >"$TOOLS/stamp/$1"; }
