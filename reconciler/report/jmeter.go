package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// jmeterCSV and jmeterXML read JMeter's result files (JTL). A case is a sample, named by its label. In XML, a transaction
// holds its samples; only the outermost counts. In CSV, a transaction is a line beside its samples and counts too. CSV
// must have its header line (jmeter.save.saveservice.print_field_names, the default since 3.0).
//
// Metrics are elapsed.avg, .min, .med, .max, .p90, .p95, .p99 (milliseconds; quantiles as JMeter's aggregate report takes
// them, exact up to exactSamples samples, else within relativeError), elapsed.count, errors.count, errors.rate and
// status.CODE, the first three also per label as elapsed{label:LABEL}.p95.
var (
	jmeterCSV = format{
		name:  "jmeter-jtl-csv",
		sniff: csvHas("elapsed", "label", "success"),
		parse: parseJMeterCSV,
	}
	jmeterXML = format{
		name:  "jmeter-jtl-xml",
		sniff: func(head []byte) bool { return xmlRoot(head) == "testResults" },
		parse: parseJMeterXML,
	}
)

func parseJMeterCSV(in *input, to *recorder) error {
	comma, err := jmeterSeparator(in)
	if err != nil {
		return err
	}
	table, err := newCSVReader(in, comma)
	if err != nil {
		return err
	}
	label, success, elapsed := table.column("label"), table.column("success"), table.column("elapsed")
	if label < 0 || success < 0 || elapsed < 0 {
		return table.errorf("the columns label, success and elapsed are not all there")
	}
	start, code := table.column("timeStamp"), table.column("responseCode")
	message, failure := table.column("responseMessage"), table.column("failureMessage")
	run := newJMeterRun(to)
	for table.next() {
		s := jmeterSample{
			label: table.field(label), success: table.field(success), elapsed: table.field(elapsed), start: table.field(start),
			code: table.field(code), message: table.field(message), failure: table.field(failure),
		}
		if err := run.add(s); err != nil {
			return table.errorf("%v", err)
		}
	}
	run.record()
	return table.err
}

// jmeterSeparator finds what follows the first name of the header: jmeter.save.saveservice.default_delimiter can be set.
func jmeterSeparator(in *input) (rune, error) {
	head, err := in.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if at := bytes.IndexAny(head, ",;\t|"); at >= 0 {
		return rune(head[at]), nil
	}
	return ',', nil
}

func parseJMeterXML(in *input, to *recorder) error {
	x := newXMLReader(in, max(in.limits.Message, in.limits.Name)+len(cut))
	run := newJMeterRun(to)
	var sample jmeterSample
	var text strings.Builder
	for {
		kind, err := x.next()
		switch {
		case errors.Is(err, io.EOF):
			run.record()
			return nil
		case err != nil:
			return err
		}
		depth := len(x.starts)
		switch kind {
		case xmlStart:
			text.Reset()
			if depth == 1 && string(x.name) != "testResults" {
				return x.errorf("the root element is <%s>, not <testResults>", x.name)
			}
			if depth == 2 {
				sample = jmeterSample{
					label: string(x.attr("lb")), success: string(x.attr("s")), elapsed: string(x.attr("t")),
					start: string(x.attr("ts")), code: string(x.attr("rc")), message: string(x.attr("rm")),
				}
			}
		case xmlText:
			if left := in.limits.Message + len(cut) - text.Len(); left > 0 && depth == 4 {
				text.Write(x.text[:min(left, len(x.text))])
			}
		case xmlEnd:
			if depth == 3 && string(x.name) == "failureMessage" && sample.failure == "" {
				sample.failure = text.String()
			}
			if depth == 1 {
				if err := run.add(sample); err != nil {
					return x.errorf("%v", err)
				}
			}
		}
	}
}

// jmeterSample is one sample as the file writes it.
type jmeterSample struct{ label, success, elapsed, start, code, message, failure string }

type jmeterRun struct {
	to          *recorder
	all         jmeterStats
	labels      series[jmeterStats]
	codes       series[int]
	first, last int64 // ms since 1970
}

type jmeterStats struct {
	elapsed distribution
	errors  int
}

func newJMeterRun(to *recorder) *jmeterRun {
	return &jmeterRun{to: to, labels: series[jmeterStats]{}, codes: series[int]{}, first: math.MaxInt64}
}

func (run *jmeterRun) add(s jmeterSample) error {
	elapsed, err := strconv.ParseInt(s.elapsed, 10, 64)
	if err != nil || elapsed < 0 {
		return fmt.Errorf("the elapsed time %q of sample %q is not a number of milliseconds", s.elapsed, s.label)
	}
	status := Passed
	switch strings.ToLower(s.success) {
	case "true":
	case "false":
		status = Failed
	default:
		return fmt.Errorf("success of sample %q is %q, neither true nor false", s.label, s.success)
	}
	if start, err := strconv.ParseInt(s.start, 10, 64); err == nil && start >= 0 {
		run.first, run.last = min(run.first, start), max(run.last, start+elapsed)
	}
	run.all.add(elapsed, status)
	if l := run.labels.of(s.label, run.to); l != nil {
		l.add(elapsed, status)
	}
	if n := run.codes.of(jmeterCode(s.code), run.to); n != nil {
		*n++
	}
	c := Case{Status: status, Duration: time.Duration(elapsed) * time.Millisecond}
	if run.to.keeps(status, false) { // of millions of samples few are kept, and a field holds its whole record
		c.Name = strings.Clone(s.label)
		if status == Failed {
			c.Message = strings.TrimSpace(s.code + " " + s.message)
			if s.failure != "" {
				c.Message, c.Detail = strings.Clone(s.failure), c.Message
			}
		}
	}
	run.to.add(c)
	return nil
}

// jmeterCode returns an HTTP status code, or "none" for what JMeter writes when there was no answer.
func jmeterCode(code string) string {
	if n, err := strconv.Atoi(code); err == nil && n >= 100 && n < 1000 {
		return code
	}
	return "none"
}

func (stats *jmeterStats) add(elapsed int64, status Status) {
	stats.elapsed.add(float64(elapsed))
	if status != Passed {
		stats.errors++
	}
}

func (run *jmeterRun) record() {
	if run.last > run.first {
		run.to.took(time.Duration(run.last-run.first) * time.Millisecond)
	}
	for code, n := range run.codes.all() {
		run.to.metric("status."+code, float64(*n))
	}
	run.all.record("", run.to)
	for label, stats := range run.labels.all() {
		stats.record("{label:"+label+"}", run.to)
	}
}

func (stats *jmeterStats) record(of string, to *recorder) {
	if stats.elapsed.count == 0 {
		return
	}
	to.distribution("elapsed"+of, &stats.elapsed, rankRounded)
	to.metric("errors"+of+".count", float64(stats.errors))
	to.metric("errors"+of+".rate", float64(stats.errors)/float64(stats.elapsed.count))
}
