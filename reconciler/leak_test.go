package reconciler_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain has every test end whatever it began: an Assay that is stopped leaves nothing running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
