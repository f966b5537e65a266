CREATE TABLE orgs (
    org TEXT PRIMARY KEY,
    seq BIGINT NOT NULL DEFAULT 0,
    hash BYTEA NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE journal (
    org TEXT NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    slots BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (org, seq)
);
CREATE TABLE snapshots (
    org TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    format BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (org, seq)
);
CREATE TABLE keys (
    org TEXT NOT NULL,
    subject TEXT NOT NULL,
    secret BYTEA,
    PRIMARY KEY (org, subject)
);
CREATE TABLE settings (
    org TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (org, name)
);
