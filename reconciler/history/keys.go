package history

import (
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
)

// Key is the key of a name that all who share the history have: mine, where there was none yet.
func (s *Store) Key(ctx context.Context, name string, mine []byte) (key []byte, err error) {
	err = s.write(ctx, turn("key "+name), "the key of "+name, func(tx *transaction) error {
		if _, err := insert(ctx, tx, `INSERT INTO keys (name, value) VALUES (?, ?)`, name, base64.StdEncoding.EncodeToString(mine)); err != nil {
			return err
		}
		known, err := texts(ctx, tx, `SELECT value FROM keys WHERE name = ?`, name)
		if err != nil {
			return err
		}
		if len(known) == 0 {
			return fs.ErrNotExist
		}
		if key, err = base64.StdEncoding.DecodeString(known[0]); err != nil {
			return fmt.Errorf("it is damaged: %w", err)
		}
		return nil
	})
	return key, err
}
