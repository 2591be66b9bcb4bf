package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/runner/process"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/plain"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// settings are what the story's Assay is told, as `assay run` would be by its environment variables.
type settings struct {
	Data        string        `json:"data"`
	Cache       string        `json:"cache"`
	Environment string        `json:"environment"`
	Tests       string        `json:"tests"`
	Overlay     string        `json:"overlay"`
	Config      string        `json:"config"`
	Interval    time.Duration `json:"interval"` // between two looks at a repository
	Path        []string      `json:"path"`     // of the programs that Suites use
	Show        []string      `json:"show"`     // what of them Runs must see
}

func (s settings) process() process.Options {
	return process.Options{Cache: s.Cache, Path: s.Path, Show: s.Show}
}

func (s settings) wire(log *slog.Logger) wire.Settings {
	return wire.Settings{
		DataDir: s.Data,
		Environments: []wire.Environment{{
			Name:         s.Environment,
			Tests:        reconciler.TestRepository{URL: s.Tests, Branch: branch, Overlay: s.Overlay, Interval: s.Interval},
			Mode:         tests.Propose,
			Repositories: []wire.Repository{{URL: s.Config, Provider: plainProvider}},
		}},
		Process:     s.process(),
		MaxParallel: max(2, runtime.NumCPU()),
		Rollback:    reconciler.Rollback{Name: "Assay", Email: "assay@shop.example.com", Interval: s.Interval},
		Log:         log,
	}
}

func plainProvider(mirror *git.Mirror) (gitprovider.Provider, error) { return plain.New(mirror), nil }

func (s settings) write(file string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// Loop is the story's Assay: it runs the loop with the settings in a file until ctx ends, and logs to where it is told.
func Loop(ctx context.Context, file string, log io.Writer) (err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s settings
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	assay, err := wire.New(ctx, s.wire(slog.New(slog.NewTextHandler(log, nil))))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, assay.Close()) }()
	return assay.Loop.Run(ctx)
}

// runnerDir is where wire puts the runner.
func (s settings) runnerDir() string { return filepath.Join(s.Data, "runner") }

// historyDir is where wire puts the history.
func (s settings) historyDir() string { return filepath.Join(s.Data, "history") }
