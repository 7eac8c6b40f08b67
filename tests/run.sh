#!/bin/sh
# Installs what is missing, builds, and runs every test, or those of the suites named:
#
#   ./tests/run.sh                 everything
#   ./tests/run.sh engine golden   these two suites
#   LW_GOLDEN_DIR=DIR ./tests/run.sh golden   the reference vectors in DIR instead of our own
#
# The last line reads "N passed, N failed". The exit status is 0 only if tests ran and all passed;
# a skipped test counts as failed. With CI set in the environment, a compiler warning is an error.

set -u

root=$(cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
build=$root/build-tests

# shellcheck source=app/packages.sh
. "$root/app/packages.sh"

# Unquoted on purpose: one word for each package.
# shellcheck disable=SC2086
lw_require_packages $LW_BUILD_PACKAGES $LW_RUN_PACKAGES $LW_TEST_PACKAGES

# The tests run elsewhere: a path from here must be one from there, too.
case ${LW_GOLDEN_DIR:-} in
  '' | /*) ;;
  *)
    LW_GOLDEN_DIR=$PWD/$LW_GOLDEN_DIR
    export LW_GOLDEN_DIR
    ;;
esac

werror=false
[ -z "${CI:-}" ] || werror=true

if ! lw_build "$root" "$build" "--buildtype=debugoptimized -Dwerror=$werror"; then
  echo 'The tests could not be built; the reason stands above.' >&2
  echo '0 passed, 1 failed'
  exit 1
fi

# Everything that is started here lives in $session and ends with this script.
session=$(mktemp -d "${TMPDIR:-/tmp}/layerwise-tests.XXXXXX") || exit 1
tests_pid=
bus_pid=
display_pid=

# shellcheck disable=SC2317
finish ()
{
  trap - EXIT HUP INT TERM
  # The tests first, then what they stand on.
  for pid in $tests_pid $bus_pid $display_pid; do
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  rm -rf "$session"
}
trap finish EXIT
trap 'finish; exit 129' HUP
trap 'finish; exit 130' INT
trap 'finish; exit 143' TERM

fail ()
{
  printf '%s\n' "$1" >&2
  [ ! -s "$session/log" ] || cat "$session/log" >&2
  echo '0 passed, 1 failed'
  exit 1
}

# A display and a message bus of our own. Each says through a pipe where it listens; should it
# die before, the pipe ends and read fails.
mkfifo "$session/display" "$session/bus" || exit 1

Xvfb -displayfd 3 -screen 0 2560x1440x24 -nolisten tcp -noreset \
  3>"$session/display" >"$session/log" 2>&1 &
display_pid=$!
read -r display <"$session/display" || fail 'Xvfb did not start:'

dbus-daemon --session --nofork --nopidfile --print-address=3 \
  3>"$session/bus" >"$session/log" 2>&1 &
bus_pid=$!
read -r bus <"$session/bus" || fail 'dbus-daemon did not start:'

# A home of our own, too: no test sees or touches the settings of whoever runs it.
mkdir -p "$session/config" "$session/data" "$session/state" "$session/cache"
mkdir -m 700 "$session/run"

unset WAYLAND_DISPLAY DESKTOP_STARTUP_ID GTK_THEME GTK_MODULES LANGUAGE
unset LW_ISA LW_THREADS LW_DEBUG MESON_TESTTHREADS
export DISPLAY=":$display" \
  DBUS_SESSION_BUS_ADDRESS="$bus" \
  XDG_CONFIG_HOME="$session/config" \
  XDG_DATA_HOME="$session/data" \
  XDG_STATE_HOME="$session/state" \
  XDG_CACHE_HOME="$session/cache" \
  XDG_RUNTIME_DIR="$session/run" \
  LC_ALL=C.UTF-8 \
  GDK_BACKEND=x11 \
  GDK_DEBUG=gl-disable \
  GSK_RENDERER=cairo \
  GTK_A11Y=test \
  GTK_USE_PORTAL=0 \
  GIO_USE_VFS=local \
  GSETTINGS_BACKEND=memory \
  GSETTINGS_SCHEMA_DIR="$build/resources" \
  G_DEBUG=fatal-warnings

# One --suite for each name given.
count=$#
while [ "$count" -gt 0 ]; do
  set -- "$@" --suite "$1"
  shift
  count=$((count - 1))
done

rm -f "$build/meson-logs/testlog.json"

# In the background, so that a signal reaches the traps at once.
meson test -C "$build" --no-rebuild "$@" &
tests_pid=$!
wait "$tests_pid"
tests_pid=

/usr/bin/python3 "$root/tests/report.py" "$build" "$@"
status=$?
exit "$status"
