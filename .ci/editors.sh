#!/bin/sh
# Brings the editors that the tests drive: Krita 5.1 of Debian 12 directly, GIMP 3.0 and Krita 5.2 in a Debian 13 chroot,
# and, if asked for, GIMP 3.2 in one of Debian's testing suite (RAIHA_TEST_GIMP=3.2 makes the tests use it).
# What is there is kept: a chroot takes 90 s once. Usage: .ci/editors.sh krita|gimp|all|gimp-3.2
set -eu

EDITORS=${RAIHA_EDITORS_DIR:-/var/cache/raiha-editors}
MIRROR=${RAIHA_DEBIAN_MIRROR:-http://deb.debian.org/debian}
# What the tests need beside the editors: a screen, a keyboard, and what tells programs what is in a window.
TOOLS="xvfb xauth xdotool x11-utils dbus-x11 at-spi2-core imagemagick fonts-dejavu-core"
export DEBIAN_FRONTEND=noninteractive

install_packages() {
    dpkg-query --show "$@" >/dev/null 2>&1 && return
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "$@"
}

# make_chroot SUITE PACKAGE...: makes it, or adds the packages that are new.
make_chroot() {
    root=$EDITORS/$1
    suite=$1
    shift
    test -e "$root/.ready" && chroot "$root" dpkg-query --show "$@" >/dev/null 2>&1 && return
    if ! test -e "$root/.ready"; then
        install_packages debootstrap
        rm -rf "$root"
        mkdir -p "$EDITORS"
        # All of Debian's suites are made alike; older versions of debootstrap do not know the names of newer ones.
        debootstrap --variant=minbase "$suite" "$root" "$MIRROR" /usr/share/debootstrap/scripts/sid
        printf 'path-exclude /usr/share/%s/*\n' doc man locale >"$root/etc/dpkg/dpkg.cfg.d/01slim"
        # Debian's testing suite is valid for a week only, and a mirror may be older; what it holds is signed all the same.
        echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/01mirror"
    fi
    chroot "$root" apt-get update -qq
    chroot "$root" env LC_ALL=C.UTF-8 apt-get install -qq -y --no-install-recommends "$@"
    chroot "$root" apt-get clean
    touch "$root/.ready"
}

# python3-pyqt5 is only recommended by Krita, and its Python plug-ins need it.
krita_5_1() {
    install_packages krita python3-pyqt5 python3-pyqt6 xvfb xauth xdotool fonts-dejavu-core
}

case ${1:-all} in
krita | all)
    krita_5_1
    ;;
gimp | gimp-3.2)
    install_packages xvfb xauth
    ;;
*)
    echo "usage: .ci/editors.sh krita|gimp|all|gimp-3.2" >&2
    exit 2
    ;;
esac
# shellcheck disable=SC2086  # a list of words
if [ "${1:-all}" = gimp-3.2 ]; then
    make_chroot forky gimp $TOOLS
else
    make_chroot trixie gimp krita python3-pyqt5 $TOOLS
fi
