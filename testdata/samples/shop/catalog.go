package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// product is what the catalog says of one; Price is in cents.
type product struct {
	Name     string `json:"name"`
	Price    int64  `json:"price"`
	Currency string `json:"currency"`
}

// newCatalog serves /products and /products/NAME. Its settings: CURRENCY, PRICES and SEASONAL (name:price, with commas between).
func newCatalog(settings settings) (http.Handler, error) {
	if settings["CURRENCY"] == "" {
		return nil, errors.New("CURRENCY is not set")
	}
	products := map[string]product{}
	for _, key := range []string{"PRICES", "SEASONAL"} {
		for _, entry := range strings.FieldsFunc(settings[key], func(r rune) bool { return r == ',' }) {
			name, price, _ := strings.Cut(entry, ":")
			amount, err := cents(price)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", key, name, err)
			}
			products[name] = product{Name: name, Price: amount, Currency: settings["CURRENCY"]}
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, slices.SortedFunc(maps.Values(products), func(a, b product) int { return cmp.Compare(a.Name, b.Name) }))
	})
	mux.HandleFunc("GET /products/{name}", func(w http.ResponseWriter, r *http.Request) {
		p, there := products[r.PathValue("name")]
		if !there {
			http.Error(w, "there is no such product", http.StatusNotFound)
			return
		}
		answer(w, p)
	})
	return mux, nil
}
