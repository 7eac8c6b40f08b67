# shellcheck shell=sh disable=SC2034
# The Debian packages behind app/run.sh and tests/run.sh, and how a missing one is installed.
# Sourced by both. Everything is said on stderr: stdout belongs to the program that is run.

LW_BUILD_PACKAGES='gcc meson ninja-build pkg-config gettext desktop-file-utils libxml2-utils
  libglib2.0-dev libglib2.0-dev-bin libgtk-4-dev libadwaita-1-dev libjson-glib-dev
  libzip-dev libhdf5-dev zlib1g-dev'

LW_RUN_PACKAGES='fonts-cantarell fonts-dejavu-core adwaita-icon-theme librsvg2-common
  gsettings-desktop-schemas'

LW_TEST_PACKAGES='xvfb xauth xdotool x11-utils imagemagick dbus-daemon at-spi2-core
  gir1.2-atspi-2.0 python3-gi python3 appstream'

# lw_missing_packages PACKAGE...: prints those that are not installed, in one line.
# One dpkg-query for all of them: it reads the whole package database each time.
lw_missing_packages ()
{
  if command -v dpkg-query >/dev/null 2>&1; then
    lw_installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null) || :
  else
    lw_installed=
  fi

  lw_missing=
  for lw_package in "$@"; do
    case "
$lw_installed
" in
      *"
installed $lw_package
"*) ;;
      *) lw_missing="$lw_missing $lw_package" ;;
    esac
  done
  printf '%s\n' "${lw_missing# }"
}

# Runs apt-get as root, without questions, and waits for another apt to finish.
lw_apt_get ()
{
  set -- env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -q -y "$@"

  if [ "$(id -u)" = 0 ]; then
    "$@" >&2
  elif [ -t 2 ]; then
    sudo "$@" >&2
  else
    sudo -n "$@" >&2
  fi
}

# The lock of the package lists has no time limit of its own in apt: try a few times (100 is apt's
# own failure; anything else is sudo's). Lists that cannot be renewed are no reason to stop, because
# the packages may be known already.
lw_apt_update ()
{
  for lw_try in 1 2 3; do
    lw_apt_get update && return
    [ $? = 100 ] && [ "$lw_try" != 3 ] || return 0
    sleep 5
  done
}

# lw_require_packages PACKAGE...: installs what is missing; where it cannot, prints the one
# command that does and exits with 1.
lw_require_packages ()
{
  lw_wanted=$(lw_missing_packages "$@")
  [ -n "$lw_wanted" ] || return 0

  printf 'Layerwise needs these packages: %s\n' "$lw_wanted" >&2

  if command -v apt-get >/dev/null 2>&1 &&
     { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null 2>&1; }; then
    lw_apt_update
    # Unquoted on purpose: one word for each package.
    # shellcheck disable=SC2086
    if lw_apt_get install --no-install-recommends $lw_wanted; then
      return 0
    fi
  fi

  printf 'They could not be installed from here. As root, run this and try again:\n' >&2
  printf 'apt-get install --no-install-recommends %s\n' "$lw_wanted" >&2
  exit 1
}

# lw_build ROOT DIRECTORY "MESON OPTIONS" [TARGET...]: configures once, then builds what has changed:
# the targets named, or everything. Silent when nothing has changed. A lock lets several scripts
# start at the same time.
lw_build ()
{
  lw_root=$1
  lw_directory=$2
  lw_options=$3
  shift 3

  mkdir -p "$lw_directory" || return 1
  exec 9>"$lw_directory/.lock" || return 1
  flock 9

  # A build directory remembers absolute paths: one that was moved or copied starts afresh, and so
  # does one whose setup was interrupted.
  lw_recipe="$lw_options $lw_root"
  lw_configured=$lw_recipe
  if [ -f "$lw_directory/.configured" ]; then
    lw_configured=$(cat "$lw_directory/.configured")
  fi
  if [ "$lw_configured" != "$lw_recipe" ] || [ ! -f "$lw_directory/build.ninja" ]; then
    find "$lw_directory" -mindepth 1 ! -name .lock -delete || return 1
    # Unquoted on purpose: one word for each option.
    # shellcheck disable=SC2086
    meson setup $lw_options "$lw_directory" "$lw_root" >&2 9>&- || return 1
    printf "%s" "$lw_recipe" >"$lw_directory/.configured"
  fi

  case $(ninja -C "$lw_directory" -n "$@" 2>&1 9>&-) in
    *'ninja: no work to do.') ;;
    *) ninja -C "$lw_directory" "$@" >&2 9>&- || return 1 ;;
  esac

  exec 9>&-
}
