package report

import "strconv"

// staticcheckNDJSON reads `staticcheck -f json`: one finding per line, named by its check. Severity "warning" is a
// warning, "ignored" is skipped, everything else has failed.
var staticcheckNDJSON = format{
	name:  "staticcheck-ndjson",
	sniff: jsonHas("code", "severity", "location/file"),
	parse: func(in *input, to *recorder) error {
		r := newJSONReader(in)
		for range r.lines() {
			c := Case{Status: Failed}
			line := 0
			for name := range r.object() {
				switch name {
				case "code":
					c.Name = r.text()
				case "message":
					c.Message = r.text()
				case "severity":
					switch r.text() {
					case "warning":
						c.Status = Warned
					case "ignored":
						c.Status = Skipped
					}
				case "location":
					for name := range r.object() {
						switch name {
						case "file":
							c.File = r.text()
						case "line":
							line = r.count()
						}
					}
				}
			}
			c.Detail = c.File + ":" + strconv.Itoa(line) + ": " + c.Message
			if r.err == nil {
				to.add(c)
			}
		}
		return r.failure()
	},
}
