#!/bin/sh
# Are the tools here with which faults are made in network namespaces: ip (iproute2), nft (nftables), unshare?
# As root on Debian, install what is missing; elsewhere say the one line that does. Never fails: without them the
# faults strike on loopback, behind relays, and what needs namespaces is left out, which is said.
set -u
PATH=$PATH:/usr/sbin:/sbin
missing=""
command -v ip >/dev/null || missing="$missing iproute2"
command -v nft >/dev/null || missing="$missing nftables"
command -v unshare >/dev/null || missing="$missing util-linux"
[ -n "$missing" ] || exit 0

line="apt-get install -y$missing"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "make: installing$missing (faults in network namespaces)"
    quick="-o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10"
    # shellcheck disable=SC2086
    { apt-get update -qq $quick && apt-get install -y -qq $missing; } >/dev/null && exit 0
fi
echo "make: missing$missing: faults strike on loopback only. For all of them, as root: $line" >&2
exit 0
