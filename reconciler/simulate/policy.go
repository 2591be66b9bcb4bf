package simulate

import (
	"bytes"
	"encoding/json"

	"github.com/assay-dev/assay/sources/tests"
)

// policy is what the Scenario says of every Gate, with the defaults of a Gate.
func (s *Scenario) policy() tests.GateSpec {
	spec, err := decodePolicy(s.Spec.Gate)
	must(err) // Load has refused what does not decode
	g := &tests.Gate{Spec: spec}
	g.Default()
	return g.Spec
}

func decodePolicy(given map[string]any) (spec tests.GateSpec, err error) {
	text, err := json.Marshal(given)
	if err == nil {
		err = decodeStrictly(text, &spec)
	}
	return spec, err
}

// decodeStrictly takes no field that into has not.
func decodeStrictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
