#!/bin/sh
# Put the node onto a machine, or take it off again. Every path below is what the machine will see; DESTDIR, for who
# makes a package, is only where the files are put now.
# Usage: install.sh install|files|uninstall     environment: PYTHON, PREFIX (/usr/local), DESTDIR
#   install    the program in a virtual environment of its own, and the files
#   files      only the units, the sample configuration, docs, alerts
#   uninstall  all of that; state and configuration stay
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
prefix=${PREFIX:-/usr/local}
dest=${DESTDIR:-}
home=$prefix/lib/error-aggregator
bin=$prefix/bin
docs=$prefix/share/doc/error-aggregator
share=$prefix/share/error-aggregator
config=/etc/error-aggregator/config.toml
# systemd looks below /usr, /usr/local and /etc only.
case $prefix in /usr | /usr/local) lib=$prefix/lib ;; *) lib=/etc ;; esac
units=$lib/systemd/system
user_units=$lib/systemd/user
SERVICES="error-aggregator.service error-aggregator.socket error-aggregator-datagram.socket"

put() { install -D -m "${3:-644}" "$1" "$dest$2"; }

fill() { # the units name real paths; as they are, they are for a package
    sed -e "s|/usr/bin/|$bin/|g" -e "s|/usr/share/doc/error-aggregator|$docs|g" "$1" >"$work/unit"
    put "$work/unit" "$2"
}

program() {
    sh tools/check_headers.sh "$python"
    echo "building $dest$home (about a minute)"
    mkdir -p "$dest$prefix/lib" "$dest$bin"
    new=$dest$home.new
    rm -rf "$new"
    "$python" -m venv "$new"
    # A copy, since building leaves its leavings beside what it builds.
    cp -R aggregator node pyproject.toml README.md "$work"
    "$new/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile "$work[node]"
    settle "$new"
    # A node that runs goes on with the old files until they are gone; then it is to be restarted.
    rm -rf "$dest$home.old"
    if [ -d "$dest$home" ]; then mv "$dest$home" "$dest$home.old"; fi
    mv "$new" "$dest$home"
    rm -rf "$dest$home.old"
    ln -sf ../lib/error-aggregator/bin/aggregator "$dest$bin/aggregator"
}

plainly() { printf '%s' "$1" | sed 's/[][\.*^$|&]/\\&/g'; } # as sed takes it, on either side of s|…|…|

settle() { # scripts and compiled files know where they will be, not where they were made
    find "$1/bin" "$1/pyvenv.cfg" -type f -exec grep -qIF -- "$1" {} \; \
        -exec sed -i "s|$(plainly "$1")|$(plainly "$home")|g" {} +
    # Python behind a path with a space, or a long one, is started by three lines of shell: here one is enough again.
    case $home in
    *' '*) ;;
    *) find "$1/bin" -type f -exec grep -qI "^'''exec' " {} \; -exec sed -i -s "1,3c#!$home/bin/python" {} + ;;
    esac
    rm -f "$1"/lib/python*/site-packages/error_aggregator-*.dist-info/direct_url.json
    "$1/bin/python" -m compileall -q -f -j 0 -s "$1" -p "$home" "$1/lib" || true # a file of a library may be for another Python
}

files() {
    fill systemd/error-aggregator.service "$units/error-aggregator.service"
    put systemd/error-aggregator.socket "$units/error-aggregator.socket"
    put systemd/error-aggregator-datagram.socket "$units/error-aggregator-datagram.socket"
    fill systemd/user/error-aggregator.service "$user_units/error-aggregator.service"
    put systemd/user/error-aggregator.socket "$user_units/error-aggregator.socket"
    put systemd/sysusers.conf "$lib/sysusers.d/error-aggregator.conf"
    put systemd/tmpfiles.conf "$lib/tmpfiles.d/error-aggregator.conf"
    for each in README.md CHANGELOG.md docs/*.md; do put "$each" "$docs/${each#docs/}"; done
    find configs -type f | while read -r each; do put "$each" "$share/${each#configs/}"; done
    if [ -e "$dest$config" ]; then
        echo "kept: $config"
    else
        put configs/error-aggregator.toml "$config"
    fi
}

here() { [ -z "$dest" ] && [ "$(id -u)" = 0 ]; } # else somebody makes a package, which does this by itself

begin() {
    here || return 0
    if command -v systemd-sysusers >/dev/null; then systemd-sysusers "$lib/sysusers.d/error-aggregator.conf"; fi
    if command -v systemd-tmpfiles >/dev/null; then systemd-tmpfiles --create "$lib/tmpfiles.d/error-aggregator.conf"; fi
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl try-restart error-aggregator.service # an upgrade: the files of the one that runs are gone
    fi
    echo "next: systemctl enable --now $SERVICES   ($docs/install.md)"
}

uninstall() {
    if here && [ -d /run/systemd/system ]; then
        # shellcheck disable=SC2086
        systemctl disable --quiet --now $SERVICES 2>/dev/null || true
    fi
    rm -rf "$dest$home" "$dest$home.new" "$dest$home.old" "$dest$docs" "$dest$share"
    rm -f "$dest$bin/aggregator" "$dest$lib/sysusers.d/error-aggregator.conf" "$dest$lib/tmpfiles.d/error-aggregator.conf"
    rm -f "$dest$user_units/error-aggregator.service" "$dest$user_units/error-aggregator.socket"
    for each in $SERVICES; do rm -f "$dest$units/$each"; done
    if here && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
    if here; then rm -rf /run/error-aggregator; fi
    echo "left, to be removed by hand: /etc/error-aggregator (configuration), /var/lib/error-aggregator (key, fleet, counts),"
    echo "/var/spool/error-aggregator (records that wait), /etc/credstore/error-aggregator.* (tokens), user error-aggregator"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case ${1:-} in
install)
    program
    files
    begin
    ;;
files)
    files
    begin
    ;;
uninstall) uninstall ;;
*)
    echo "usage: $0 install|files|uninstall" >&2
    exit 2
    ;;
esac
