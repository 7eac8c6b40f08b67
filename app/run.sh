#!/bin/sh
# Installs what is missing, builds, and opens Layerwise:
#
#   ./app/run.sh                       opens the window
#   ./app/run.sh digits.keras          opens it with a document; all arguments are passed on
#   ./app/run.sh --cli train --help    runs layerwise-cli with the arguments that follow
#
# Writes nothing to stdout: that belongs to the program.

set -u

root=$(cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
build=$root/build

# shellcheck source=app/packages.sh
. "$root/app/packages.sh"

# Is there a display that GTK could open? Sockets are looked at, because DISPLAY may name a
# server that is long gone.
have_display ()
{
  case ${GDK_BACKEND:-} in
    *broadway*) return 0 ;;
  esac

  wayland=${WAYLAND_DISPLAY:-wayland-0}
  case $wayland in
    /*) ;;
    *) wayland=${XDG_RUNTIME_DIR:-/nonexistent}/$wayland ;;
  esac
  [ -S "$wayland" ] && return 0

  case ${DISPLAY:-} in
    '') return 1 ;;
    :*)
      number=${DISPLAY#:}
      number=${number%%.*}
      [ -S "/tmp/.X11-unix/X$number" ] || grep -qs "@/tmp/.X11-unix/X$number\$" /proc/net/unix ;;
    *) return 0 ;;
  esac
}

# Unquoted on purpose: one word for each package.
# shellcheck disable=SC2086
lw_require_packages $LW_BUILD_PACKAGES $LW_RUN_PACKAGES

# Only what runs: the test programs are built by tests/run.sh.
if ! lw_build "$root" "$build" --buildtype=debugoptimized \
       app/layerwise app/layerwise-cli resources/gschemas.compiled \
       engine/layerwise-read-h5; then
  echo 'Layerwise could not be built; the reason stands above.' >&2
  exit 1
fi

GSETTINGS_SCHEMA_DIR=$build/resources${GSETTINGS_SCHEMA_DIR:+:$GSETTINGS_SCHEMA_DIR}
export GSETTINGS_SCHEMA_DIR

if [ "${1-}" = --cli ]; then
  shift
  exec "$build/app/layerwise-cli" "$@"
fi

if [ $# -eq 0 ] && ! have_display; then
  echo 'There is no display to open a window on, so the model trains here, on the command line.' >&2
  exec "$build/app/layerwise-cli" train --preset convnet
fi

exec "$build/app/layerwise" "$@"
