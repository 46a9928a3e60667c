#!/bin/sh
# Run by show.sh as root in the machine, after `make install`.
set -eu
UNITS="error-aggregator.service error-aggregator.socket error-aggregator-datagram.socket"
SOCKET=/run/error-aggregator/ingest.sock
PYTHON=/usr/local/lib/error-aggregator/bin/python

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() {
    echo "FAILED: $*" >&2
    journalctl --no-pager -u error-aggregator.service -n 30 -o cat >&2
    exit 1
}
property() { systemctl show --value -p "$1" error-aggregator.service; }
counted() { # occurrences of a service
    aggregator errors --json | "$PYTHON" -c "
import json, sys
print(sum(row['services'].get('$1', 0) for row in json.load(sys.stdin)))"
}
await() { # until the command says so; 60 s at most
    tries=0
    until [ "$(eval "$1")" = "$2" ]; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || fail "$1: is '$(eval "$1")', should be '$2'"
        sleep 0.2
    done
}
# shellcheck disable=SC2016
load() { # reports by carol's programs, $2 of them shells, while "$1" happens; prints and checks the sums
    before=$(counted load)
    rm -f /tmp/load.stop
    setpriv --reuid carol --regid carol --init-groups "$PYTHON" /src/tests/machine/load.py /tmp/load.stop "$2" >/tmp/load.json &
    sleep 2
    eval "$1"
    sleep 2
    touch /tmp/load.stop
    wait $! || fail "the load: $(cat /tmp/load.json)"
    cat /tmp/load.json
    await 'counted load' $((before + $("$PYTHON" -c "import json; print(json.load(open('/tmp/load.json'))['sent'])")))
    echo "counted: $((  $(counted load) - before ))"
}

say "two users who may report, one who may not"
useradd --groups error-aggregator alice
useradd --groups error-aggregator carol
useradd bob

say "start"
# shellcheck disable=SC2086
systemctl enable --quiet --now $UNITS
[ "$(property ActiveState)" = active ] || fail "it is not active"
property StatusText
ls -l /run/error-aggregator
[ "$(stat -c %U "/proc/$(property MainPID)")" = error-aggregator ] || fail "it runs as the wrong user"
systemd-analyze security error-aggregator.service --no-pager | tail -1

"$PYTHON" - <<'END' || fail "the numbers of the process are missing: the unit hides too much of /proc"
import sys

import httpx

with httpx.Client(transport=httpx.HTTPTransport(uds="/run/error-aggregator/control.sock")) as http:
    sys.exit("process_resident_memory_bytes" not in http.get("http://node/metrics").text)
END

say "found a fleet, as root: its files are the service's"
aggregator init --name show | tail -3
[ -z "$(find /var/lib/error-aggregator ! -user error-aggregator)" ] || fail "root left files there"
systemctl restart error-aggregator.service
aggregator status | sed -n '/^Node/,/^Refused/p'
aggregator peers

say "report"
runuser -u alice -- sh -c "echo '{\"message\":\"disk full\",\"service\":\"shell\"}' | nc -NU $SOCKET"
await 'counted shell' 1
runuser -u bob -- sh -c "echo '{\"message\":\"not me\"}' | nc -NU $SOCKET" && fail "bob may report"
runuser -u bob -- aggregator status 2>&1 | grep -q 'as the user that runs the node' || fail "bob may ask the node"
echo "bob is told that he may not"

say "a program of bob's leaves its error in the spool, the node takes it from there"
runuser -u bob -- "$PYTHON" -c "
import aggregator
aggregator.install(service='spooled')
aggregator.report('nobody listens to me')
aggregator.flush(2)"
ls -l /var/spool/error-aggregator
await 'counted spooled' 1
await 'ls /var/spool/error-aggregator | wc -l' 0

say "five restarts under load"
load 'for each in 1 2 3 4 5; do systemctl restart error-aggregator.service; done' 2

say "stopped and started under load: who connects starts it again"
load 'systemctl stop error-aggregator.service 2>&1 | head -2; await "property ActiveState" active' 2

say "killed under load: systemd starts it again (a shell would not know what became of its record; a worker asks)"
load 'systemctl kill --signal=KILL error-aggregator.service; sleep 1; await "property ActiveState" active' 0

say "stuck: the watchdog ends it, another takes its place"
before=$(property NRestarts)
kill -STOP "$(property MainPID)"
await 'property NRestarts' $((before + 1))
await 'property ActiveState' active
journalctl --no-pager -u error-aggregator.service -o cat | grep -m1 -i 'watchdog timeout'

say "reload: what is wrong is refused, with the reason"
systemctl reload error-aggregator.service
cp /etc/error-aggregator/config.toml /root/config.toml
echo 'nonsense = 1' >>/etc/error-aggregator/config.toml
systemctl reload error-aggregator.service 2>/dev/null && fail "nonsense was taken over"
journalctl --no-pager -u error-aggregator.service -o cat | grep -m1 'nonsense is no setting'
[ "$(property ActiveState)" = active ] || fail "a refused reload ended it"

say "a start with a wrong configuration is not tried again"
systemctl restart error-aggregator.service 2>/dev/null && fail "nonsense was accepted"
await 'property ActiveState' failed
await 'property Result' exit-code
cp /root/config.toml /etc/error-aggregator/config.toml
systemctl restart error-aggregator.service
[ "$(property ActiveState)" = active ] || fail "it does not come back"

say "mended under load: senders wait until it is"
load 'echo nonsense = 1 >>/etc/error-aggregator/config.toml
    systemctl restart error-aggregator.service 2>/dev/null && fail "nonsense was accepted"
    sleep 8
    cp /root/config.toml /etc/error-aggregator/config.toml
    systemctl restart error-aggregator.service' 2

say "a token, as a credential"
mkdir -p -m 700 /etc/credstore
(umask 077 && echo ghp_0123456789abcdefghijABCDEFGHIJ012345 >/etc/credstore/error-aggregator.github-token)
systemctl restart error-aggregator.service
aggregator status | grep 'GitHub Token'
aggregator status | grep -q 'systemd credential github-token' || fail "the token was not found"

say "doctor"
aggregator doctor --offline || fail "doctor found a problem"

say "uninstall"
make --no-print-directory -C /src uninstall
[ ! -e /run/error-aggregator ] || fail "/run/error-aggregator is left"
find / -xdev \( -path /proc -o -path /sys -o -path /src -o -path /tmp -o -path /var/log \) -prune -o \
    -name '*error-aggregator*' -print | sort | tee /tmp/left
grep -vE '^/(etc/error-aggregator|etc/credstore/.*|var/lib/error-aggregator|var/spool/error-aggregator)$' /tmp/left &&
    fail "more is left than it said"
[ ! -L /usr/local/bin/aggregator ] || fail "the program is left"
say "all as it should be"
