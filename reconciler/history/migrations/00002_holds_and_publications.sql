-- +goose Up
-- Holds are never forgotten: who kept Assay from proposing, when and why is part of the story.
CREATE TABLE holds (
    seq         INTEGER PRIMARY KEY,
    environment TEXT    NOT NULL,
    gate        TEXT    NOT NULL,
    repository  TEXT    NOT NULL,
    lifted      INTEGER NOT NULL,
    document    TEXT    NOT NULL
);
CREATE INDEX holds_in_force ON holds (seq) WHERE lifted = 0;

-- What is to be told of a commit outside, which is whatever its Verification says when it is told. version moves with each change, so that
-- what changed while it was being told is told again; said is what was told last.
CREATE TABLE publications (
    kind         TEXT    NOT NULL,
    environment  TEXT    NOT NULL,
    gate         TEXT    NOT NULL,
    repository   TEXT    NOT NULL,
    commit_id    TEXT    NOT NULL,
    verification TEXT    NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    targets      TEXT    NOT NULL,
    same_as      TEXT    NOT NULL,
    inherited    INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    said         TEXT    NOT NULL,
    PRIMARY KEY (kind, environment, gate, repository, commit_id)
) WITHOUT ROWID;
CREATE INDEX publications_due ON publications (kind, environment, repository) WHERE due = 1;
CREATE INDEX publications_of_verification ON publications (verification);

-- +goose Down
DROP TABLE publications;
DROP TABLE holds;
