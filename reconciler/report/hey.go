package report

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// heyText reads what hey prints and heyCSV what it writes with -o csv. Both hold numbers alone, in seconds:
// response-time.avg, .min, .max and .pNN, status.CODE for the number of answers with each status code, and, from the text,
// requests_per_sec, total and errors (requests without an answer), from the CSV rows. Quantiles of the CSV are taken as
// hey takes them, exact up to exactSamples rows, else within relativeError.
var (
	heyText = format{
		name: "hey-text",
		sniff: func(head []byte) bool {
			return bytes.HasPrefix(bytes.TrimSpace(head), []byte("Summary:")) && bytes.Contains(head, []byte("Requests/sec:"))
		},
		parse: parseHeyText,
	}
	heyCSV = format{
		name:  "hey-csv",
		sniff: csvHas("response-time", "status-code", "offset"),
		parse: parseHeyCSV,
	}
)

var (
	heyPercentile = regexp.MustCompile(`^(\d+(?:\.\d+)?)%+ in ([0-9.]+) secs$`)
	heyCount      = regexp.MustCompile(`^\[(\d+)\]\s+(.*)$`)
)

func parseHeyText(in *input, to *recorder) error {
	lines := in.lines()
	section, errorCount, answered := "", 0.0, false
	for {
		raw, _, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		line := strings.TrimSpace(string(raw))
		if len(raw) > 0 && raw[0] != ' ' && raw[0] != '\t' {
			section, _, _ = strings.Cut(line, ":")
			continue
		}
		switch {
		case line == "":
		case section == "Summary":
			heySummary(line, to)
		case strings.HasPrefix(section, "Latency distribution"):
			// hey writes the percentiles that it has too few requests for as 0%
			if p := heyPercentile.FindStringSubmatch(line); p != nil && p[1] != "0" {
				recordNumber(to, "response-time.p"+p[1], p[2])
			}
		case strings.HasPrefix(section, "Status code distribution"):
			if c := heyCount.FindStringSubmatch(line); c != nil {
				n, _, _ := strings.Cut(c[2], " ")
				recordNumber(to, "status."+c[1], n)
				answered = true
			}
		case strings.HasPrefix(section, "Error distribution"):
			if c := heyCount.FindStringSubmatch(line); c != nil {
				n, _ := strconv.ParseFloat(c[1], 64)
				errorCount += n
			}
		}
	}
	if !answered && errorCount == 0 {
		return in.errorf(0, "the report has neither status codes nor errors: it is cut short")
	}
	to.metric("errors", errorCount)
	return nil
}

// heySummary reads one line of the summary.
func heySummary(line string, to *recorder) {
	name, rest, _ := strings.Cut(line, ":")
	value, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	switch name {
	case "Total":
		recordNumber(to, "total", value)
		if s, err := strconv.ParseFloat(value, 64); err == nil {
			to.took(seconds(s))
		}
	case "Slowest":
		recordNumber(to, "response-time.max", value)
	case "Fastest":
		recordNumber(to, "response-time.min", value)
	case "Average":
		recordNumber(to, "response-time.avg", value)
	case "Requests/sec":
		recordNumber(to, "requests_per_sec", value)
	}
}

// recordNumber records a metric from its text, or nothing when that is no number.
func recordNumber(to *recorder, name, text string) {
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		to.metric(name, v)
	}
}

func parseHeyCSV(in *input, to *recorder) error {
	table, err := newCSVReader(in, ',')
	if err != nil {
		return err
	}
	took, code, offset := table.column("response-time"), table.column("status-code"), table.column("offset")
	var times distribution
	codes := series[int]{}
	end := 0.0
	for table.next() {
		t, err := strconv.ParseFloat(table.field(took), 64)
		if err != nil {
			return table.errorf("response-time %q is not a number", table.field(took))
		}
		if started, err := strconv.ParseFloat(table.field(offset), 64); err == nil {
			end = max(end, started+t)
		}
		times.add(t)
		if n := codes.of(table.field(code), to); n != nil {
			*n++
		}
	}
	if table.err != nil {
		return table.err
	}
	if times.count == 0 {
		return nil
	}
	to.took(seconds(end))
	to.metric("rows", float64(times.count))
	to.distribution("response-time", &times, rankAbove)
	for code, n := range codes.all() {
		to.metric("status."+code, float64(*n))
	}
	return nil
}
