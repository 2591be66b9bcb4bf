package history

import (
	"context"
	"database/sql"
	"sync"
)

// database says what it is asked in the words of its dialect, and remembers its statements once they were prepared, unless the driver does.
// It is always the same few dozen, and to parse them each time takes longer than to run them.
type database struct {
	*sql.DB
	dialect  dialect
	mu       sync.Mutex
	prepared map[string]*sql.Stmt
}

func newDatabase(db *sql.DB, d dialect) *database {
	return &database{DB: db, dialect: d, prepared: map[string]*sql.Stmt{}}
}

// QueryContext is that of sql.DB.
func (d *database) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query, args = d.dialect.say(query, args)
	if !d.dialect.prepares() {
		return d.DB.QueryContext(ctx, query, args...)
	}
	statement, err := d.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(ctx, args...)
}

func (d *database) known(query string) *sql.Stmt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.prepared[query]
}

// prepare needs a connection that is free: in a transaction of the only one it would wait for ever.
func (d *database) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement := d.known(query); statement != nil {
		return statement, nil
	}
	statement, err := d.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if first, there := d.prepared[query]; there { // somebody else was faster
		return first, statement.Close()
	}
	d.prepared[query] = statement
	return statement, nil
}

// transaction of a database. What it asks for that was never prepared is prepared for the next one, once it has ended.
type transaction struct {
	*sql.Tx
	ctx     context.Context
	of      *database
	unknown []string
}

func (d *database) begin(ctx context.Context, options *sql.TxOptions) (*transaction, error) {
	tx, err := d.BeginTx(ctx, options)
	return &transaction{Tx: tx, ctx: ctx, of: d}, err
}

// end gives up what was not committed.
func (t *transaction) end() {
	t.Rollback()
	for _, query := range t.unknown {
		t.of.prepare(t.ctx, query) // what fails here fails where it is asked for
	}
}

// QueryContext is that of sql.Tx.
func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query, args = t.of.dialect.say(query, args)
	if statement := t.statement(ctx, query); statement != nil {
		return statement.QueryContext(ctx, args...)
	}
	return t.Tx.QueryContext(ctx, query, args...)
}

// ExecContext is that of sql.Tx.
func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	query, args = t.of.dialect.say(query, args)
	if statement := t.statement(ctx, query); statement != nil {
		return statement.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

func (t *transaction) statement(ctx context.Context, query string) *sql.Stmt {
	if !t.of.dialect.prepares() {
		return nil
	}
	if known := t.of.known(query); known != nil {
		return t.StmtContext(ctx, known)
	}
	t.unknown = append(t.unknown, query)
	return nil
}
