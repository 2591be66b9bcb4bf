package webhook

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How much one sender may send: a burst such as of a merge train, and then a steady rate.
const (
	perSecond = 10
	burst     = 100
	// mostSenders is how many are told apart; those beyond share one limit.
	mostSenders = 1024
)

// limits bound what each sender may ask for.
type limits struct {
	mu     sync.Mutex
	of     map[string]*rate.Limiter
	beyond *rate.Limiter
}

func newLimits() *limits {
	return &limits{of: map[string]*rate.Limiter{}, beyond: rate.NewLimiter(perSecond, burst)}
}

// allow tells whether a sender may send now.
func (l *limits) allow(sender string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one, known := l.of[sender]
	if !known {
		if len(l.of) >= mostSenders {
			l.forget(now)
		}
		if len(l.of) >= mostSenders {
			return l.beyond.AllowN(now, 1)
		}
		one = rate.NewLimiter(perSecond, burst)
		l.of[sender] = one
	}
	return one.AllowN(now, 1)
}

// forget drops those who sent nothing lately: to them a new limit is the same.
func (l *limits) forget(now time.Time) {
	for sender, one := range l.of {
		if one.TokensAt(now) >= burst {
			delete(l.of, sender)
		}
	}
}

// senderOf is who sends, by the address of the connection. What a proxy says about whom it speaks for can be forged. An IPv6 network is one
// sender, since whoever has one address of it has all.
func senderOf(address string) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() {
		if network, err := ip.Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}
