package courier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	key    = []byte("a key of thirty-two bytes, for tests")
	limits = Limits{Log: 1 << 20, Report: 8 << 20, Artifact: 8 << 20, Files: 3, Disk: 20 << 20, MaxOutput: 1 << 10}
	noon   = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

// post is a server, its deliveries, and the network between it and pods.
type post struct {
	*Server
	http *httptest.Server
	// hinder, where it is set, sees each request first, and answers it where it returns true.
	hinder atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
}

func newPost(t testing.TB, dir string) *post {
	server, err := NewServer(key, dir, func() time.Time { return noon })
	require.NoError(t, err)
	p := &post{Server: server}
	p.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hinder := p.hinder.Load(); hinder == nil || !(*hinder)(w, r) {
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(p.http.Close)
	return p
}

func (p *post) hinderBy(hinder func(http.ResponseWriter, *http.Request) bool) {
	p.hinder.Store(&hinder)
}

func (p *post) client(t testing.TB, run, incarnation string) *Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &Client{
		URL: p.http.URL + "/runs/" + run, Token: p.Token(run, incarnation, noon.Add(time.Hour)),
		HTTP: &http.Client{Transport: transport}, Away: 10 * time.Second,
	}
}

func orderOf(run string) Order {
	suite := &tests.Suite{Origin: tests.Origin{File: "smoke/suite.yaml", Name: "smoke"}}
	suite.Metadata.Name = "smoke"
	suite.Spec.Command = []string{"true"}
	suite.Default()
	return NewOrder(runner.Job{ID: run, Environment: "staging", Suite: suite, Shards: 1}, limits)
}

