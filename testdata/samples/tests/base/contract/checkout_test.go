package contract

import (
	"fmt"
	"net/http"
	"testing"
)

type quote struct {
	Goods, Shipping, Total, Tax int64
	Currency                    string
}

func quoteOf(t *testing.T, product string, quantity int) (q quote) {
	t.Helper()
	get(t, fmt.Sprintf("%s/quote?product=%s&quantity=%d", checkout(), product, quantity), http.StatusOK, &q)
	return q
}

func TestQuoteAddsUp(t *testing.T) {
	var p product
	get(t, catalog()+"/products/espresso", http.StatusOK, &p)
	q := quoteOf(t, "espresso", 2)
	if q.Goods != 2*p.Price {
		t.Errorf("two at %d come to %d", p.Price, q.Goods)
	}
	if q.Total != q.Goods+q.Shipping {
		t.Errorf("%d and %d for shipping come to %d", q.Goods, q.Shipping, q.Total)
	}
	if q.Tax <= 0 || q.Tax >= q.Total {
		t.Errorf("the tax in %d is %d", q.Total, q.Tax)
	}
}

func TestQuoteIsInTheCatalogsCurrency(t *testing.T) {
	var p product
	get(t, catalog()+"/products/beans", http.StatusOK, &p)
	if q := quoteOf(t, "beans", 1); q.Currency != p.Currency {
		t.Errorf("beans cost %s in the catalog, and %s at checkout", p.Currency, q.Currency)
	}
}

func TestLargeOrdersShipFree(t *testing.T) {
	if q := quoteOf(t, "beans", 20); q.Shipping != 0 {
		t.Errorf("an order of %d pays %d for shipping", q.Goods, q.Shipping)
	}
}

func TestUnknownProductHasNoQuote(t *testing.T) {
	get(t, checkout()+"/quote?product=tea-for-two", http.StatusNotFound, nil)
}
