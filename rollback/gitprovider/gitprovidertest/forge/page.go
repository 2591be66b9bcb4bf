package forge

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Page is the piece of a list from a position on, and whether there is more after it.
func Page[T any](all []T, from, size int) (page []T, more bool) {
	from = min(max(from, 0), len(all))
	to := min(from+size, len(all))
	return append([]T{}, all[from:to]...), to < len(all)
}

// Number is a query's value, or what holds without it.
func Number(r *http.Request, name string, without int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		return without
	}
	return n
}

// Read reads the body of a request.
func Read[T any](r *http.Request) (body T, err error) {
	err = json.NewDecoder(r.Body).Decode(&body)
	return body, err
}

// Write answers with JSON.
func Write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// Token is what a request shows: a bearer token, or the password of basic authentication.
func Token(r *http.Request) string {
	if token, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); is {
		return token
	}
	_, password, _ := r.BasicAuth()
	return password
}
