package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/assay-dev/assay/sources/tests"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func suite(name string) *tests.Suite {
	s := &tests.Suite{}
	s.Metadata.Name = name
	return s
}

func TestPlan(t *testing.T) {
	s := suite("smoke")
	s.Spec.Shards = 2
	s.Spec.Matrix = map[string][]string{"os": {"linux", "mac"}, "browser": {"firefox", "chrome"}}
	jobs, err := Plan(Job{ID: "v1", Suite: s})
	require.NoError(t, err)
	var got []string
	for _, job := range jobs {
		got = append(got, job.ID+": "+job.Variant())
	}
	require.Equal(t, []string{
		"v1-0: browser=firefox, os=linux, shard 1 of 2",
		"v1-1: browser=firefox, os=linux, shard 2 of 2",
		"v1-2: browser=firefox, os=mac, shard 1 of 2",
		"v1-3: browser=firefox, os=mac, shard 2 of 2",
		"v1-4: browser=chrome, os=linux, shard 1 of 2",
		"v1-5: browser=chrome, os=linux, shard 2 of 2",
		"v1-6: browser=chrome, os=mac, shard 1 of 2",
		"v1-7: browser=chrome, os=mac, shard 2 of 2",
	}, got)

	jobs, err = Plan(Job{ID: "v1", Suite: suite("plain")})
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	require.Equal(t, "v1", jobs[0].ID)
	require.Empty(t, jobs[0].Variant())
	require.Equal(t, 1, jobs[0].Shards)
}

func TestPlanRefuses(t *testing.T) {
	many := suite("many")
	many.Spec.Shards = MaxJobs + 1
	_, err := Plan(Job{Suite: many})
	require.ErrorContains(t, err, "more than 256 runs")

	empty := suite("empty")
	empty.Spec.Matrix = map[string][]string{"browser": {}}
	_, err = Plan(Job{Suite: empty})
	require.ErrorContains(t, err, "browser")
}

// held runs each Job until it is told to go on.
type held struct {
	Runner
	started chan string
	goOn    chan struct{}
}

func (h held) Run(_ context.Context, job Job) (Result, error) {
	h.started <- job.ID
	<-h.goOn
	return Result{End: Exited}, nil
}

func TestLimitTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := held{started: make(chan string, 10), goOn: make(chan struct{})}
		limited := Limit(h, 1)
		ask := func(ctx context.Context, suiteName, id string) <-chan Result {
			results := make(chan Result, 1)
			go func() {
				result, err := limited.Run(ctx, Job{ID: id, Environment: "staging", Suite: suite(suiteName)})
				if err == nil {
					results <- result
				}
			}()
			synctest.Wait()
			return results
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all []<-chan Result
		for _, job := range []string{"large-1", "large-2", "large-3", "small-1", "large-4"} {
			name, _, _ := strings.Cut(job, "-")
			all = append(all, ask(t.Context(), name, job))
		}
		gone := ask(ctx, "small", "small-gone")
		cancel()
		require.Equal(t, Cancelled, (<-gone).End)

		var order []string
		for range all {
			order = append(order, <-h.started)
			synctest.Wait()
			require.Empty(t, h.started, "only one at a time")
			h.goOn <- struct{}{}
		}
		require.Equal(t, []string{"large-1", "large-2", "small-1", "large-3", "large-4"}, order)
		for _, results := range all {
			require.Equal(t, Exited, (<-results).End)
		}
	})
}

// A Gate with a hundred Runs, of which the first have all slots, makes another's only Run wait for one of them and no more.
func TestLimitIsFairToGates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := held{started: make(chan string, 200), goOn: make(chan struct{})}
		limited := Limit(h, 2)
		var ran sync.WaitGroup
		ask := func(gate, suiteName, id string) {
			ran.Go(func() {
				result, err := limited.Run(t.Context(), Job{ID: id, Environment: "staging", Gate: gate, Suite: suite(suiteName)})
				require.NoError(t, err)
				require.Equal(t, Exited, result.End)
			})
			synctest.Wait()
		}
		for n := range 100 {
			ask("busy", "load", fmt.Sprint("busy-", n))
		}
		ask("quiet", "smoke", "quiet-0")
		ask("calm", "smoke", "calm-0")
		ask("calm", "smoke", "calm-1")

		var order []string
		for range 103 {
			order = append(order, <-h.started)
			h.goOn <- struct{}{}
			synctest.Wait()
		}
		ran.Wait()
		require.Equal(t, []string{"busy-0", "busy-1", "busy-2", "quiet-0", "calm-0", "busy-3", "calm-1", "busy-4"}, order[:8])
		require.Equal(t, "busy-99", order[102], "none is lost")
	})
}

