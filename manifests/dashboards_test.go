package manifests

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

var (
	metric = regexp.MustCompile(`\b(assay|gotk|leader|workqueue)_[a-z_]+`)
	listed = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")
)

// TestDashboardAsksForWhatThereIs compares the names in its queries with the list of metrics, which package metrics keeps true.
func TestDashboardAsksForWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("../reconciler/metrics/README.md")
	require.NoError(t, err)
	there := map[string]bool{}
	for _, name := range listed.FindAllStringSubmatch(string(text), -1) {
		there[name[1]] = true
	}
	config := one[corev1.ConfigMap](t, "dashboards", "ConfigMap", "assay-dashboard")
	require.Equal(t, "1", config.Labels["grafana_dashboard"])
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(config.Data["assay.json"]), &board))
	require.NotEmpty(t, board.Panels)
	for _, panel := range board.Panels {
		require.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			require.Equal(t, strings.Count(target.Expr, "("), strings.Count(target.Expr, ")"), target.Expr)
			names := metric.FindAllString(target.Expr, -1)
			require.NotEmpty(t, names, target.Expr)
			for _, name := range names {
				require.True(t, there[strings.TrimSuffix(name, "_bucket")], "%s: there is no metric %s", panel.Title, name)
			}
		}
	}
}
