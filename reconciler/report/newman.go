package report

import "strings"

// newmanJSON reads Newman's json reporter: {"run": {"executions": [a request with its "assertions"], "stats", "timings"}}.
//
// An assertion is a case named "request: assertion"; "request (request error)" and "request (script error)" are errored
// cases, for Newman names neither. Assertions have no duration of their own. Metrics are run.stats ("assertions.failed",
// "requests.total", ...) and run.timings ("responseAverage", ... in milliseconds).
var newmanJSON = format{
	name:  "newman-json",
	sniff: func(head []byte) bool { return jsonHas("collection/item")(head) || jsonHas("run/executions")(head) },
	parse: func(in *input, to *recorder) error {
		n := newman{newJSONReader(in), to}
		found := false
		for name := range n.object() {
			if name == "run" {
				found = n.run() || found
			}
		}
		return n.finish(found, "run.executions")
	},
}

type newman struct {
	*jsonReader
	to *recorder
}

func (n *newman) run() (found bool) {
	for name := range n.object() {
		switch name {
		case "stats":
			n.numbers("", n.to.metric)
		case "timings":
			n.timings()
		case "executions":
			found = true
			for range n.array() {
				n.execution()
			}
		case "error":
			if n.kind() == '{' {
				message, _ := n.failureText()
				n.to.problem("the run ended early: %s", message)
			}
		}
	}
	return found
}

func (n *newman) timings() {
	var started, completed float64 // ms since 1970
	n.numbers("", func(name string, value float64) {
		switch name {
		case "started":
			started = value
		case "completed":
			completed = value
		default:
			n.to.metric(name, value)
		}
	})
	n.to.took(milliseconds(completed - started))
}

// execution reads one request. Its name is looked for first, but may stand anywhere.
func (n *newman) execution() {
	var request string
	cases := pending{to: n.to}
	for name := range n.object() {
		switch name {
		case "item":
			for name := range n.object() {
				if name == "name" {
					request = n.text()
				}
			}
		case "assertions":
			for range n.array() {
				cases.add(n.assertion())
			}
		case "requestError":
			if n.kind() == '{' {
				cases.add(Case{Name: " (request error)", Status: Errored, Message: n.requestError()})
			}
		case "testScript", "prerequestScript":
			for range n.array() {
				if message, stack := n.failedPart(); message != "" || stack != "" {
					cases.add(Case{Name: " (script error)", Status: Errored, Message: message, Detail: stack})
				}
			}
		}
	}
	cases.record(func(c *Case) { c.Name = request + c.Name })
}

func (n *newman) assertion() Case {
	c := Case{Status: Passed}
	for name := range n.object() {
		switch name {
		case "assertion":
			c.Name = ": " + n.text()
		case "skipped":
			if n.truth() {
				c.Status = Skipped
			}
		case "error":
			if n.kind() == '{' {
				c.Status = Failed
				c.Message, c.Detail = n.failureText()
			}
		}
	}
	return c
}

// requestError describes a connection that could not be made by its code and address.
func (n *newman) requestError() string {
	var parts []string
	for name := range n.object() {
		switch name {
		case "message", "code", "address":
			parts = append(parts, n.text())
		}
	}
	return strings.Join(parts, " ")
}

// failedPart reads {"error": {...}} of a script.
func (n *newman) failedPart() (message, stack string) {
	for name := range n.object() {
		if name == "error" && n.kind() == '{' {
			if message, stack = n.failureText(); message == "" && stack == "" {
				message = "the script failed without a message"
			}
		}
	}
	return message, stack
}
