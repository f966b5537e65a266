CREATE TABLE samples (
    org TEXT NOT NULL,
    sli TEXT NOT NULL,
    hour BIGINT NOT NULL,
    counts BYTEA NOT NULL,
    PRIMARY KEY (org, sli, hour)
);
