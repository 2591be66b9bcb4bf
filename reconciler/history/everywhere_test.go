package history_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/history/postgrestest"
)

// server is the PostgreSQL server of all tests of the package, once one asks for it.
var server struct {
	sync.Mutex
	*postgrestest.Server
	dir string
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if server.Server != nil {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := os.RemoveAll(server.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// postgres is the URL of a new database.
func postgres(t testing.TB) string {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	if server.Server == nil && server.err == nil {
		server.dir, server.err = os.MkdirTemp("", "pg")
		if server.err == nil {
			server.Server, server.err = postgrestest.Start(context.Background(), server.dir)
		}
	}
	if errors.Is(server.err, postgrestest.ErrAbsent) {
		t.Skip(server.err)
	}
	require.NoError(t, server.err)
	url, err := server.Database(context.Background())
	require.NoError(t, err)
	return url
}

// databases are all that can hold a history, each with an empty place of its own.
var databases = []struct {
	name  string
	place func(testing.TB) string
}{
	{"SQLite", func(t testing.TB) string { return t.TempDir() }},
	{"PostgreSQL", postgres},
}

// everyPlace runs a test on an empty place of every database.
func everyPlace(t *testing.T, test func(t *testing.T, place string)) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) { test(t, database.place(t)) })
	}
}

// everywhere runs a test on an empty history in every database.
func everywhere(t *testing.T, test func(t *testing.T, s *history.Store)) {
	everyPlace(t, func(t *testing.T, place string) { test(t, open(t, place)) })
}

func open(t testing.TB, place string) *history.Store {
	t.Helper()
	s, err := history.Open(t.Context(), place)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}
