-- +goose Up
-- What all who share the history need to have in common, and nobody else knows.
CREATE TABLE keys (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE keys;
