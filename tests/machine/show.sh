#!/bin/sh
# What an operator does, on a clean Debian in which systemd is process 1: install, start, report, restart under load,
# break, upgrade, uninstall. Every step is checked; the first that fails ends it.
# As root, with debootstrap and systemd-nspawn (apt-get install debootstrap systemd-container).
# SHOW_DIR (/var/tmp/error-aggregator-show) keeps the clean Debian for the next time: about 600 MB.
set -eu
cd "$(dirname "$0")/../.."
place=${SHOW_DIR:-/var/tmp/error-aggregator-show}
base=$place/base
machine=$place/machine
trust=/etc/ssl/certs/ca-certificates.crt # the machine trusts whom this one trusts
packages=systemd,systemd-sysv,dbus,python3,python3-venv,python3-dev,gcc,libc6-dev,libgmp-dev,make,netcat-openbsd,procps

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
    echo "show-install: $*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "needs root"
for each in debootstrap systemd-nspawn nsenter; do
    command -v "$each" >/dev/null || fail "$each is missing: apt-get install debootstrap systemd-container util-linux"
done

say "a clean Debian 12 in $place"
if [ ! -e "$base/.complete" ]; then
    rm -rf "$base"
    mkdir -p "$place"
    debootstrap --variant=minbase --include="$packages,ca-certificates" bookworm "$base" \
        "${SHOW_MIRROR:-http://deb.debian.org/debian}" >"$place/debootstrap.log" || fail "see $place/debootstrap.log"
    touch "$base/.complete"
fi
rm -rf "$machine"
cp -a --reflink=auto "$base" "$machine"

# Not booted, with the network: building needs the package index. Nothing but the source is shared.
build() {
    systemd-nspawn --quiet --directory="$machine" --register=no --keep-unit --pipe --bind-ro="$PWD:/src" \
        --bind-ro="$trust" --setenv=PIP_CERT="$trust" "$@"
}
say "make install"
build make --no-print-directory -C /src install

say "boot, without any network"
systemd-nspawn --quiet --directory="$machine" --register=no --keep-unit --private-network --link-journal=no \
    --bind-ro="$PWD:/src" --boot >"$place/boot.log" 2>&1 &
container=$!
leader=
off() {
    if [ -n "$leader" ]; then kill -s RTMIN+4 "$leader" 2>/dev/null || true; fi # systemd's word for: power off
    wait "$container" || true
}
trap off EXIT
tries=0
until leader=$(pgrep -P "$container" | head -1) && [ -n "$leader" ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || fail "the machine did not boot: see $place/boot.log"
    sleep 0.1
done
inside() {
    nsenter -t "$leader" -m -u -i -n -p -C -r -w -- env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
until inside systemctl is-system-running >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 900 ] || fail "the machine did not come up: see $place/boot.log"
    sleep 0.1
done
inside sh /src/tests/machine/inside.sh
