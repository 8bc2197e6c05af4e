# A PostgreSQL of our own on loopback, in a folder that is thrown away. Sourced after common.sh.
# Sets POSTGRES_URL, or POSTGRES_WHY_NOT where none can be had.

postgres_programs() { find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1; }

postgres_install() {
  [ -n "$(postgres_programs)" ] && return
  POSTGRES_WHY_NOT="no PostgreSQL here, and only root on Debian can install it"
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
  POSTGRES_WHY_NOT="Debian would not give us PostgreSQL"
  # No cluster of Debian's: ours is started and stopped by us.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  export DEBIAN_FRONTEND=noninteractive
  ( step "Debian's package list" apt-get -qq update &&
    step "PostgreSQL from Debian" apt-get -qq -y install --no-install-recommends postgresql ) || return 1
  [ -n "$(postgres_programs)" ]
}

# initdb refuses root, so root lends it the user that Debian's package made.
postgres_do() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

postgres_start() {
  postgres_install || return 1
  POSTGRES_BIN=$(postgres_programs)
  POSTGRES_DIR=$(mktemp -d)
  POSTGRES_WHY_NOT="PostgreSQL did not start"
  [ "$(id -u)" -ne 0 ] || chown postgres "$POSTGRES_DIR"
  local port
  port=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  ( cd "$POSTGRES_DIR" &&
    postgres_do "$POSTGRES_BIN/initdb" -D data -U ems --auth=trust -E UTF8 --locale=C >initdb.log &&
    postgres_do "$POSTGRES_BIN/pg_ctl" -D data -w -l server.log \
      -o "-h 127.0.0.1 -p $port -k $POSTGRES_DIR -c fsync=off" start >/dev/null ) || return 1
  POSTGRES_URL="postgresql://ems@127.0.0.1:$port/ems_test"
}

postgres_stop() {
  [ -n "${POSTGRES_DIR:-}" ] || return 0
  ( cd "$POSTGRES_DIR" && postgres_do "$POSTGRES_BIN/pg_ctl" -D data -m immediate stop ) >/dev/null 2>&1 || true
  rm -rf "$POSTGRES_DIR"
}
