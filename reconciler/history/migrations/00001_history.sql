-- +goose Up
-- Records are documents in JSON; columns stand beside them only where a query or a constraint needs one.
-- Times are Unix nanoseconds.

CREATE TABLE syncs (
    seq         INTEGER PRIMARY KEY,
    environment TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    document    TEXT    NOT NULL
);
CREATE INDEX syncs_of_target ON syncs (environment, target, seq);

CREATE TABLE verifications (
    seq         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    environment TEXT    NOT NULL,
    gate        TEXT    NOT NULL,
    phase       TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    started     INTEGER NOT NULL,
    document    TEXT    NOT NULL
);
CREATE INDEX verifications_of_gate ON verifications (environment, gate, seq);
CREATE INDEX verifications_open ON verifications (environment, gate) WHERE phase IN ('Running', 'Blaming');

CREATE TABLE runs (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    verification TEXT NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    document     TEXT NOT NULL
);
CREATE INDEX runs_of_verification ON runs (verification, seq);

-- A report without its cases and metrics, which stand in tables of their own.
CREATE TABLE reports (
    run      TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    place    INTEGER NOT NULL,
    document TEXT    NOT NULL,
    PRIMARY KEY (run, place)
);
CREATE TABLE cases (
    run      TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    report   INTEGER NOT NULL,
    place    INTEGER NOT NULL,
    suite    TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    file     TEXT    NOT NULL,
    status   TEXT    NOT NULL,
    flaky    INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    message  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    PRIMARY KEY (run, report, place)
) WITHOUT ROWID;
CREATE TABLE metrics (
    run    TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    report INTEGER NOT NULL,
    name   TEXT    NOT NULL,
    value  REAL    NOT NULL,
    PRIMARY KEY (run, report, name)
) WITHOUT ROWID;

CREATE TABLE last_passed (
    environment TEXT NOT NULL,
    gate        TEXT NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (environment, gate)
);
CREATE TABLE inheritances (
    seq         INTEGER PRIMARY KEY,
    environment TEXT    NOT NULL,
    gate        TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    document    TEXT    NOT NULL
);
CREATE TABLE rates (
    environment TEXT    NOT NULL,
    gate        TEXT    NOT NULL,
    suite       TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    runs        REAL    NOT NULL,
    flakes      REAL    NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (environment, gate, suite, name)
) WITHOUT ROWID;

CREATE TABLE incidents (
    seq         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    environment TEXT    NOT NULL,
    gate        TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    opened      INTEGER NOT NULL,
    document    TEXT    NOT NULL
);
CREATE INDEX incidents_of_gate ON incidents (environment, gate, seq);
CREATE INDEX incidents_open ON incidents (environment, gate) WHERE state = 'Open';

-- Proposals are never forgotten: the same change is not proposed twice.
CREATE TABLE proposals (
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    incident   TEXT    NOT NULL,
    repository TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    document   TEXT    NOT NULL
);
CREATE INDEX proposals_of_incident ON proposals (incident, seq);

CREATE TABLE decisions (
    seq         INTEGER PRIMARY KEY,
    environment TEXT    NOT NULL,
    gate        TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    times       INTEGER NOT NULL
);
CREATE INDEX decisions_of_gate ON decisions (environment, gate, seq);

-- +goose Down
DROP TABLE decisions;
DROP TABLE proposals;
DROP TABLE incidents;
DROP TABLE rates;
DROP TABLE inheritances;
DROP TABLE last_passed;
DROP TABLE metrics;
DROP TABLE cases;
DROP TABLE reports;
DROP TABLE runs;
DROP TABLE verifications;
DROP TABLE syncs;
