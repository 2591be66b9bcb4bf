package history_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
)

func TestRecentReadsBackToAMoment(t *testing.T) {
	everywhere(t, func(t *testing.T, s *history.Store) {
		for i := range 6 {
			v := history.Verification{
				ID: fmt.Sprint("v", i), Key: history.Key{Environment: "staging", Gate: []string{"shop", "cart"}[i%2]}, Phase: history.Running,
				Started: noon.Add(time.Duration(i) * time.Minute),
			}
			if i == 5 {
				v.Key.Environment = "prod"
			}
			_, err := s.Begin(t.Context(), v, nil)
			require.NoError(t, err)
		}
		for _, tt := range []struct {
			gate string
			from int
			want []string
		}{
			{"", 2, []string{"v4", "v3", "v2"}}, {"shop", 2, []string{"v4", "v2"}}, {"cart", 0, []string{"v3", "v1"}}, {"", 9, nil}, {"other", 0, nil},
		} {
			recent, err := s.Recent(t.Context(), "staging", tt.gate, noon.Add(time.Duration(tt.from)*time.Minute))
			require.NoError(t, err)
			var ids []string
			for _, v := range recent {
				ids = append(ids, v.ID)
			}
			require.Equal(t, tt.want, ids)
		}
	})
}
