package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// quote is what a customer would pay; amounts are in cents, and Tax is the part of Total that is tax.
type quote struct {
	Product  string `json:"product"`
	Quantity int64  `json:"quantity"`
	Goods    int64  `json:"goods"`
	Shipping int64  `json:"shipping"`
	Total    int64  `json:"total"`
	Tax      int64  `json:"tax"`
	Currency string `json:"currency"`
}

// checkout is the service with its settings: CURRENCY, TAX_PERCENT, SHIPPING, FREE_SHIPPING_FROM, CATALOG_URL and CATALOG_TIMEOUT.
type checkout struct {
	currency           string
	taxPercent         int64
	shipping, freeFrom int64
	catalog            string
	client             http.Client
}

// newCheckout serves /quote?product=NAME&quantity=N.
func newCheckout(settings settings, catalog string) (http.Handler, error) {
	c := &checkout{currency: settings["CURRENCY"], catalog: cmp.Or(catalog, settings["CATALOG_URL"])}
	var err error
	if c.shipping, err = settings.amount("SHIPPING"); err != nil {
		return nil, err
	}
	if c.freeFrom, err = settings.amount("FREE_SHIPPING_FROM"); err != nil {
		return nil, err
	}
	if c.taxPercent, err = strconv.ParseInt(settings["TAX_PERCENT"], 10, 64); err != nil || c.taxPercent < 0 {
		return nil, fmt.Errorf("TAX_PERCENT: %q is no percentage", settings["TAX_PERCENT"])
	}
	if c.client.Timeout, err = time.ParseDuration(settings["CATALOG_TIMEOUT"]); err != nil {
		return nil, fmt.Errorf("CATALOG_TIMEOUT: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /quote", c.quote)
	return mux, nil
}

func (c *checkout) quote(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("product")
	quantity, err := strconv.ParseInt(cmp.Or(r.URL.Query().Get("quantity"), "1"), 10, 32)
	if err != nil || quantity < 1 {
		http.Error(w, "the quantity is a number from 1 on", http.StatusBadRequest)
		return
	}
	p, status, err := c.product(r, name)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	q := quote{Product: name, Quantity: quantity, Goods: p.Price * quantity, Shipping: c.shipping, Currency: c.currency}
	if q.Goods >= c.freeFrom {
		q.Shipping = 0
	}
	q.Total = q.Goods + q.Shipping
	q.Tax = q.Total * c.taxPercent / (100 + c.taxPercent)
	answer(w, q)
}

// product asks the catalog. It never guesses a rate: a price in another currency cannot be sold.
func (c *checkout) product(r *http.Request, name string) (p product, status int, err error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, c.catalog+"/products/"+url.PathEscape(name), nil)
	if err != nil {
		return p, http.StatusInternalServerError, err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return p, http.StatusBadGateway, fmt.Errorf("the catalog does not answer: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return p, response.StatusCode, fmt.Errorf("the catalog answers %s for %q", response.Status, name)
	}
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
		return p, http.StatusBadGateway, fmt.Errorf("the catalog's answer cannot be read: %w", err)
	}
	if p.Currency != c.currency {
		return p, http.StatusInternalServerError, fmt.Errorf("%s costs %s, and this checkout takes %s", name, p.Currency, c.currency)
	}
	return p, http.StatusOK, nil
}
