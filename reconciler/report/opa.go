package report

import (
	"fmt"
	"time"
)

// opaJSON reads `opa test --format json`: an array of tests. A test that is neither fail, skip nor error passed. Where a
// test has sub_results, their leaves are the cases, named "test/case"; the test itself only counts when it failed though
// none of them did. Durations are nanoseconds.
var opaJSON = format{
	name:  "opa-test-json",
	sniff: jsonHas("#/package", "#/name", "#/location"),
	parse: func(in *input, to *recorder) error {
		o := opa{newJSONReader(in), to}
		for range o.array() {
			o.test()
		}
		return o.close()
	},
}

type opa struct {
	*jsonReader
	to *recorder
}

func (o *opa) test() {
	var at opaPlace
	var subs []Case
	c := Case{Status: Passed}
	for name := range o.object() {
		switch name {
		case "location":
			at = o.place()
		case "package":
			c.Suite = o.text()
		case "name":
			c.Name = o.text()
		case "duration":
			ns, _ := o.number()
			c.Duration = seconds(ns / float64(time.Second))
		case "sub_results":
			subs = o.leaves("", nil)
		default:
			o.ending(name, &c)
		}
	}
	c.File = at.file
	if c.Unsuccessful() && c.Message == "" && at.line > 0 {
		c.Message = fmt.Sprintf("%s at %s:%d", c.Status, at.file, at.line)
	}
	unsuccessful := false
	for _, sub := range subs {
		unsuccessful = unsuccessful || sub.Unsuccessful()
		sub.Name, sub.Suite, sub.File = c.Name+sub.Name, c.Suite, c.File
		o.to.add(sub)
	}
	if len(subs) == 0 || c.Unsuccessful() && !unsuccessful {
		o.to.add(c)
	}
}

// ending reads a member that tells how a test or a part of it ended.
func (o *opa) ending(member string, c *Case) {
	switch member {
	case "fail":
		if o.truth() {
			c.Status = Failed
		}
	case "skip":
		if o.truth() {
			c.Status = Skipped
		}
	case "error":
		if o.kind() == '{' {
			c.Status = Errored
			c.Message, _ = o.failureText()
		}
	}
}

// leaves collects the cases below a test that themselves have none below.
func (o *opa) leaves(prefix string, found []Case) []Case {
	for key := range o.object() {
		c := Case{Name: prefix + "/" + key, Status: Passed}
		before := len(found)
		for name := range o.object() {
			if name == "sub_results" {
				found = o.leaves(c.Name, found)
				continue
			}
			o.ending(name, &c)
		}
		if len(found) == before {
			found = append(found, c)
		}
	}
	return found
}

type opaPlace struct {
	file string
	line int
}

func (o *opa) place() (at opaPlace) {
	for name := range o.object() {
		switch name {
		case "file":
			at.file = o.text()
		case "row":
			at.line = o.count()
		}
	}
	return at
}
