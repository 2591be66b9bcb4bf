package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// Permission is what the weak token lacks.
const Permission = "pull_requests=write"

// App is a GitHub App.
type App struct {
	ID           string
	Installation int64
	key          *rsa.PrivateKey
}

// NewApp makes an App that is installed for the repository, with a key of its own.
func NewApp(t testing.TB) App {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return App{ID: "4711", Installation: 77, key: key}
}

// PrivateKey is its key as GitHub lets it be downloaded.
func (a App) PrivateKey() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(a.key)})
}

// Revoke ends all tokens of the App.
func (s *Server) Revoke() {
	s.turn.Lock()
	defer s.turn.Unlock()
	clear(s.tokens)
}

// authorized says whether a request may be answered, and answers where it may not.
func (s *Server) authorized(w http.ResponseWriter, r *http.Request, path string) bool {
	token := forge.Token(r)
	if strings.HasPrefix(path, "/app/") || strings.HasSuffix(path, "/installation") {
		if reason := s.refusesApp(token); reason != "" {
			Say(w, http.StatusUnauthorized, reason)
			return false
		}
		return true
	}
	s.turn.Lock()
	ends, known := s.tokens[token]
	s.turn.Unlock()
	switch {
	case token == forge.Weak && r.Method != http.MethodGet:
		w.Header().Set("X-Accepted-GitHub-Permissions", Permission)
		Say(w, http.StatusForbidden, "Resource not accessible by personal access token")
		return false
	case token == forge.Right, token == forge.Weak, known && s.Now().Before(ends):
		return true
	}
	Say(w, http.StatusUnauthorized, "Bad credentials")
	return false
}

// refusesApp says what is wrong with a JWT.
func (s *Server) refusesApp(token string) string {
	if s.App.key == nil {
		return "A JSON web token could not be decoded"
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return s.App.key.Public(), nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(s.App.ID), jwt.WithoutClaimsValidation())
	switch now := s.Now(); {
	case err != nil, claims.Issuer != s.App.ID:
		return "A JSON web token could not be decoded"
	case claims.IssuedAt == nil || claims.IssuedAt.After(now):
		return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	case claims.ExpiresAt == nil || claims.ExpiresAt.Before(now):
		return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
	case claims.ExpiresAt.After(now.Add(10 * time.Minute)):
		return "'Expiration time' claim ('exp') is too far in the future"
	}
	return ""
}

func (s *Server) installation(w http.ResponseWriter, _ *http.Request) {
	if s.App.Installation == 0 {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	forge.Write(w, http.StatusOK, map[string]any{"id": s.App.Installation, "app_slug": "assay"})
}

func (s *Server) accessToken(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("installation") != strconv.FormatInt(s.App.Installation, 10) {
		Say(w, http.StatusNotFound, "Integration not found")
		return
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	token, ends := fmt.Sprintf("ghs_%d", len(s.tokens)), s.Now().Add(time.Hour)
	for s.tokens[token] != (time.Time{}) {
		token += "x"
	}
	s.tokens[token] = ends
	forge.Write(w, http.StatusCreated, map[string]any{"token": token, "expires_at": ends.UTC().Format(time.RFC3339)})
}
