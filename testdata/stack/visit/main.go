// Command visit asks for each URL of its arguments and prints what it gets. It fails when one does not answer, or answers with an error;
// without arguments it succeeds at once.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	client := &http.Client{Timeout: 5 * time.Second}
	for _, url := range os.Args[1:] {
		if err := visit(client, url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func visit(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err = io.Copy(os.Stdout, response.Body); err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s: %s", url, response.Status)
	}
	return err
}
