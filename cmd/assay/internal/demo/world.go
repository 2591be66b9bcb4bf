package demo

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/testdata/samples"
)

// Options of a story.
type Options struct {
	// Environment is dev, staging or prod.
	Environment string
	// Overlay of the test repository. Default: overlays/ and the Environment.
	Overlay string
	// Tests are files laid over the sample test repository; nil for none.
	Tests fs.FS
	// Bin holds the programs shop and hey.
	Bin string
	// Loop is the command that runs Loop on the file that is added to it.
	Loop []string
	// Cache of the runs, which a later story finds warm. Default: in the story's folder.
	Cache string
	// Keep leaves the story's folder as it is.
	Keep bool
	// Interval between two looks at a repository. Default 500ms.
	Interval time.Duration
	// Patience is how long each step may take. Default 2m.
	Patience time.Duration

	Out io.Writer
	// Live says that Out is a terminal, Color that it may have colours, Width how many columns it has.
	Live, Color bool
	Width       int
}

// world is what the story plays in: repositories, servers, people's clones, and Assay.
type world struct {
	options  Options
	dir      string
	settings settings
	config   *clone
	tests    *clone
	services []interface {
		Wait() error
	}
	log     *os.File
	assay   *assay
	history *history.Store
}
