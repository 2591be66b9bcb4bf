package azure

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlaceOfALongText(t *testing.T) {
	for description, want := range map[string]*place{
		"":         nil,
		"Because.": nil,
		"A\n<!-- assay:text thread=12 comment=1 -->":       {12, 1},
		"A\n<!-- assay:text thread=12 comment=1 -->\r\n":   {12, 1},
		"A\n<!-- assay:text thread=12 comment=1 -->\nMore": nil, // a person wrote on
		"A\n<!-- assay:claim {} -->":                       nil,
	} {
		require.Equal(t, want, placeOf(description), description)
	}
	require.GreaterOrEqual(t, restRoom, len(rest)+40, "room for the numbers")
	require.True(t, fits(strings.Repeat("ü", mostText)))
	require.False(t, fits(strings.Repeat("ü", mostText+1)))
}
