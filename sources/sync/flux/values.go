package flux

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/assay-dev/assay/sources/sync/watch"
)

// exact is a chart version that stands for one chart only.
var exact = regexp.MustCompile(`^v?\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$`)

// besides is what a release hangs on that its Kustomization does not render: the version that a floating chart resolved to, and values of
// others. Unknown says which of that cannot be known.
func (s *Source) besides(ctx context.Context, r *helmRelease, parent watch.Key) (besides, unknown string, err error) {
	var all []string
	if !exact.MatchString(r.chart) {
		all = append(all, "chart "+r.version+" "+r.ociDigest)
	}
	for _, from := range r.valuesFrom {
		object, err := s.object(ctx, from.Kind, r.Namespace, from.Name)
		var never *unreadable
		switch {
		case errors.As(err, &never):
			if !from.Optional || !never.missing {
				unknown = "spec.valuesFrom: " + never.reason
			}
			continue
		case err != nil:
			return "", "", err
		case (&target{ObjectMeta: watch.Meta(object)}).parent() == parent:
			continue // it is part of what is rendered
		}
		values, err := content(object)
		if err != nil {
			return "", err.Error(), nil
		}
		text, err := json.Marshal([]string{from.Kind, from.Name, values[from.GetValuesKey()]})
		if err != nil {
			return "", "", fmt.Errorf("read values of %s %s: %w", from.Kind, from.Name, err)
		}
		all = append(all, string(text))
	}
	return strings.Join(all, "\n"), unknown, nil
}