func TestRedactor(t *testing.T) {
	cases := map[string]struct {
		secrets []string
		in, out string
	}{
		"none":           {in: "text", out: "text"},
		"plain":          {secrets: []string{"hunter2"}, in: "a hunter2 b", out: "a *** b"},
		"twice":          {secrets: []string{"hunter2"}, in: "hunter2hunter2", out: "******"},
		"overlapping":    {secrets: []string{"abcdef", "defghi"}, in: "-abcdefghi-", out: "-***-"},
		"longest":        {secrets: []string{"hunter", "hunter2"}, in: "hunter2!", out: "***!"},
		"almost":         {secrets: []string{"hunter2"}, in: "hunter", out: "hunter"},
		"too short":      {secrets: []string{"yes"}, in: "yes", out: "yes"},
		"trailing space": {secrets: []string{"hunter2\n"}, in: "[hunter2]", out: "[***]"},
		"lines":          {secrets: []string{"first line\nsecond line\n"}, in: "second line", out: "***"},
		"base64":         {secrets: []string{"hunter2"}, in: "aHVudGVyMg==", out: "***"},
		"in a URL":       {secrets: []string{"p@ss word"}, in: "u:p%40ss+word@", out: "u:***@"},
		"in JSON":        {secrets: []string{`pass"word`}, in: `"pass\"word"`, out: `"***"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var values [][]byte
			for _, s := range c.secrets {
				values = append(values, []byte(s))
			}
			require.Equal(t, c.out, NewRedactor(values...).String(c.in))
		})
	}
}

// However a text is cut into writes, the result is the same, and holds no secret.
func FuzzRedactor(f *testing.F) {
	f.Add("hunter2", "say hunter2 now", uint8(3))
	f.Add("aaaa", "aaaaaaaaa", uint8(1))
	f.Fuzz(func(t *testing.T, secret, text string, size uint8) {
		if len(secret) < minSecret || strings.Contains(secret, "*") {
			return
		}
		redactor := NewRedactor([]byte(secret))
		want := redactor.String(text)
		require.NotContains(t, want, secret)
		var got bytes.Buffer
		w := redactor.Writer(&got)
		for rest := []byte(text); len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			_, err := w.Write(rest[:n])
			require.NoError(t, err)
			rest = rest[n:]
		}
		require.NoError(t, w.Close())
		require.Equal(t, want, got.String())
	})
}

func TestOutputKeepsBothEnds(t *testing.T) {
	var live bytes.Buffer
	o := NewOutput(20, NewRedactor(), &live)
	stream := o.Stream()
	for i := range 10 {
		_, err := fmt.Fprintf(stream, "line%d\n", i)
		require.NoError(t, err)
	}
	require.NoError(t, stream.Close())
	require.Zero(t, o.Close())
	require.Equal(t, "line0\nline\n[... 40 bytes left out ...]\nne8\nline9\n", string(o.Bytes()))
	require.EqualValues(t, 60, o.Total())
	require.Len(t, live.String(), 60)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestOutputOutlivesItsReader(t *testing.T) {
	o := NewOutput(100, NewRedactor(), broken{})
	_, err := io.WriteString(o.Stream(), "text")
	require.NoError(t, err)
	o.Close()
	require.Equal(t, "text", string(o.Bytes()))
}

func BenchmarkOutput(b *testing.B) {
	line := []byte(strings.Repeat("a line of output ", 8) + "\n")
	for name, redactor := range map[string]*Redactor{"plain": NewRedactor(), "secret": NewRedactor([]byte("correct-horse-battery"))} {
		b.Run(name, func(b *testing.B) {
			stream := NewOutput(1<<20, redactor, nil).Stream()
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := stream.Write(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
