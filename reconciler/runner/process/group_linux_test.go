package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/tests"
)

func TestGroupBoundsAllProcessesTogether(t *testing.T) {
	g, missing := newGroup("bounds", groupLimits{Memory: 64 << 20, MilliCPU: 250})
	defer g.remove()
	if len(missing) > 0 {
		t.Skipf("this user may not create control groups for %v here", missing)
	}
	want := map[string]string{"memory.limit_in_bytes": "67108864", "memory.max": "67108864", "cpu.cfs_quota_us": "25000", "cpu.max": "25000 100000"}
	got := map[string]string{}
	for _, dir := range g.dirs {
		for file := range want {
			if data, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
				got[file] = strings.TrimSpace(string(data))
			}
		}
	}
	require.Len(t, got, 2, "one file of either version for each limit")
	require.Subset(t, want, got)
	g.remove()
	for _, dir := range g.dirs {
		require.NoDirExists(t, dir)
	}
}

func TestGroupLimits(t *testing.T) {
	cases := map[string]struct {
		asked  tests.ResourceList
		most   int64
		want   groupLimits
		refuse string
	}{
		"nothing":            {},
		"the Suite's":        {asked: tests.ResourceList{CPU: "1.5", Memory: "1Mi"}, want: groupLimits{Memory: 1 << 20, MilliCPU: 1500}},
		"the operator's":     {most: 1 << 20, want: groupLimits{Memory: 1 << 20}},
		"less than they may": {asked: tests.ResourceList{Memory: "1Ki"}, most: 1 << 20, want: groupLimits{Memory: 1 << 10}},
		"more than they may": {asked: tests.ResourceList{Memory: "1Gi"}, most: 1 << 20, want: groupLimits{Memory: 1 << 20}},
		"no cores":           {asked: tests.ResourceList{CPU: "0"}, refuse: "cpu"},
		"no memory":          {asked: tests.ResourceList{Memory: "much"}, refuse: "memory"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			r := &Runner{options: Options{Limits: Limits{Memory: test.most}}}
			got, err := r.groupLimits(test.asked)
			if test.refuse != "" {
				require.ErrorContains(t, err, "resources.limits."+test.refuse)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}
