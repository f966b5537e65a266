CREATE TABLE orgs (
    org TEXT PRIMARY KEY,
    seq INTEGER NOT NULL DEFAULT 0,
    hash BLOB NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE journal (
    org TEXT NOT NULL,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    slots BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (org, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
    org TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    format INTEGER NOT NULL,
    digest BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (org, seq)
) STRICT;
CREATE TABLE keys (
    org TEXT NOT NULL,
    subject TEXT NOT NULL,
    secret BLOB,
    PRIMARY KEY (org, subject)
) STRICT;
CREATE TABLE settings (
    org TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (org, name)
) STRICT;