// expect prepares a Run and expects its pod.
func (p *post) expect(t testing.TB, run, incarnation string, log io.Writer) *Delivery {
	_, err := p.Prepare(t.Context(), orderOf(run), fstest.MapFS{})
	require.NoError(t, err)
	d, err := p.Expect(run, incarnation, limits, log)
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func partOf(name string, kind Kind, content []byte) Part {
	sum := sha256.Sum256(content)
	return Part{Name: name, Kind: kind, Path: "report.xml", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}

// deliver sends a report and says the last word.
func deliver(t testing.TB, c *Client, report []byte) ([]string, error) {
	if err := c.Send(t.Context(), "0", bytes.NewReader(report), int64(len(report))); err != nil {
		return nil, err
	}
	return c.Complete(t.Context(), Completion{End: runner.Exited, Parts: []Part{partOf("0", Report, report)}})
}

func content(t testing.TB, d *Delivery) string {
	file, err := d.File(d.Completion().Parts[0]).Open()
	require.NoError(t, err)
	defer file.Close()
	text, err := io.ReadAll(file)
	require.NoError(t, err)
	return string(text)
}

func TestArchiveBringsOrderAndFiles(t *testing.T) {
	p := newPost(t, t.TempDir())
	files := fstest.MapFS{
		"smoke/suite.yaml": {Data: []byte("kind: Suite"), Mode: 0o644},
		"smoke/run.sh":     {Data: []byte("#!/bin/sh"), Mode: 0o755},
		"smoke/lib":        {Data: []byte("../lib"), Mode: os.ModeSymlink | 0o777},
		"lib/common.sh":    {Data: []byte("common"), Mode: 0o644},
	}
	digest, err := p.Prepare(t.Context(), orderOf("run"), files)
	require.NoError(t, err)
	again, err := p.Prepare(t.Context(), orderOf("run"), files)
	require.NoError(t, err)
	require.Equal(t, digest, again, "the same is asked for")
	d, err := p.Expect("run", "a", limits, nil)
	require.NoError(t, err)
	defer d.Close()

	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	for range 2 { // also over what a broken-off attempt left
		require.NoError(t, p.client(t, "run", "a").Fetch(t.Context(), func(r io.Reader) error { return Unpack(r, root) }))
	}
	text, err := os.ReadFile(filepath.Join(dir, FilesDir, "smoke/lib/common.sh"))
	require.NoError(t, err)
	require.Equal(t, "common", string(text))
	info, err := os.Stat(filepath.Join(dir, FilesDir, "smoke/run.sh"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode())
	require.FileExists(t, filepath.Join(dir, OrderFile))
}

func TestDelivery(t *testing.T) {
	p := newPost(t, t.TempDir())
	var log bytes.Buffer
	d := p.expect(t, "run", "a", &log)
	c := p.client(t, "run", "a")
	output, err := OpenSpool(filepath.Join(t.TempDir(), "output"), 1<<20)
	require.NoError(t, err)
	defer output.Close()
	_, err = io.WriteString(output, "printed")
	require.NoError(t, err)
	output.End()
	require.NoError(t, c.SendLive(t.Context(), OutputPart, output))
	report := bytes.Repeat([]byte("x"), 3*maxChunk+1)
	lacking, err := deliver(t, c, report)
	require.NoError(t, err)
	require.Empty(t, lacking)
	<-d.Complete()
	missed, err := d.Close()
	require.NoError(t, err)
	require.Zero(t, missed)
	require.Equal(t, "printed", log.String())
	require.Equal(t, string(report), content(t, d))
}

// Requests fail before they arrive, or arrive and their answers are lost: what is delivered is the same.
func TestConnectionIsLost(t *testing.T) {
	for _, arrives := range []bool{false, true} {
		t.Run(fmt.Sprintf("arrives %t", arrives), func(t *testing.T) {
			p := newPost(t, t.TempDir())
			d := p.expect(t, "run", "a", nil)
			var requests atomic.Int32
			p.hinderBy(func(_ http.ResponseWriter, r *http.Request) bool {
				if requests.Add(1)%2 == 0 {
					return false
				}
				if arrives {
					p.ServeHTTP(httptest.NewRecorder(), r)
				}
				panic(http.ErrAbortHandler)
			})
			report := bytes.Repeat([]byte("0123456789abcdef"), 2*maxChunk/16+1)
			lacking, err := deliver(t, p.client(t, "run", "a"), report)
			require.NoError(t, err)
			require.Empty(t, lacking)
			<-d.Complete()
			require.Equal(t, string(report), content(t, d))
		})
	}
}

// A pod that dies in the middle of an upload leaves no result, whatever it has sent.
func TestUploadBreaksOff(t *testing.T) {
	p := newPost(t, t.TempDir())
	d := p.expect(t, "run", "a", nil)
	c := p.client(t, "run", "a")
	report := bytes.Repeat([]byte("x"), 2*maxChunk)
	require.NoError(t, c.Send(t.Context(), "0", bytes.NewReader(report), maxChunk))
	lacking, err := c.Complete(t.Context(), Completion{End: runner.Exited, Parts: []Part{partOf("0", Report, report)}})
	require.NoError(t, err)
	require.Equal(t, []string{"0"}, lacking)
	select {
	case <-d.Complete():
		t.Fatal("half a report is no result")
	default:
	}
	lacking, err = deliver(t, c, report)
	require.NoError(t, err)
	require.Empty(t, lacking, "it goes on from where it was")
}

// Another Assay takes over, with nothing on its disk: the pod sends all again.
func TestAnotherAssayTakesOver(t *testing.T) {
	first, second := newPost(t, t.TempDir()), newPost(t, t.TempDir())
	first.expect(t, "run", "a", nil)
	c := first.client(t, "run", "a")
	report := bytes.Repeat([]byte("x"), maxChunk+1)
	require.NoError(t, c.Send(t.Context(), "0", bytes.NewReader(report), int64(len(report))))

	d := second.expect(t, "run", "a", nil)
	c.URL = second.http.URL + "/runs/run"
	lacking, err := c.Complete(t.Context(), Completion{End: runner.Exited, Parts: []Part{partOf("0", Report, report)}})
	require.NoError(t, err)
	require.Equal(t, []string{"0"}, lacking)
	lacking, err = deliver(t, c, report)
	require.NoError(t, err)
	require.Empty(t, lacking)
	<-d.Complete()
}

// The same Assay starts again, on the same disk: it knows what it has, and trusts none of it unseen.
func TestAssayStartsAgain(t *testing.T) {
	dir := t.TempDir()
	first := newPost(t, dir)
	d := first.expect(t, "run", "a", nil)
	lacking, err := deliver(t, first.client(t, "run", "a"), []byte("report"))
	require.NoError(t, err)
	require.Empty(t, lacking)
	_, err = d.Close()
	require.NoError(t, err)

	again := newPost(t, dir)
	require.True(t, again.Has("run", "a"))
	d = again.expect(t, "run", "a", nil)
	<-d.Complete()
	require.Equal(t, "report", content(t, d))

	_, err = d.Close()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "run", "a", "0"), []byte("rep"), 0o600))
	d = newPost(t, dir).expect(t, "run", "a", nil)
	select {
	case <-d.Complete():
		t.Fatal("what is not there any more is no result")
	default:
	}
}

