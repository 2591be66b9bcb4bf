// Command chore does what it is told, so that an image that holds nothing else can show how a run ends: each argument is one chore.
package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	for _, arg := range os.Args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		if err := chores[name](value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(9)
		}
	}
}

var chores = map[string]func(value string) error{
	"exit": func(code string) error {
		n, err := strconv.Atoi(code)
		if err == nil {
			os.Exit(n)
		}
		return err
	},
	"say":    say,
	"env":    func(variable string) error { return say(os.Getenv(variable)) },
	"print":  func(bytes string) error { return fill(os.Stdout, bytes) },
	"report": report,
	"eat":    eat,
	"rest": func(duration string) error {
		d, err := time.ParseDuration(duration)
		time.Sleep(d)
		return err
	},
	"await": func(file string) error {
		for {
			if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			time.Sleep(50 * time.Millisecond)
		}
	},
	// The wrapper is the container's first process, which the kernel keeps from signals that come from inside.
	"kill": func(string) error {
		if err := syscall.Kill(1, syscall.SIGKILL); err != nil {
			return err
		}
		return say("the wrapper lives")
	},
	"peek": func(string) error {
		_, err := os.ReadFile("/proc/1/environ")
		return say(fmt.Sprintf("the wrapper's environment: %v", err))
	},
	"whoami": func(string) error { return say(fmt.Sprintf("user %d, group %d", os.Getuid(), os.Getgid())) },
	"account": func(string) error {
		_, err := os.Stat(accountToken)
		return say(fmt.Sprintf("account token: %t", err == nil))
	},
	"ask": ask,
}

// accountToken is where a pod has the token of its service account, where it has one.
const accountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// ask asks the API server for a path, with the account's token where there is one, and says how it answers.
func ask(path string) error {
	request, err := http.NewRequest(http.MethodGet, "https://"+os.Getenv("KUBERNETES_SERVICE_HOST")+path, nil)
	if err != nil {
		return err
	}
	if token, err := os.ReadFile(accountToken); err == nil {
		request.Header.Set("Authorization", "Bearer "+string(token))
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Do(request)
	if err != nil {
		return say("the API server is out of reach")
	}
	defer response.Body.Close()
	return say("the API server: " + response.Status)
}

func say(text string) error {
	_, err := fmt.Println(text)
	return err
}

// fill writes lines of 64 bytes.
func fill(file *os.File, bytes string) error {
	n, err := strconv.Atoi(bytes)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	for i := range n / 64 {
		fmt.Fprintf(w, "%063d\n", i)
	}
	return w.Flush()
}

// report writes a JUnit report that is so many bytes long, or a little longer.
func report(bytes string) error {
	file, err := os.Create("report.xml")
	if err != nil {
		return err
	}
	fmt.Fprint(file, `<testsuite name="chore" tests="1"><testcase name="all"><system-out>`)
	if err := fill(file, bytes); err != nil {
		return err
	}
	fmt.Fprint(file, `</system-out></testcase></testsuite>`)
	return file.Close()
}

// eat takes memory until there is none.
func eat(string) error {
	var eaten [][]byte
	for {
		bite := make([]byte, 16<<20)
		for i := range bite {
			bite[i] = 1
		}
		eaten = append(eaten, bite)
		fmt.Println("eaten", len(eaten))
	}
}
