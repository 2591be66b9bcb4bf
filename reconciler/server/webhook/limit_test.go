package webhook

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnyNumberOfSendersTakesBoundedMemory(t *testing.T) {
	l, now := newLimits(), time.Unix(1700000000, 0)
	for i := range 3 * mostSenders {
		l.allow(fmt.Sprint("sender ", i), now)
		require.LessOrEqual(t, len(l.of), mostSenders)
	}
	require.False(t, l.allow("one more", now), "those that are not told apart share one limit, which is used up")
	require.True(t, l.allow("sender 0", now), "who is known has his own")

	require.True(t, l.allow("one more", now.Add(time.Minute)))
	require.Len(t, l.of, 1, "who sent nothing lately is forgotten")
}

func TestSenderIsTheNetworkThatAnAddressIsOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:4711":            "192.0.2.7",
		"[::ffff:192.0.2.7]:4711":   "192.0.2.7",
		"[2001:db8:1:2:3::4]:4711":  "2001:db8:1:2::/64",
		"[2001:db8:1:2:99::1]:4712": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:4711":       "fe80::/64",
		"@":                         "@",
	} {
		require.Equal(t, want, senderOf(address), address)
	}
}
