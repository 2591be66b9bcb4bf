package contract

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"
	"time"
)

var client = http.Client{Timeout: 5 * time.Second}

func catalog() string  { return os.Getenv("CATALOG_URL") }
func checkout() string { return os.Getenv("CHECKOUT_URL") }

// get reads a JSON answer, and fails the test when the status is another than wanted.
func get(t *testing.T, url string, want int, into any) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != want {
		t.Fatalf("GET %s: %s, want %d: %s", url, response.Status, want, body)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("GET %s: %v: %s", url, err, body)
	}
}
