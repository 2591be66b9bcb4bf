package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// chunkSize is how much of a log or an artifact stands in one row at most, in bytes.
const chunkSize = 1 << 20

// chunks keeps logs and artifacts in the database, where every replica reads them.
type chunks struct{ s *Store }

// noPath is that of a log; an artifact has one.
const noPath = ""

func (c chunks) writeLog(ctx context.Context, run string) (io.WriteCloser, error) {
	return newChunkLog(ctx, c, run), c.remove(ctx, run, `DELETE FROM blobs WHERE run = ? AND path = ?`, run, noPath)
}

// begin makes an empty blob.
func (c chunks) begin(ctx context.Context, run, path string) (seq int64, err error) {
	err = c.s.write(ctx, turnOfRun(run), "a file of run "+run, func(tx *transaction) error {
		seq, err = number(ctx, tx, `INSERT INTO blobs (run, path, size, complete) VALUES (?, ?, 0, 0) RETURNING seq`, run, path)
		return err
	})
	return seq, err
}

// add puts a chunk into a blob. Who does not hear that it was recorded does it again, and may have more for it by then.
func (c chunks) add(ctx context.Context, run string, seq int64, place int, data []byte) error {
	return c.s.write(ctx, turnOfRun(run), "a file of run "+run, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO chunks (blob, place, data) VALUES (?, ?, ?) ON CONFLICT (blob, place) DO UPDATE SET data = excluded.data`,
			seq, place, data)
		return err
	})
}

func (c chunks) saveArtifact(ctx context.Context, run, file string, r io.Reader) error {
	seq, err := c.begin(ctx, run, file)
	if err != nil {
		return err
	}
	size, err := c.fill(ctx, run, seq, bound(r))
	if err != nil {
		return errors.Join(err, c.remove(context.WithoutCancel(ctx), run, `DELETE FROM blobs WHERE seq = ?`, seq))
	}
	return c.s.write(ctx, turnOfRun(run), "a file of run "+run, func(tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM blobs WHERE run = ? AND path = ? AND seq <> ?`, run, file, seq); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE blobs SET size = ?, complete = 1 WHERE seq = ?`, size, seq)
		return err
	})
}

func (c chunks) fill(ctx context.Context, run string, seq int64, r io.Reader) (size int64, err error) {
	chunk := make([]byte, chunkSize)
	for place := 0; ; place++ {
		n, err := io.ReadFull(r, chunk)
		if n > 0 {
			if err := c.add(ctx, run, seq, place, chunk[:n]); err != nil {
				return 0, err
			}
			size += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return size, nil
		case err != nil:
			return 0, err
		}
	}
}

func (c chunks) readLog(ctx context.Context, run string) (io.ReadCloser, error) {
	seq, err := number(ctx, c.s.reader, `SELECT seq FROM blobs WHERE run = ? AND path = ?
		AND EXISTS (SELECT 1 FROM chunks WHERE blob = seq) ORDER BY seq DESC LIMIT 1`, run, noPath)
	if err != nil {
		return nil, fmt.Errorf("log of run %s: %w", run, err)
	}
	return &chunkReader{ctx: ctx, from: c, seq: seq}, nil
}

func (c chunks) artifacts(ctx context.Context, run string) (fs.FS, error) {
	rows, err := c.s.reader.QueryContext(ctx, `SELECT seq, path, size FROM blobs WHERE run = ? AND path <> ? AND complete = 1`, run, noPath)
	if err != nil {
		return nil, fmt.Errorf("artifacts of run %s: %w", run, err)
	}
	defer rows.Close()
	files := tree{}
	for rows.Next() {
		var seq, size int64
		var path string
		if err := rows.Scan(&seq, &path, &size); err != nil {
			return nil, fmt.Errorf("artifacts of run %s: %w", run, err)
		}
		files[path] = leaf{size, func() io.ReadCloser { return &chunkReader{ctx: ctx, from: c, seq: seq} }}
	}
	return files, rows.Err()
}

func (c chunks) forget(ctx context.Context, run string) error {
	return c.remove(ctx, run, `DELETE FROM blobs WHERE run = ?`, run)
}

func (c chunks) remove(ctx context.Context, run, query string, args ...any) error {
	return c.s.write(ctx, turnOfRun(run), "that files of run "+run+" are gone", func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

// chunkReader reads a blob one chunk at a time. At its end it looks again, so that it reads on once there is more.
type chunkReader struct {
	ctx   context.Context // the caller's, for as long as it reads
	from  chunks
	seq   int64
	place int
	left  []byte
}

func (r *chunkReader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		rows, err := r.from.s.reader.QueryContext(r.ctx, `SELECT data FROM chunks WHERE blob = ? AND place = ?`, r.seq, r.place)
		if err != nil {
			return 0, fmt.Errorf("read history: %w", err)
		}
		defer rows.Close()
		if !rows.Next() {
			return 0, cmp.Or(rows.Err(), io.EOF)
		}
		if err := rows.Scan(&r.left); err != nil {
			return 0, fmt.Errorf("read history: %w", err)
		}
		r.place++
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

func (*chunkReader) Close() error { return nil }