func TestRefusals(t *testing.T) {
	p := newPost(t, t.TempDir())
	p.expect(t, "run", "a", nil)
	p.expect(t, "other", "a", nil)
	large := bytes.Repeat([]byte("x"), 9<<20)
	send := func(c *Client, part string, bytes []byte) error {
		return c.Send(t.Context(), part, strings.NewReader(string(bytes)), int64(len(bytes)))
	}
	with := func(token string) *Client {
		c := p.client(t, "run", "a")
		c.Token = token
		return c
	}
	cases := map[string]struct {
		err    error
		status int
	}{
		"no token":            {send(with(""), "0", nil), http.StatusForbidden},
		"another run's":       {send(with(p.Token("other", "a", noon.Add(time.Hour))), "0", nil), http.StatusForbidden},
		"an earlier pod's":    {send(with(p.Token("run", "b", noon.Add(time.Hour))), "0", nil), http.StatusForbidden},
		"another key's":       {send(with(Token([]byte("x"), "run", "a", noon.Add(time.Hour))), "0", nil), http.StatusForbidden},
		"expired":             {send(with(p.Token("run", "a", noon)), "0", nil), http.StatusForbidden},
		"forged expiry":       {send(with("9"+p.Token("run", "a", noon)), "0", nil), http.StatusForbidden},
		"no such part":        {send(p.client(t, "run", "a"), "..%2fcompletion.json", nil), http.StatusBadRequest},
		"one part too many":   {send(p.client(t, "run", "a"), "7", nil), http.StatusBadRequest},
		"report too large":    {send(p.client(t, "run", "a"), "0", large), http.StatusRequestEntityTooLarge},
		"output too large":    {send(p.client(t, "run", "a"), OutputPart, large), http.StatusRequestEntityTooLarge},
		"more than its share": {errors.Join(send(p.client(t, "other", "a"), "0", large[:8<<20]), send(p.client(t, "other", "a"), "1", large[:8<<20]), send(p.client(t, "other", "a"), "2", large[:8<<20])), http.StatusRequestEntityTooLarge},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			refused := (*Refused)(nil)
			require.ErrorAs(t, test.err, &refused)
			require.Equal(t, test.status, refused.Status)
		})
	}
}

func TestNothingAfterTheLastWord(t *testing.T) {
	p := newPost(t, t.TempDir())
	d := p.expect(t, "run", "a", nil)
	c := p.client(t, "run", "a")
	_, err := deliver(t, c, []byte("report"))
	require.NoError(t, err)
	refused := (*Refused)(nil)
	require.ErrorAs(t, c.Send(t.Context(), "0", strings.NewReader("forged"), 6), &refused)
	require.Equal(t, http.StatusGone, refused.Status)
	require.ErrorAs(t, c.Fetch(t.Context(), func(io.Reader) error { return nil }), &refused)
	_, err = c.Complete(t.Context(), Completion{End: runner.Killed})
	require.NoError(t, err, "it was heard")
	require.Equal(t, runner.Exited, d.Completion().End, "and is not heard twice")
}

func TestAssayIsAway(t *testing.T) {
	p := newPost(t, t.TempDir())
	c := p.client(t, "run", "a")
	c.Away = 10 * time.Millisecond
	err := c.Send(t.Context(), "0", strings.NewReader("x"), 1)
	require.ErrorContains(t, err, "no Assay answered")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.Send(ctx, "0", strings.NewReader("x"), 1), context.Canceled)
}

func TestDismissed(t *testing.T) {
	p := newPost(t, t.TempDir())
	p.expect(t, "run", "a", nil).Dismiss()
	refused := (*Refused)(nil)
	require.ErrorAs(t, p.client(t, "run", "a").Send(t.Context(), "0", strings.NewReader("x"), 1), &refused)
	require.Contains(t, refused.Text, "no longer wanted")
}

func TestKeyIsTooShort(t *testing.T) {
	_, err := NewServer([]byte("short"), t.TempDir(), time.Now)
	require.ErrorContains(t, err, "at least 32")
}

// Whatever bytes come as an archive, nothing is written outside of the directory.
func FuzzUnpack(f *testing.F) {
	var archive bytes.Buffer
	require.NoError(f, Pack(f.Context(), &archive, orderOf("run"), fstest.MapFS{"smoke/a": {Data: []byte("a"), Mode: 0o644}}))
	f.Add(archive.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		parent := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(parent, "dir"), 0o700))
		root, err := os.OpenRoot(filepath.Join(parent, "dir"))
		require.NoError(t, err)
		defer root.Close()
		_ = Unpack(bytes.NewReader(text), root)
		entries, err := os.ReadDir(parent)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	})
}

// A report of 20 MB, from the pod to the disk of Assay.
func BenchmarkDelivery(b *testing.B) {
	p := newPost(b, b.TempDir())
	report := bytes.Repeat([]byte("0123456789abcdef"), 20<<20/16)
	p.hinderBy(func(http.ResponseWriter, *http.Request) bool { return false })
	wide := limits
	wide.Report, wide.Disk = 64<<20, 1<<30
	_, err := p.Prepare(b.Context(), orderOf("run"), fstest.MapFS{})
	require.NoError(b, err)
	b.SetBytes(int64(len(report)))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		incarnation := fmt.Sprint(n)
		d, err := p.Expect("run", incarnation, wide, nil)
		require.NoError(b, err)
		_, err = deliver(b, p.client(b, "run", incarnation), report)
		require.NoError(b, err)
		<-d.Complete()
		_, err = d.Close()
		require.NoError(b, err)
	}
}
