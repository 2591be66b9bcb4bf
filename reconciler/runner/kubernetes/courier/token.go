package courier

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Token lets its bearer act for one Run in one pod until it expires. incarnation tells that pod from an earlier one of the same Run. Every
// Assay with the same key makes the same token and takes it.
func Token(key []byte, run, incarnation string, expires time.Time) string {
	until := strconv.FormatInt(expires.Unix(), 10)
	return until + "." + sign(key, run, incarnation, until)
}

func sign(key []byte, run, incarnation, until string) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "assay run token\x00%s\x00%s\x00%s", run, incarnation, until)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// check says why a token is none for the Run.
func check(key []byte, token, run, incarnation string, now time.Time) error {
	until, signature, _ := strings.Cut(token, ".")
	if !hmac.Equal([]byte(signature), []byte(sign(key, run, incarnation, until))) {
		return errors.New("the token is not this run's")
	}
	seconds, err := strconv.ParseInt(until, 10, 64)
	if err != nil || now.Unix() >= seconds {
		return errors.New("the token has expired")
	}
	return nil
}
