package simulate

import (
	"errors"
	"fmt"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

var errNetwork = errors.New("connection reset by peer")

// gitFault fails some of what Assay asks of Git: before anything happened, or after all of it did.
func (w *world) gitFault(op string) error {
	if !w.dead && (w.over || !w.faults.happens(w.spec.Faults.Git)) {
		return nil
	}
	return fmt.Errorf("%s: %w", op, errNetwork)
}

// providerFault fails some of what Assay asks of a server, likewise.
func (w *world) providerFault(request string) error {
	if !w.dead && (w.over || !w.faults.happens(w.spec.Faults.Provider)) {
		return nil
	}
	return fmt.Errorf("%s: %w", request, gitprovider.ErrUnavailable)
}
