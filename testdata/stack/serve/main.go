// Command serve is a shop for tests, at port 8080. Its image, its environment and its configuration can each break it, so
// that it is up and yet wrong.
//
//	/healthz   fails when UNHEALTHY is set
//	/price     PRICE less DISCOUNT, which must be more than nothing
//	/menu      the file /etc/shop/menu: a dish and a number on each line
//
// With the argument crash it ends at once, as a program does that was built wrongly. LINGER is how long it serves
// on after it was told to stop.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "this image was built wrongly")
		os.Exit(1)
	}
	for path, answer := range map[string]func() (string, error){"/healthz": health, "/price": price, "/menu": menu} {
		http.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			text, err := answer()
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			fmt.Fprintln(w, text)
		})
	}
	told, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(":8080", nil))
		os.Exit(1)
	}()
	<-told.Done()
	linger, _ := time.ParseDuration(os.Getenv("LINGER"))
	time.Sleep(linger)
}

func health() (string, error) {
	if os.Getenv("UNHEALTHY") != "" {
		return "", fmt.Errorf("unhealthy")
	}
	return "ok", nil
}

func price() (string, error) {
	full, err := strconv.Atoi(os.Getenv("PRICE"))
	if err != nil {
		return "", err
	}
	discount, _ := strconv.Atoi(os.Getenv("DISCOUNT"))
	if full-discount <= 0 {
		return "", fmt.Errorf("%d less %d: nobody can live on that", full, discount)
	}
	return strconv.Itoa(full - discount), nil
}

func menu() (string, error) {
	text, err := os.ReadFile("/etc/shop/menu")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		dish, cost, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, err := strconv.Atoi(cost); err != nil {
			return "", fmt.Errorf("what does %q cost? %w", dish, err)
		}
	}
	return string(text), nil
}
