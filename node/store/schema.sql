-- What one node keeps. Version 3. Written by one thread only, read by any.
-- Times are Unix seconds; a window is named by its start second; `day` counts days since 1970-01-01.

-- One row. A program refuses a higher version than it knows, and upgrades a lower one step by step after a backup.
CREATE TABLE version (number INTEGER NOT NULL) STRICT;
INSERT INTO version VALUES (3);

-- Small facts about this node by name; values are MessagePack.
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- Pages of this node and of others: the newest version of each.
-- An own page is committed before it is sent, so a sequence number never names two contents.
CREATE TABLE pages (
    peer      TEXT NOT NULL,    -- of the origin
    run       TEXT NOT NULL,    -- of the origin: drawn at each of its starts
    window    INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    sequence  INTEGER NOT NULL,
    body      BLOB NOT NULL,    -- the tallies, as they were signed
    signature BLOB NOT NULL,    -- empty only on own pages that were not sent yet
    PRIMARY KEY (peer, run, window, number)
) STRICT;

-- Sessions of clients. `next` is the first sequence number that is not settled; it is committed together with the
-- pages that count everything before it. Rows live longer than any spool, else a late spool would be counted again.
CREATE TABLE sessions (
    id   BLOB PRIMARY KEY,      -- 16 random bytes
    next INTEGER NOT NULL,
    used REAL NOT NULL          -- when it was last written
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_use ON sessions (used);

-- Full records, redacted. The key keeps them at two per origin, signature and day.
CREATE TABLE samples (
    peer      TEXT NOT NULL,
    run       TEXT NOT NULL,
    signature TEXT NOT NULL,
    day       INTEGER NOT NULL,
    slot      INTEGER NOT NULL, -- 0 or 1
    id        TEXT NOT NULL UNIQUE,
    record    BLOB NOT NULL,    -- MessagePack, redacted
    sealed    BLOB NOT NULL DEFAULT x'', -- of another node: as that handed it over, to be handed on
    PRIMARY KEY (signature, day, peer, run, slot)
) STRICT;
CREATE INDEX samples_by_day ON samples (day);

-- What left the lookback, added up per signature and day.
CREATE TABLE history (
    signature TEXT NOT NULL,
    day       INTEGER NOT NULL,
    root      TEXT NOT NULL,
    total     BLOB NOT NULL,    -- MessagePack of the day's total
    PRIMARY KEY (signature, day)
) STRICT;

-- Facts and rulings that are not counts, by kind and subject.
CREATE TABLE book (
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL,
    value   BLOB NOT NULL,      -- MessagePack
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- What this node is about to write to GitHub, committed before the call, so that a restart knows what may have happened.
CREATE TABLE intents (
    subject TEXT PRIMARY KEY,   -- what the call is about
    at      REAL NOT NULL,
    value   BLOB NOT NULL       -- MessagePack
) STRICT, WITHOUT ROWID;

-- Every outward action and every change an operator made. Only ever appended to; the triggers hold that.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      REAL NOT NULL,
    node    TEXT NOT NULL,      -- peer id of who acted
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL       -- JSON
) STRICT;
CREATE INDEX audit_by_action ON audit (action);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
