// Command shop is the sample shop: two small services that really run, steered by what their config repository renders, and the
// programs that deploy and ask them.
//
//	shop serve --service catalog|checkout --listen ADDRESS [--catalog URL]
//	shop deploy --to URL [--to URL ...]     brings $ASSAY_REVISION, as rendered in $ASSAY_MANIFESTS, to running services
//	shop get URL                            prints an answer; a bad status is a bad exit
//
// A service stands in for a server, and for the kubelet on it: it takes manifests over HTTP, finds the Deployment of its name and reads the
// settings that the Deployment's envFrom names. It keeps nothing: started anew, it waits for a deployment.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const usage = "usage: shop serve|deploy|get; see the package's documentation"

// patience is how long deploy and get wait for an answer.
const patience = 10 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch name, rest := args[0], args[1:]; name {
	case "serve":
		return serve(rest)
	case "deploy":
		return deploy(rest)
	case "get":
		if len(rest) != 1 {
			return errors.New(usage)
		}
		return get(rest[0])
	}
	return errors.New(usage)
}

// addresses collects a flag that may be repeated.
type addresses []string

func (a *addresses) String() string     { return strings.Join(*a, " ") }
func (a *addresses) Set(s string) error { *a = append(*a, s); return nil }

// deploy brings what is rendered to one service after the other; what the last one says is live, is live on all.
func deploy(args []string) error {
	var to addresses
	flags := flag.NewFlagSet("shop deploy", flag.ContinueOnError)
	flags.Var(&to, "to", "URL of a service; may be repeated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	manifests, err := os.ReadFile(os.Getenv("ASSAY_MANIFESTS"))
	if err != nil {
		return fmt.Errorf("read ASSAY_MANIFESTS: %w", err)
	}
	revision := os.Getenv("ASSAY_REVISION")
	for _, url := range to {
		request, err := http.NewRequest(http.MethodPut, url+"/deployment?revision="+revision, strings.NewReader(string(manifests)))
		if err != nil {
			return err
		}
		answer, err := ask(request)
		if err != nil {
			return err
		}
		fmt.Print(answer)
	}
	return nil
}

func get(url string) error {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := ask(request)
	fmt.Print(answer)
	return err
}

func ask(request *http.Request) (string, error) {
	client := http.Client{Timeout: patience}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("%s: %w", request.URL, err)
	}
	if response.StatusCode/100 != 2 {
		return "", fmt.Errorf("%s answered %s: %s", request.URL, response.Status, strings.TrimSpace(string(body)))
	}
	return string(body), nil
}
