package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/render"
)

// shop starts both services without anything deployed.
func shop(t *testing.T) (catalog, checkout string) {
	t.Helper()
	products := httptest.NewServer(&service{name: "catalog", start: newCatalog})
	t.Cleanup(products.Close)
	quotes := httptest.NewServer(&service{name: "checkout", start: func(s settings) (http.Handler, error) { return newCheckout(s, products.URL) }})
	t.Cleanup(quotes.Close)
	return products.URL, quotes.URL
}

// manifests renders an overlay of the sample config repository, changed by replacements.
func manifests(t *testing.T, overlay string, replace ...string) string {
	t.Helper()
	tree, err := render.OpenDirectory(filepath.Join("..", "config"))
	require.NoError(t, err)
	defer tree.Close()
	rendering, err := render.NewBuilder(nil).Build(t.Context(), tree, "overlays/"+overlay, render.Settings{})
	require.NoError(t, err)
	return strings.NewReplacer(replace...).Replace(string(rendering.YAML()))
}

func deployTo(t *testing.T, revision, manifests string, urls ...string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifests.yaml")
	require.NoError(t, os.WriteFile(file, []byte(manifests), 0o600))
	t.Setenv("ASSAY_MANIFESTS", file)
	t.Setenv("ASSAY_REVISION", revision)
	var args []string
	for _, url := range urls {
		args = append(args, "--to", url)
	}
	return deploy(args)
}

func answerOf(t *testing.T, url string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	return ask(request)
}

func TestDeployment(t *testing.T) {
	catalog, checkout := shop(t)
	_, err := answerOf(t, checkout+"/version")
	require.ErrorContains(t, err, "waits for its first deployment")

	for _, overlay := range []string{"dev", "staging", "prod"} {
		require.NoError(t, deployTo(t, "of-"+overlay, manifests(t, overlay), catalog, checkout))
		for _, service := range []string{catalog, checkout} {
			version, err := answerOf(t, service+"/version")
			require.NoError(t, err)
			require.Contains(t, version, `"revision":"of-`+overlay+`"`)
		}
		quote, err := answerOf(t, checkout+"/quote?product=espresso&quantity=2")
		require.NoError(t, err)
		require.JSONEq(t, `{"product":"espresso","quantity":2,"goods":480,"shipping":490,"total":970,"tax":154,"currency":"EUR"}`, quote)
	}
}

func TestSettingsSteer(t *testing.T) {
	catalog, checkout := shop(t)
	require.NoError(t, deployTo(t, "good", manifests(t, "staging"), catalog, checkout))
	quote := checkout + "/quote?product=beans&quantity=3"
	answer, err := answerOf(t, quote)
	require.NoError(t, err)
	require.Contains(t, answer, `"shipping":0`)

	require.NoError(t, deployTo(t, "dearer", manifests(t, "staging", `FREE_SHIPPING_FROM: "40.00"`, `FREE_SHIPPING_FROM: "90.00"`), checkout))
	answer, err = answerOf(t, quote)
	require.NoError(t, err)
	require.Contains(t, answer, `"shipping":490`)

	require.NoError(t, deployTo(t, "mixed", manifests(t, "staging", "CURRENCY: EUR\n  FREE", "CURRENCY: USD\n  FREE"), checkout))
	_, err = answerOf(t, quote)
	require.ErrorContains(t, err, "beans costs EUR, and this checkout takes USD")
}

func TestBadDeploymentsChangeNothing(t *testing.T) {
	catalog, checkout := shop(t)
	require.NoError(t, deployTo(t, "good", manifests(t, "prod"), catalog, checkout))
	for name, c := range map[string]struct{ manifests, want string }{
		"no yaml":       {"{", "manifests"},
		"no deployment": {"kind: ConfigMap\nmetadata: {name: checkout}\n", "no Deployment checkout"},
		"no config map": {strings.ReplaceAll(manifests(t, "prod"), "kind: ConfigMap", "kind: Secret"), "there is no ConfigMap checkout-"},
		"amount":        {manifests(t, "prod", `"4.90"`, `"4,90"`), `SHIPPING: "4,90" is no amount such as 4.90`},
		"timeout":       {manifests(t, "prod", "CATALOG_TIMEOUT: 1s", "CATALOG_TIMEOUT: soon"), "CATALOG_TIMEOUT"},
		"percentage":    {manifests(t, "prod", `TAX_PERCENT: "19"`, `TAX_PERCENT: most`), `"most" is no percentage`},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, deployTo(t, "bad", c.manifests, checkout), c.want)
			version, err := answerOf(t, checkout+"/version")
			require.NoError(t, err)
			require.Contains(t, version, `"revision":"good"`)
		})
	}
}

func TestUnknownProduct(t *testing.T) {
	catalog, checkout := shop(t)
	require.NoError(t, deployTo(t, "good", manifests(t, "dev"), catalog, checkout))
	_, err := answerOf(t, checkout+"/quote?product="+url.QueryEscape("tea/../x"))
	require.ErrorContains(t, err, "404")
	_, err = answerOf(t, checkout+"/quote?product=beans&quantity=0")
	require.ErrorContains(t, err, "400")
}
