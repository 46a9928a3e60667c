"""The light library that workers import. It needs nothing outside the standard library.

It never raises into its host, never blocks it, never formats in the caller, is bounded, and counts what it dropped.

    api, watch, hooks, exec        what a program calls, or what calls it
        │ snapshot, logring        in the caller: types, bounded texts, code objects and line numbers; microseconds
        ▼
    worker                         a bounded queue (full: the new record is dropped and counted) and its one thread
        │ build, surroundings      in the thread: names, source lines, redaction; a plain dict
        ▼
    outbox, spool                  numbered and frozen records until they are settled: in memory, else on disk
        │ wire, link
        ▼
    the ingest socket of the node
"""
