package rollback_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
)

// TestBodyShowsNoSecrets has tests say what they should not.
func TestBodyShowsNoSecrets(t *testing.T) {
	for said, shown := range map[string]string{
		"expected 200, got 503":                                             "expected 200, got 503",
		"GET /login: Authorization: Bearer abcdefgh12345678":                "GET /login: Authorization: Bearer ***",
		"token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl refused":   "token *** refused",
		"fatal: https://ana:hunter22@git.example.com/shop not found":        "fatal: https://ana:***@git.example.com/shop not found",
		"git push with ghp_0123456789abcdefghij0123456789abcdef failed":     "git push with *** failed",
		"AKIAIOSFODNN7EXAMPLE is not allowed":                               "*** is not allowed",
		`{"user": "ana", "password": "hunter22"}`:                           `{"user": "ana", "password": "***"}`,
		"DB_PASSWORD=hunter22 DB_HOST=db":                                   "DB_PASSWORD=*** DB_HOST=db",
		"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nend": "***\n  end",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE":                             "***",
		"the token must not be empty":                                       "the token must not be empty",
	} {
		e := evidence()
		e.Failing = []rollback.FailingCase{{Suite: "smoke", Name: "says", Lines: said}, {Suite: "smoke", Name: said}}
		body := rollback.Body(e, &rollback.Plan{})
		require.Contains(t, body, "  ```\n  "+shown+"\n  ```")
		if said != shown {
			require.NotContains(t, body, "hunter22")
			require.NotContains(t, body, "MIIE")
		}
	}
}
