package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
)

// scheme tells whether a request was sent by who knows the secret.
type scheme func(r *http.Request, body, secret []byte) bool

// endpoints are all that there may be, and how each is signed. Any of its schemes will do.
var endpoints = map[string][]scheme{
	"github":    {hub256},
	"gitea":     {gitea, hub256},
	"gitlab":    {gitlab},
	"bitbucket": {hub},
	"azure":     {basic},
	"generic":   {generic},
	"git":       {hub256, gitea, gitlab, hub, basic, generic},
	"flux":      {generic},
}

func hub256(r *http.Request, body, secret []byte) bool {
	return prefixed(r.Header.Get("X-Hub-Signature-256"), body, secret, "sha256")
}

func hub(r *http.Request, body, secret []byte) bool {
	return prefixed(r.Header.Get("X-Hub-Signature"), body, secret, "sha256")
}

func generic(r *http.Request, body, secret []byte) bool {
	return prefixed(r.Header.Get("X-Signature"), body, secret, "sha256", "sha384", "sha512")
}

func gitea(r *http.Request, body, secret []byte) bool {
	for _, header := range []string{"X-Gitea-Signature", "X-Forgejo-Signature"} {
		if signed(r.Header.Get(header), body, secret, sha256.New) {
			return true
		}
	}
	return false
}

func gitlab(r *http.Request, _, secret []byte) bool {
	return same(r.Header.Get("X-Gitlab-Token"), secret)
}

func basic(r *http.Request, _, secret []byte) bool {
	_, password, given := r.BasicAuth()
	return given && same(password, secret)
}

var hashes = map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// prefixed checks a signature that says how it was made, in one of the ways that are allowed. SHA-1 is none.
func prefixed(signature string, body, secret []byte, allowed ...string) bool {
	by, sum, _ := strings.Cut(signature, "=")
	for _, name := range allowed {
		if by == name {
			return signed(sum, body, secret, hashes[name])
		}
	}
	return false
}

// signed checks a signature in hexadecimal digits.
func signed(signature string, body, secret []byte, by func() hash.Hash) bool {
	sum, err := hex.DecodeString(signature)
	if err != nil || len(sum) == 0 {
		return false
	}
	mac := hmac.New(by, secret)
	mac.Write(body)
	return hmac.Equal(sum, mac.Sum(nil))
}

// same compares in a time that tells nothing of the secret, not even how long it is.
func same(given string, secret []byte) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256(secret)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
