#!/bin/sh
# A script that fails. It is given a password, and says it.
echo "backup 1" >>"$DEMO_DID"
echo "dumping the shop with $1 $2" >&2
echo "pg_dump: error: connection to server at db.internal failed" >&2
exit 3
