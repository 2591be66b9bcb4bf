package main

import (
	"io"
	"log/slog"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
)

// newLog writes what a long-running command does, for people or for machines.
func newLog(w io.Writer, level settings.LogLevel, encoding settings.LogEncoding) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.Level(level)}
	if encoding == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
