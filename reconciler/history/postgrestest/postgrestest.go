// Package postgrestest starts a real PostgreSQL server for tests, from the programs of the machine. In goes a folder; out come URLs of
// empty databases. The server listens on a socket in that folder alone, forgets everything with it, and ends with the process that
// started it, however that ends.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrAbsent says why there can be no server on this machine.
var ErrAbsent = errors.New("there is no PostgreSQL here")

const (
	superuser = "assay"
	// startWithin bounds how long a server may take until it answers.
	startWithin = time.Minute
)

// supervise runs a server until it reads a line, or the process at the other end is gone: then it is to stop at
// once, or after what it does.
const supervise = `trap '' INT TERM; "$@" </dev/null & server=$!
read -r how; if [ "$how" = crash ]; then kill -QUIT $server; else kill -INT $server; fi; wait $server`

// Server is one that runs.
type Server struct {
	dir, program string
	databases    atomic.Int64
	process      *exec.Cmd
	stdin        io.WriteCloser
}

// Start makes a server in dir, which must be short and exist, and waits until it answers. The error is ErrAbsent where the programs are not
// there, or the machine lets nobody but root run them.
func Start(ctx context.Context, dir string) (*Server, error) {
	initdb, err := program("initdb")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if s.program, err = program("postgres"); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, initdb, "-D", s.data(), "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if err := unprivileged(cmd, dir); err != nil {
		return nil, err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, s.start(ctx)
}

// StartFor makes a server for the time of a test, which is skipped where there can be none.
func StartFor(t testing.TB) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "pg") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s, err := Start(t.Context(), dir)
	if errors.Is(err, ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// File makes an empty database for a test, and returns a file that holds its URL, as operators give it to Assay.
func (s *Server) File(t testing.TB) string {
	t.Helper()
	url, err := s.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "uri")
	if err := os.WriteFile(file, []byte(url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// program finds one of PostgreSQL's, also where Debian keeps those that are not for everybody.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("%w: %s is not installed (apt-get install postgresql)", ErrAbsent, name)
	}
	return slices.Max(found), nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) start(ctx context.Context) error {
	s.process = exec.Command("sh", "-c", supervise, "sh", s.program, "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200", "-c", "log_destination=stderr")
	if err := unprivileged(s.process, s.dir); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process.Stdout, s.process.Stderr = log, log
	if s.stdin, err = s.process.StdinPipe(); err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	return s.await(ctx)
}

// await waits until the server answers.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := s.ask(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return errors.Join(fmt.Errorf("the server does not answer: %w\n%s", err, log), s.Stop())
		}
	}
}

// ask has the server do something outside of all databases of tests.
func (s *Server) ask(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

func (s *Server) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {superuser}}.Encode()
}

// Database makes an empty database, and returns its URL.
func (s *Server) Database(ctx context.Context) (string, error) {
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	return s.url(name), s.ask(ctx, "CREATE DATABASE "+name)
}

// Restart ends the server as a crash of its machine does, without a word to its clients, and starts it again.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.end("crash\n"); err != nil {
		return err
	}
	return s.start(ctx)
}

// Stop ends the server.
func (s *Server) Stop() error { return s.end("stop\n") }

func (s *Server) end(how string) error {
	if _, err := io.Copy(s.stdin, strings.NewReader(how)); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	if err := s.process.Wait(); err != nil && !isExit(err) { // how it ended is in its log
		return fmt.Errorf("stop the server: %w", err)
	}
	return nil
}

func isExit(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit)
}
