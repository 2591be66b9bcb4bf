package azure

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhereTheTokenIsShown(t *testing.T) {
	for _, c := range []struct {
		organization, address string
		want                  bool
	}{
		{"https://dev.azure.com/shop", "https://vssps.dev.azure.com/shop/", true},
		{"https://shop.visualstudio.com", "https://shop.vssps.visualstudio.com/", true},
		{"https://dev.azure.com/shop", "https://spsprodweu1.vssps.visualstudio.com/A1/", true},
		{"https://tfs.example.com/tfs/DefaultCollection", "https://tfs.example.com/tfs/", true},
		{"https://tfs.example.com/tfs/DefaultCollection", "https://vssps.dev.azure.com/shop/", false},
		{"https://dev.azure.com/shop", "http://vssps.dev.azure.com/shop/", false},
		{"https://dev.azure.com/shop", "https://dev.azure.com.example.com/", false},
		{"https://dev.azure.com/shop", "https://[", false},
	} {
		p := &Provider{location: location{organization: c.organization}}
		require.Equal(t, c.want, p.reaches(c.address), c.address)
	}
}
