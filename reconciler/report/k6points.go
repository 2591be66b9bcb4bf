package report

import (
	"strconv"
	"time"
)

// k6Points reads `k6 run --out json`: a line for each metric and one for each of its samples. The file holds the
// expressions of thresholds but not whether they held, so there are no cases. Metrics are those of k6's summary, made
// from the samples as k6 makes them (quantiles exact up to exactSamples samples, else within relativeError), also for the
// submetrics that thresholds name, and "metric.points", the number of samples. Rates per second are left out: k6 divides
// by the duration of the run, which the file does not tell.
var k6Points = format{
	name:  "k6-points",
	sniff: jsonHas("metric", "type", "data"),
	parse: func(in *input, to *recorder) error {
		p := k6PointReader{jsonReader: newJSONReader(in), samples: newK6Samples(to)}
		for range p.lines() {
			p.line()
		}
		p.samples.record()
		return p.failure()
	},
}

// k6PointsCSV reads `k6 run --out csv`. It does not tell the types of metrics: those that k6 defines are known, any other
// is taken for a trend.
var k6PointsCSV = format{
	name:  "k6-points-csv",
	sniff: csvHas("metric_name", "timestamp", "metric_value"),
	parse: func(in *input, to *recorder) error {
		table, err := newCSVReader(in, ',')
		if err != nil {
			return err
		}
		metric, timestamp, value, check := table.column("metric_name"), table.column("timestamp"), table.column("metric_value"), table.column("check")
		samples := newK6Samples(to)
		for table.next() {
			v, err := strconv.ParseFloat(table.field(value), 64)
			if err != nil {
				return table.errorf("metric_value %q is not a number", table.field(value))
			}
			if at, err := strconv.ParseInt(table.field(timestamp), 10, 64); err == nil {
				samples.at(time.Unix(at, 0))
			}
			name := table.field(metric)
			if s := samples.metrics.of(name, to); s != nil {
				s.kind = k6KnownType(name)
				s.add(v)
			}
			if name == "checks" {
				samples.check(table.field(check), v)
			}
		}
		samples.record()
		return table.err
	},
}

func k6KnownType(metric string) string {
	switch metric {
	case "http_reqs", "iterations", "dropped_iterations", "data_sent", "data_received", "ws_sessions", "ws_msgs_sent",
		"ws_msgs_received", "grpc_streams", "grpc_streams_msgs_sent", "grpc_streams_msgs_received", "browser_data_sent",
		"browser_data_received":
		return "counter"
	case "checks", "http_req_failed", "browser_http_req_failed":
		return "rate"
	case "vus", "vus_max":
		return "gauge"
	}
	return "trend"
}

// k6Samples puts samples together to metrics.
type k6Samples struct {
	to          *recorder
	metrics     series[k6Metric]
	checks      k6Checks
	first, last time.Time
}

type k6Metric struct {
	kind string // counter, gauge, rate or trend
	distribution
	passes, fails int // samples that are not zero, and that are
	latest        float64
	submetrics    []k6Submetric
}

// k6Submetric collects the samples that bear all of its tags.
type k6Submetric struct {
	name string
	tags k6Tags
}

type k6Tags []struct{ name, value string }

// value returns the value of the tag of that name, or "".
func (tags k6Tags) value(name string) string {
	for _, tag := range tags {
		if tag.name == name {
			return tag.value
		}
	}
	return ""
}

func newK6Samples(to *recorder) *k6Samples {
	return &k6Samples{to: to, metrics: series[k6Metric]{}, checks: newK6Checks()}
}

func (m *k6Metric) add(v float64) {
	m.latest = v
	if v == 0 {
		m.fails++
	} else {
		m.passes++
	}
	m.distribution.add(v)
}

func (s *k6Samples) at(t time.Time) {
	if s.first.IsZero() || t.Before(s.first) {
		s.first = t
	}
	if t.After(s.last) {
		s.last = t
	}
}

func (s *k6Samples) check(name string, v float64) {
	if v == 0 {
		s.checks.add(name, 0, 1, s.to)
	} else {
		s.checks.add(name, 1, 0, s.to)
	}
}

func (s *k6Samples) record() {
	s.to.took(s.last.Sub(s.first))
	s.checks.record(s.to)
	for name, m := range s.metrics.all() {
		if m.count == 0 {
			continue
		}
		s.to.metric(name+".points", float64(m.count))
		switch m.kind {
		case "counter":
			s.to.metric(name+".count", m.sum)
		case "rate":
			s.to.rate(name, m.passes, m.fails)
		case "gauge":
			s.to.metric(name+".value", m.latest)
			s.to.metric(name+".min", m.min)
			s.to.metric(name+".max", m.max)
		default:
			s.to.distribution(name, &m.distribution, rankLinear)
		}
	}
}

// k6PointReader reads the lines of k6Points.
type k6PointReader struct {
	*jsonReader
	samples *k6Samples
	tags    k6Tags // of the current line
}

// k6Point is what a line holds: a metric's definition or a sample.
type k6Point struct {
	kind       string // of the metric
	submetrics []k6Submetric
	value      float64
	time       string
	tags       k6Tags // valid until the next line
}

func (p *k6PointReader) line() {
	var metric, line string
	var data k6Point
	for name := range p.object() {
		switch name {
		case "metric":
			metric = p.label()
		case "type":
			line = p.label()
		case "data":
			data = p.data()
		}
	}
	if p.err != nil {
		return
	}
	m := p.samples.metrics.of(metric, p.samples.to)
	switch {
	case line != "Metric" && line != "Point":
		p.fail("a line of type %q is neither Metric nor Point", line)
	case m == nil: // too many metrics
	case line == "Metric":
		m.kind, m.submetrics = data.kind, data.submetrics
	default:
		p.sample(metric, m, data)
	}
}

func (p *k6PointReader) sample(metric string, m *k6Metric, data k6Point) {
	m.add(data.value)
	if at, err := time.Parse(time.RFC3339Nano, data.time); err == nil {
		p.samples.at(at)
	}
	if metric == "checks" {
		p.samples.check(data.tags.value("check"), data.value)
	}
	for _, sub := range m.submetrics {
		if !sub.matches(data.tags) {
			continue
		}
		if s := p.samples.metrics.of(sub.name, p.samples.to); s != nil {
			s.kind = m.kind
			s.add(data.value)
		}
	}
}

func (sub k6Submetric) matches(tags k6Tags) bool {
	for _, tag := range sub.tags {
		if tags.value(tag.name) != tag.value {
			return false
		}
	}
	return true
}

func (p *k6PointReader) data() k6Point {
	var data k6Point
	for name := range p.object() {
		switch name {
		case "type":
			data.kind = p.label()
		case "submetrics":
			for range p.array() {
				if sub := p.submetric(); len(data.submetrics) < maxSeries {
					data.submetrics = append(data.submetrics, sub)
				}
			}
		case "value":
			data.value, _ = p.number()
		case "time":
			data.time = p.text()
		case "tags":
			p.tags = p.readTags(p.tags[:0])
			data.tags = p.tags
		}
	}
	return data
}

func (p *k6PointReader) submetric() k6Submetric {
	var sub k6Submetric
	for name := range p.object() {
		switch name {
		case "name":
			sub.name = p.text()
		case "tags":
			sub.tags = p.readTags(nil)
		}
	}
	return sub
}

// readTags appends to tags what is written next.
func (p *k6PointReader) readTags(tags k6Tags) k6Tags {
	for name := range p.object() {
		tags = append(tags, struct{ name, value string }{name, p.label()})
	}
	return tags
}
