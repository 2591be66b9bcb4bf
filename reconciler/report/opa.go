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
	sniff: jsonHas("#/package", "#/name"),
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
	subs := pending{to: o.to}
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
			o.leaves("", &subs)
		default:
			o.ending(name, &c)
		}
	}
	c.File = at.file
	if c.Unsuccessful() && c.Message == "" && at.line > 0 {
		c.Message = fmt.Sprintf("%s at %s:%d", c.Status, at.file, at.line)
	}
	subs.record(func(sub *Case) { sub.Name, sub.Suite, sub.File = c.Name+sub.Name, c.Suite, c.File })
	if len(subs.cases) == 0 || c.Unsuccessful() && !subs.unsuccessful {
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

// leaves collects the cases below a test that themselves have none below; it tells whether there are any.
func (o *opa) leaves(prefix string, found *pending) (any bool) {
	for key := range o.object() {
		c := Case{Name: prefix + "/" + key, Status: Passed}
		below := false
		for name := range o.object() {
			if name == "sub_results" {
				below = o.leaves(c.Name, found)
				continue
			}
			o.ending(name, &c)
		}
		if any = true; !below {
			found.add(c)
		}
	}
	return any
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
