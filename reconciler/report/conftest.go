package report

// conftestJSON reads `conftest test --output json`: an array of files, each with the number of rules that held and a list
// of those that did not. A rule has no name, so a case is named by its message, a pass by its file. Exceptions and skips
// count as skipped, warnings as warned.
var conftestJSON = format{
	name:  "conftest-json",
	sniff: jsonHas("#/filename", "#/successes"),
	parse: func(in *input, to *recorder) error {
		c := conftest{newJSONReader(in), to}
		for range c.array() {
			c.file()
		}
		return c.close()
	},
}

// conftestMaxPasses is more rules than anyone holds a file against; beyond it the number is no evidence of anything.
const conftestMaxPasses = 1_000_000

type conftest struct {
	*jsonReader
	to *recorder
}

func (c *conftest) file() {
	var file, namespace string
	cases := pending{to: c.to}
	passes := 0
	for name := range c.object() {
		switch name {
		case "filename":
			file = c.text()
		case "namespace":
			namespace = c.text()
		case "successes":
			if passes = c.count(); passes > conftestMaxPasses {
				c.fail("%d successes are not credible", passes)
			}
		case "failures":
			c.results(Failed, &cases)
		case "warnings":
			c.results(Warned, &cases)
		case "exceptions", "skipped":
			c.results(Skipped, &cases)
		}
	}
	if c.err != nil {
		return
	}
	cases.record(func(one *Case) { one.Suite, one.File = namespace, file })
	for range passes {
		c.to.add(Case{Name: file, Suite: namespace, File: file, Status: Passed})
	}
}

func (c *conftest) results(status Status, to *pending) {
	for range c.array() {
		one := Case{Status: status}
		for name := range c.object() {
			switch name {
			case "msg":
				one.Name = c.text()
				one.Message = one.Name
			case "metadata":
				for name := range c.object() {
					if name == "query" {
						one.Detail = c.text()
					}
				}
			}
		}
		to.add(one)
	}
}
