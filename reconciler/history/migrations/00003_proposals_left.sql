-- +goose Up
-- Pages that Assay could not close when their Proposals ended, since somebody had stopped it.
ALTER TABLE proposals ADD COLUMN left_open INTEGER NOT NULL DEFAULT 0;
CREATE INDEX proposals_left ON proposals (incident) WHERE left_open = 1;

-- +goose Down
DROP INDEX proposals_left;
ALTER TABLE proposals DROP COLUMN left_open;
