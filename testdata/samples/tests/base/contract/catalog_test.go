package contract

import (
	"net/http"
	"testing"
)

type product struct {
	Name     string
	Price    int64
	Currency string
}

func TestEveryProductHasAPrice(t *testing.T) {
	var products []product
	get(t, catalog()+"/products", http.StatusOK, &products)
	if len(products) < 3 {
		t.Errorf("the catalog holds %d products, want 3 or more", len(products))
	}
	for _, p := range products {
		if p.Price <= 0 || p.Currency == "" {
			t.Errorf("%s costs %d %q", p.Name, p.Price, p.Currency)
		}
	}
}

func TestUnknownProductIsNotFound(t *testing.T) {
	get(t, catalog()+"/products/tea-for-two", http.StatusNotFound, nil)
}
