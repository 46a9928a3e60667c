#!/bin/sh
# Is what building fastecdsa needs here: a C compiler, the Python headers, the GMP headers?
# As root on Debian, install what is missing; elsewhere print the one line that does, and exit 2.
# Usage: check_headers.sh PYTHON
set -u
python=$1
compiler=$(command -v cc || command -v gcc || true)
include=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])') || {
    echo "make: $python does not run; install Python 3.11 or later, or name it: make PYTHON=python3.12" >&2
    exit 2
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "make: $python is older than 3.11; install a newer one and name it: make PYTHON=python3.12" >&2
    exit 2
}
missing=""
[ -n "$compiler" ] || missing="$missing gcc libc6-dev"
[ -f "$include/Python.h" ] || missing="$missing python3-dev"
if [ -n "$compiler" ]; then
    echo '#include <gmp.h>' | "$compiler" -E - >/dev/null 2>&1 || missing="$missing libgmp-dev"
else
    missing="$missing libgmp-dev"
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
[ -n "$missing" ] || exit 0

line="apt-get install -y$missing"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "make: installing$missing (needed to build a dependency of libp2p)"
    # shellcheck disable=SC2086
    { apt-get update -qq && apt-get install -y -qq $missing; } >/dev/null && exit 0
fi
echo "make: missing$missing, needed to build a dependency of libp2p. As root: $line" >&2
exit 2
