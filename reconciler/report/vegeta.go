package report

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// vegetaJSON reads `vegeta report -type json` and vegetaText the same report as text, with or without its histogram. Both
// hold numbers alone, named as in the JSON and, like there, in nanoseconds: latencies.mean, .min, .max, .p50, .p90, .p95,
// .p99, requests, rate, throughput, success (a share from 0 to 1), bytes_in.total, ..., status.CODE (0: no answer) and
// errors, the number of different errors. Written from vegeta's documentation (version 12).
var (
	vegetaJSON = format{
		name:  "vegeta-json",
		sniff: jsonHas("latencies", "status_codes"),
		parse: parseVegetaJSON,
	}
	vegetaText = format{
		name:  "vegeta-text",
		sniff: func(head []byte) bool { return vegetaRow.Match(head) && bytes.Contains(head, []byte("\nLatencies")) },
		parse: parseVegetaText,
	}
)

func parseVegetaJSON(in *input, to *recorder) error {
	r := newJSONReader(in)
	found := false
	for name := range r.object() {
		switch name {
		case "latencies":
			found = true
			r.numbers("", func(name string, ns float64) { to.metric("latencies."+vegetaStatistic(name), ns) })
		case "status_codes":
			r.numbers("", func(code string, n float64) { to.metric("status."+code, n) })
		case "errors":
			n := 0
			for range r.array() {
				n++
			}
			to.metric("errors", float64(n))
		case "duration":
			ns, _ := r.number()
			to.metric("duration", ns)
			to.took(seconds(ns / float64(time.Second)))
		case "buckets": // of a histogram: the latencies tell more
		default:
			r.numbers(name, to.metric)
		}
	}
	return r.finish(found, "latencies")
}

// vegetaStatistic makes p99 of 99th and of 99.
func vegetaStatistic(name string) string {
	number := strings.TrimSuffix(name, "th")
	if _, err := strconv.ParseFloat(number, 64); err == nil {
		return "p" + number
	}
	return name
}

// vegetaRow is "Latencies  [min, mean, 50]  1ms, 2ms, 3ms".
var vegetaRow = regexp.MustCompile(`(?m)^(Requests|Duration|Latencies|Bytes In|Bytes Out|Success|Status Codes)\s+\[([^\]]*)\]\s+(.*?)\s*$`)

func parseVegetaText(in *input, to *recorder) error {
	lines := in.lines()
	found, inErrors, errorCount := false, false, 0
	for {
		raw, _, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		row := vegetaRow.FindSubmatch(raw)
		switch {
		case row != nil:
			found = found || string(row[1]) == "Status Codes"
			vegetaValues(string(row[1]), string(row[2]), string(row[3]), to)
		case bytes.HasPrefix(raw, []byte("Error Set:")):
			inErrors = true
		case bytes.HasPrefix(raw, []byte("Bucket")):
			inErrors = false
		case inErrors && len(bytes.TrimSpace(raw)) > 0:
			errorCount++
		}
	}
	if !found {
		return in.errorf(0, "the report has no Status Codes: it is cut short")
	}
	to.metric("errors", float64(errorCount))
	return nil
}

// vegetaValues records the values of one row under the names in its brackets.
func vegetaValues(row, labels, text string, to *recorder) {
	if row == "Status Codes" {
		for _, pair := range strings.Fields(text) {
			code, n, _ := strings.Cut(pair, ":")
			recordNumber(to, "status."+code, n)
		}
		return
	}
	prefix := map[string]string{"Latencies": "latencies.", "Bytes In": "bytes_in.", "Bytes Out": "bytes_out."}[row]
	values := strings.Split(text, ",")
	for i, label := range strings.Split(labels, ",") {
		if i == len(values) {
			return
		}
		label, value := strings.TrimSpace(label), strings.TrimSpace(values[i])
		switch {
		case row == "Requests" && label == "total":
			recordNumber(to, "requests", value)
		case row == "Requests", prefix != "" && row != "Latencies":
			recordNumber(to, prefix+label, value)
		case row == "Success":
			if share, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64); err == nil {
				to.metric("success", share/100)
			}
		default:
			d, err := time.ParseDuration(value)
			switch {
			case err != nil:
			case row == "Latencies":
				to.metric("latencies."+vegetaStatistic(label), float64(d))
			case label == "total":
				to.took(d)
			case label == "attack":
				to.metric("duration", float64(d))
			case label == "wait":
				to.metric("wait", float64(d))
			}
		}
	}
}
