package history_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// Several Assays open an empty database at once, and the schema is made once.
func TestReplicasStartTogether(t *testing.T) {
	place := postgres(t)
	var wait sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wait.Go(func() {
			s, err := history.Open(t.Context(), place)
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	wait.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// raced has two Stores do the same at the same time, again and again, and returns how often each time one was the first.
func raced(t *testing.T, do func(ctx context.Context, s *history.Store, round int) (first bool, err error)) (winners []int) {
	place := postgres(t)
	stores := []*history.Store{open(t, place), open(t, place)}
	for round := range 30 {
		var wait sync.WaitGroup
		won, errs := make([]bool, len(stores)), make([]error, len(stores))
		for i, s := range stores {
			wait.Go(func() { won[i], errs[i] = do(t.Context(), s, round) })
		}
		wait.Wait()
		n := 0
		for i := range stores {
			require.NoError(t, errs[i])
			if won[i] {
				n++
			}
		}
		winners = append(winners, n)
	}
	return winners
}

func TestOfTwoThatRaceOneIsFirst(t *testing.T) {
	for name, do := range map[string]func(ctx context.Context, s *history.Store, round int) (bool, error){
		"Begin": func(ctx context.Context, s *history.Store, round int) (bool, error) {
			id := fmt.Sprint("v", round)
			return s.Begin(ctx, history.Verification{ID: id, Key: key, Targets: at("A", id), Phase: history.Running, Started: noon},
				[]history.Run{{ID: id + "-1", Verification: id, Suite: "smoke"}})
		},
		"OpenIncident": func(ctx context.Context, s *history.Store, round int) (bool, error) {
			return s.OpenIncident(ctx, history.Incident{ID: fmt.Sprint("i", round), Key: key, State: history.Ongoing, Opened: noon})
		},
		"Decide": func(ctx context.Context, s *history.Store, round int) (bool, error) {
			repeated, err := s.Decide(ctx, history.Decision{Key: key, Action: "Wait", Reason: fmt.Sprint("for ", round), At: noon})
			return !repeated, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, winners := range raced(t, do) {
				require.Equal(t, 1, winners)
			}
		})
	}
}

// One closes a Proposal that the other still takes for open: whoever is first, it ends closed.
func TestAProposalThatIsClosedMeanwhileStaysClosed(t *testing.T) {
	place := postgres(t)
	stores, ctx := []*history.Store{open(t, place), open(t, place)}, t.Context()
	for round := range 30 {
		p := history.Proposal{ID: fmt.Sprint("p", round), Key: key, Incident: "i", State: history.ProposalOpen}
		require.NoError(t, stores[0].SaveProposal(ctx, p))
		var wait sync.WaitGroup
		errs := make([]error, len(stores))
		for i, state := range []history.ProposalState{history.ProposalClosed, history.ProposalOpen} {
			changed := p
			changed.State = state
			wait.Go(func() { errs[i] = stores[i].SaveProposal(ctx, changed) })
		}
		wait.Wait()
		require.NoError(t, errs[0])
		if errs[1] != nil {
			require.ErrorContains(t, errs[1], "Closed already")
		}
	}
	all, err := stores[0].ProposalsOf(ctx, "i")
	require.NoError(t, err)
	require.Len(t, all, 30)
	for _, p := range all {
		require.Equal(t, history.ProposalClosed, p.State)
	}
}

// Everything that several write at once, and what tells of it and what forgets it meanwhile: nothing fails, and nothing is lost.
func TestManyWriteAtOnce(t *testing.T) {
	place := postgres(t)
	stores, ctx := []*history.Store{open(t, place), open(t, place)}, t.Context()
	const gates, times = 4, 6
	var wait sync.WaitGroup
	failed := make(chan error, 1000)
	for g := range gates {
		of := history.Key{Environment: "staging", Gate: fmt.Sprint("gate", g)}
		s := stores[g%len(stores)]
		wait.Go(func() {
			for n := range times {
				v := history.Verification{ID: fmt.Sprint(of.Gate, "-", n), Key: of, Targets: at("A", "c"), Phase: history.Running, Started: noon}
				_, err := s.Begin(ctx, v, nil)
				failed <- err
				v.Phase, v.Finished, v.Verdict = history.Done, noon, &gate.Verdict{Outcome: gate.Passed}
				failed <- s.Advance(ctx, v)
			}
		})
	}
	for _, s := range stores {
		wait.Go(func() {
			for range times {
				due, err := s.Publications(ctx, history.StatusPublication, "staging", config, 100)
				failed <- err
				failed <- s.Published(ctx, due)
				_, err = s.Prune(ctx, history.Retention{MaxVerifications: 2}, noon)
				failed <- err
			}
		})
	}
	wait.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	_, err := stores[0].Prune(ctx, history.Retention{MaxVerifications: 2}, noon)
	require.NoError(t, err)
	left, err := stores[0].Verifications(ctx, history.Filter{})
	require.NoError(t, err)
	require.Len(t, left, 2*gates)
}

func TestWhoLeadsNoMoreRecordsNothing(t *testing.T) {
	place, ctx := postgres(t), t.Context()
	first, second, other, people := open(t, place), open(t, place), open(t, place), open(t, place)
	require.NoError(t, first.Lead(ctx, "assay", "pod-1"))
	require.NoError(t, other.Lead(ctx, "assay-of-others", "pod-3"))
	verified(t, first, "v1", gate.Passed, nil)
	log, err := first.WriteLog(ctx, "v1-1")
	require.NoError(t, err)
	_, err = log.Write([]byte("begun"))
	require.NoError(t, err)

	require.NoError(t, second.Lead(ctx, "assay", "pod-2"))
	_, err = first.OpenIncident(ctx, history.Incident{ID: "i1", Key: key, State: history.Ongoing})
	require.ErrorIs(t, err, history.ErrDeposed)
	require.ErrorIs(t, log.Close(), history.ErrDeposed)
	<-first.Deposed()
	require.ErrorIs(t, first.Confirm(ctx), history.ErrDeposed)
	require.NoError(t, second.Confirm(ctx))
	require.ErrorIs(t, first.Lead(ctx, "assay", "pod-1"), history.ErrDeposed)
	seen, err := first.Verifications(ctx, history.Filter{})
	require.NoError(t, err)
	require.Len(t, seen, 1, "it may still look")

	for i, s := range []*history.Store{second, other, people} {
		created, err := s.OpenIncident(ctx, history.Incident{ID: fmt.Sprint("i", i+1), Key: key, State: history.Ongoing})
		require.NoError(t, err)
		require.True(t, created)
	}
}

// An Assay that is stopped in the middle of a transaction holds the next one up until the server ends that transaction, and no longer; what
// it had written there is gone.
func TestWhoIsStoppedWhileItWritesHoldsNobodyUp(t *testing.T) {
	place, ctx := postgres(t), t.Context()
	next := open(t, place)
	db, err := sql.Open("pgx", place+"&idle_in_transaction_session_timeout=200")
	require.NoError(t, err)
	defer db.Close()
	stopped, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	_, err = stopped.ExecContext(ctx, `SELECT assay_await('gate staging/shop', '', 0)`)
	require.NoError(t, err)
	_, err = stopped.ExecContext(ctx, `INSERT INTO incidents (id, environment, gate, state, opened, document) VALUES ('i', 'staging', 'shop', 'Open', 0, '{}')`)
	require.NoError(t, err)

	require.NoError(t, next.Lead(ctx, "assay", "pod-2"))
	require.Error(t, stopped.Commit())
	incidents, err := next.Incidents(ctx, history.Filter{})
	require.NoError(t, err)
	require.Empty(t, incidents)
}

func TestAServerThatComesBackIsFoundAgain(t *testing.T) {
	place, ctx := postgres(t), t.Context()
	s := open(t, place)
	verified(t, s, "v1", gate.Passed, nil)
	log, err := s.WriteLog(ctx, "v1-1")
	require.NoError(t, err)
	_, err = log.Write([]byte("kept over it"))
	require.NoError(t, err)

	server.Lock()
	err = server.Restart(ctx)
	server.Unlock()
	require.NoError(t, err)
	require.Eventually(t, func() bool { // what was open fails once for each connection, and the loop tries again
		_, err := s.Decide(ctx, history.Decision{Key: key, Action: "Wait", At: noon})
		return err == nil
	}, 30*time.Second, 10*time.Millisecond)
	state, err := s.Gate(ctx, key)
	require.NoError(t, err)
	require.Equal(t, "v1", state.Passed.Verification)
	require.NoError(t, log.Close())
	r, err := s.ReadLog(ctx, "v1-1")
	require.NoError(t, err)
	text := make([]byte, 20)
	n, err := r.Read(text)
	require.NoError(t, err)
	require.Equal(t, "kept over it", string(text[:n]))
}

func TestNoErrorHoldsThePassword(t *testing.T) {
	const password = "hush-4711"
	for _, place := range []string{
		"postgres://assay:" + password + "@127.0.0.1:1/assay?connect_timeout=2",
		"postgres://assay:" + password + "@nowhere.invalid/assay?connect_timeout=2",
		"postgres://assay:" + password + "@host:port/assay",
		"postgres://assay:" + password + "%zz@host/assay",
		"postgres://assay:x/" + password + "@host/assay",
		"postgres://assay:" + password + "@host/assay?sslmode=wrong",
		"postgres://assay:" + password + "@host/assay?sslmode=verify-full&sslrootcert=/nowhere/ca.crt",
		"postgres://host/assay?sslmode=wrong&password=" + password,
		"postgres://",
	} {
		for _, open := range []func(context.Context, string) (*history.Store, error){history.Open, history.OpenReadOnly, history.OpenBeside} {
			_, err := open(t.Context(), place)
			require.Error(t, err)
			require.NotContains(t, err.Error(), password)
			require.NotContains(t, fmt.Sprintf("%+v %#v", err, err), password)
		}
	}
	u, err := url.Parse(postgres(t))
	require.NoError(t, err)
	u.User = url.UserPassword("assay", password)
	u.Path = "/absent"
	_, err = history.Open(t.Context(), u.String())
	require.ErrorContains(t, err, `database "absent" does not exist`)
	require.NotContains(t, err.Error(), password)
}
