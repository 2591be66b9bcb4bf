package courier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/assay-dev/assay/reconciler/runner"
)

// Server is Assay's end. It serves the pods of the Runs that it was told to expect, and answers every other one that it is not here.
type Server struct {
	key []byte
	dir string // one directory for each Run
	now func() time.Time
	mux *http.ServeMux

	mu   sync.Mutex
	open map[string]*Delivery
}

// NewServer keeps what it receives in dir, which it creates. Tokens are made with key, of at least 32 bytes.
func NewServer(key []byte, dir string, now func() time.Time) (*Server, error) {
	if len(key) < sha256.Size {
		return nil, fmt.Errorf("the key of run tokens has %d bytes: at least %d are needed", len(key), sha256.Size)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of what pods deliver: %w", err)
	}
	s := &Server{key: key, dir: dir, now: now, mux: http.NewServeMux(), open: map[string]*Delivery{}}
	s.mux.HandleFunc("GET /runs/{run}/files", s.with((*Delivery).serveFiles))
	s.mux.HandleFunc("PATCH /runs/{run}/parts/{part}", s.with((*Delivery).servePart))
	s.mux.HandleFunc("POST /runs/{run}/complete", s.with((*Delivery).serveComplete))
	return s, nil
}

// ServeHTTP serves the paths below /runs/.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Token lets the pod act that is this incarnation of the Run.
func (s *Server) Token(run, incarnation string, expires time.Time) string {
	return Token(s.key, run, incarnation, expires)
}

func (s *Server) archive(run string) string { return filepath.Join(s.dir, run, "archive.tar") }

// Prepare packs what a Run's pods fetch, and returns its digest. What is wrong with the files is a *runner.Refusal.
func (s *Server) Prepare(ctx context.Context, order Order, files fs.FS) (digest string, err error) {
	name := s.archive(order.ID)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", err
	}
	file, err := os.Create(name + ".new")
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	err = Pack(ctx, io.MultiWriter(file, hash), order, files)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), os.Rename(file.Name(), name)
}

// Expect serves the pod that is this incarnation of a prepared Run, until the Delivery is closed. What that pod delivered earlier is still
// there; what an earlier incarnation delivered is removed. log gets all that the Run prints.
func (s *Server) Expect(run, incarnation string, limits Limits, log io.Writer) (*Delivery, error) {
	d := &Delivery{server: s, run: run, incarnation: incarnation, limits: limits, dir: filepath.Join(s.dir, run, incarnation)}
	if err := d.begin(log); err != nil {
		return nil, fmt.Errorf("receive what run %s delivers: %w", run, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[run] = d
	return d, nil
}

// Has says whether this incarnation of a Run has delivered all of its result here.
func (s *Server) Has(run, incarnation string) bool {
	_, err := os.Stat(filepath.Join(s.dir, run, incarnation, completionName))
	return err == nil
}

// Forget removes what a Run delivered.
func (s *Server) Forget(run string) error { return os.RemoveAll(filepath.Join(s.dir, run)) }

// with finds the Run that a request is about, and checks its token.
func (s *Server) with(serve func(*Delivery, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		run := r.PathValue("run")
		s.mu.Lock()
		d := s.open[run]
		s.mu.Unlock()
		if d == nil {
			w.Header().Set("Connection", "close") // another try may reach another replica
			http.Error(w, "this Assay is not at the run: ask again", http.StatusServiceUnavailable)
			return
		}
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if err := check(s.key, token, run, d.incarnation, s.now()); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		select {
		case <-d.complete:
			http.Error(w, "the run is complete", http.StatusGone)
			return
		default:
		}
		if d.dismissed.Load() {
			http.Error(w, "the run is no longer wanted", http.StatusGone)
			return
		}
		serve(d, w, r)
	}
}

// close ends the service for a Delivery, unless a later one has taken its place.
func (s *Server) close(d *Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[d.run] == d {
		delete(s.open, d.run)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever asked is gone, and asks again
}

// File is what a Part holds, as Runners return it.
func (d *Delivery) File(part Part) runner.File {
	name := d.part(part.Name)
	return runner.File{Path: part.Path, Format: part.Format, Size: part.Size, Open: func() (io.ReadCloser, error) { return os.Open(name) }}
}
