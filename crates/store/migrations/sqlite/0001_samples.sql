CREATE TABLE samples (
    org TEXT NOT NULL,
    sli TEXT NOT NULL,
    hour INTEGER NOT NULL,
    counts BLOB NOT NULL,
    PRIMARY KEY (org, sli, hour)
) STRICT, WITHOUT ROWID;
