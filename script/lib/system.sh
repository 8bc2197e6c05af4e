# Debian packages that some tests need. Sourced after common.sh. Never an error: a test without its program is skipped.

have_chromium() { command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }
have_mosquitto() { command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ]; }

ensure_system_packages() {
  local wanted=()
  have_chromium || wanted+=(chromium fonts-dejavu-core)
  have_mosquitto || wanted+=(mosquitto)
  [ ${#wanted[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    say "  Not here: ${wanted[*]}. Tests that need them will be skipped (install them by hand, or run as root on Debian)"
    return
  fi
  # A list that is days old names packages that are gone, so it is fetched first.
  export DEBIAN_FRONTEND=noninteractive
  ( step "Debian's package list" apt-get -qq update &&
    step "${wanted[*]} from Debian" apt-get -qq -y install --no-install-recommends "${wanted[@]}" ) ||
    say "  Debian would not give us ${wanted[*]}: tests that need them will be skipped"
}
