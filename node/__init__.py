"""The daemon: sockets, SQLite, libp2p, HTTP and GitHub. Short tasks that ask `aggregator` what to do, and do it."""
