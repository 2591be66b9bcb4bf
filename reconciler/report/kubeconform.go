package report

import "strings"

// kubeconformJSON reads `kubeconform -output json`: {"resources": [...], "summary": {...}}. Without -verbose the valid and
// skipped resources are only numbers in the summary; they count as cases without a name. Both ways of writing a status
// are read ("statusValid" and, before version 0.5, "VALID"). Written from kubeconform's documentation. Its TAP and JUnit
// are read as any other.
var kubeconformJSON = format{
	name: "kubeconform-json",
	sniff: func(head []byte) bool {
		return jsonHas("resources/#/filename", "resources/#/status")(head) || jsonHas("resources", "summary/valid")(head)
	},
	parse: func(in *input, to *recorder) error {
		k := kubeconform{jsonReader: newJSONReader(in), to: to}
		found := false
		var valid, skipped int
		for name := range k.object() {
			switch name {
			case "resources":
				found = true
				for range k.array() {
					k.resource()
				}
			case "summary":
				for name := range k.object() {
					switch name {
					case "valid":
						valid = k.count()
					case "skipped":
						skipped = k.count()
					}
				}
			}
		}
		if err := k.finish(found, "resources"); err != nil {
			return err
		}
		for range min(valid, kubeconformMaxUnnamed) - to.counts.Passed {
			to.add(Case{Name: "valid resource", Status: Passed})
		}
		for range min(skipped, kubeconformMaxUnnamed) - to.counts.Skipped {
			to.add(Case{Name: "skipped resource", Status: Skipped})
		}
		return nil
	},
}

// kubeconformMaxUnnamed is more resources than anyone checks at once.
const kubeconformMaxUnnamed = 1_000_000

type kubeconform struct {
	*jsonReader
	to *recorder
}

func (k *kubeconform) resource() {
	var c Case
	var kind, version, status string
	for name := range k.object() {
		switch name {
		case "filename":
			c.File = k.text()
		case "name":
			c.Name = k.text()
		case "kind":
			kind = k.text()
		case "version":
			version = k.text()
		case "status":
			status = k.text()
		case "msg":
			c.Message = k.text()
		}
	}
	if kind != "" {
		c.Suite = kind + "@" + version
	}
	if c.Name == "" {
		c.Name = c.File
	}
	switch strings.ToLower(strings.TrimPrefix(status, "status")) {
	case "valid":
		c.Status = Passed
	case "invalid":
		c.Status = Failed
	case "error":
		c.Status = Errored
	case "skipped":
		c.Status = Skipped
	case "empty":
		return
	default:
		k.fail("status %q of %q is not known", status, c.Name)
		return
	}
	k.to.add(c)
}
