#!/bin/sh
# Brings the editors that the tests drive: Krita 5.1 of Debian 12 directly, GIMP 3.0 and Krita 5.2 in a Debian 13 chroot.
# What is there is kept: the chroot takes 90 s once. Usage: .ci/editors.sh krita|gimp|all
set -eu

EDITORS=${RAIHA_EDITORS_DIR:-/var/cache/raiha-editors}
TRIXIE=$EDITORS/trixie
MIRROR=${RAIHA_DEBIAN_MIRROR:-http://deb.debian.org/debian}
export DEBIAN_FRONTEND=noninteractive

install_packages() {
    dpkg-query --show "$@" >/dev/null 2>&1 && return
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "$@"
}

make_chroot() {
    test -e "$TRIXIE/.ready" && return
    install_packages debootstrap
    rm -rf "$TRIXIE"
    mkdir -p "$EDITORS"
    debootstrap --variant=minbase trixie "$TRIXIE" "$MIRROR"
    printf 'path-exclude /usr/share/%s/*\n' doc man locale >"$TRIXIE/etc/dpkg/dpkg.cfg.d/01slim"
    chroot "$TRIXIE" apt-get update -qq
    chroot "$TRIXIE" env LC_ALL=C.UTF-8 apt-get install -qq -y --no-install-recommends \
        gimp krita python3-pyqt5 xvfb xauth xdotool x11-utils dbus-x11 at-spi2-core imagemagick fonts-dejavu-core
    chroot "$TRIXIE" apt-get clean
    touch "$TRIXIE/.ready"
}

# python3-pyqt5 is only recommended by Krita, and its Python plug-ins need it.
krita_5_1() {
    install_packages krita python3-pyqt5 python3-pyqt6 xvfb xauth xdotool fonts-dejavu-core
}

case ${1:-all} in
krita | all)
    krita_5_1
    ;;
gimp)
    install_packages xvfb xauth
    ;;
*)
    echo "usage: .ci/editors.sh krita|gimp|all" >&2
    exit 2
    ;;
esac
make_chroot
