package report

// assayJSON is Assay's own format, for what has no other: {"assayReport": 1, "cases": [{"name", "suite", "status", "message", "detail",
// "seconds"}], "metrics": {"p95": 0.2}, "seconds": 12}. The statuses are those of this package. Runs of custom resources leave it,
// and any script can print it.
var assayJSON = format{
	name:  "assay-json",
	sniff: jsonHas("assayReport"),
	parse: func(in *input, to *recorder) error {
		a := assay{newJSONReader(in), to}
		found := false
		for name := range a.object() {
			switch name {
			case "assayReport":
				found = true
				if version, _ := a.number(); version != 1 {
					a.fail("version %g is not known; want 1", version)
				}
			case "cases":
				for range a.array() {
					to.add(a.test())
				}
			case "metrics":
				a.numbers("", to.metric)
			case "seconds":
				if n, ok := a.number(); ok {
					to.took(seconds(n))
				}
			}
		}
		return a.finish(found, "assayReport")
	},
}

type assay struct {
	*jsonReader
	to *recorder
}

func (a assay) test() Case {
	var c Case
	for name := range a.object() {
		switch name {
		case "name":
			c.Name = a.text()
		case "suite":
			c.Suite = a.text()
		case "status":
			c.Status = Status(a.text())
		case "message":
			c.Message = a.text()
		case "detail":
			c.Detail = a.text()
		case "seconds":
			if n, ok := a.number(); ok {
				c.Duration = seconds(n)
			}
		}
	}
	switch c.Status {
	case Passed, Failed, Errored, Skipped, Warned:
	default:
		a.fail("status %q of %q is not known", c.Status, c.Name)
	}
	return c
}
