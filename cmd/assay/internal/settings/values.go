package settings

import (
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/assay-dev/assay/reconciler/runner/process"
	"github.com/assay-dev/assay/rollback/gitprovider/connect"
	"github.com/assay-dev/assay/sources/tests"
)

// valueError says what a value must be.
type valueError struct{ value, must string }

func (e *valueError) Error() string { return fmt.Sprintf("%q must be %s", e.value, e.must) }

// The types of values below are decoded by envconfig, which hands an empty text to those that are not set: it changes nothing.

// choose finds a value among those that are allowed.
func choose[T ~string](to *T, text []byte, allowed ...T) error {
	if len(text) == 0 {
		return nil
	}
	if !slices.Contains(allowed, T(text)) {
		words := make([]string, len(allowed))
		for i, a := range allowed {
			words[i] = string(a)
		}
		last := len(words) - 1
		return &valueError{string(text), strings.Join(words[:last], ", ") + " or " + words[last]}
	}
	*to = T(text)
	return nil
}

// Mode is a tests.Mode.
type Mode tests.Mode

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Mode) UnmarshalText(text []byte) error {
	return choose((*tests.Mode)(m), text, tests.Shadow, tests.Propose, tests.Merge, tests.Commit)
}

// Isolation is a process.Level; empty is the best that works.
type Isolation process.Level

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *Isolation) UnmarshalText(text []byte) error {
	return choose((*process.Level)(i), text, process.Namespaces, process.UserNamespace, process.OwnUser, process.None)
}

// Provider is one of connect.Kinds.
type Provider string

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Provider) UnmarshalText(text []byte) error {
	return choose((*string)(p), text, connect.Kinds()...)
}

// LogEncoding is text or json.
type LogEncoding string

// UnmarshalText implements encoding.TextUnmarshaler.
func (e *LogEncoding) UnmarshalText(text []byte) error { return choose(e, text, "text", "json") }

// LogLevel is the least severity that is logged.
type LogLevel slog.Level

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *LogLevel) UnmarshalText(text []byte) error {
	var name string
	if err := choose(&name, text, "debug", "info", "warn", "error"); err != nil || name == "" {
		return err
	}
	return (*slog.Level)(l).UnmarshalText(text)
}

// Switch is true or false.
type Switch bool

// UnmarshalText implements encoding.TextUnmarshaler. What is neither is an error, since a stop that is misspelt must not go on.
func (s *Switch) UnmarshalText(text []byte) error {
	var word string
	if err := choose(&word, text, "true", "false"); err != nil {
		return err
	}
	*s = word == "true"
	return nil
}

// Count is a number from 0.
type Count int

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Count) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	n, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return &valueError{string(text), "a whole number from 0"}
	}
	*c = Count(n)
	return nil
}

// Interval is a time of more than nothing.
type Interval time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *Interval) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return &valueError{string(text), "a time of more than 0, such as 30s or 5m"}
	}
	*i = Interval(d)
	return nil
}

// Age is a time; 0 is no bound.
type Age time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Age) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return &valueError{string(text), "a time, such as 72h, or 0 for no bound"}
	}
	*a = Age(d)
	return nil
}

// LeaseDuration is a time of whole seconds, as a Lease holds it.
type LeaseDuration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler. In less time than the least one here, a leader could not renew its Lease a few times.
func (l *LeaseDuration) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 3*time.Second || d%time.Second != 0 {
		return &valueError{string(text), "a time of whole seconds, at least 3s, such as 15s"}
	}
	*l = LeaseDuration(d)
	return nil
}

// Link is where people are sent to read more.
type Link string

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Link) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	u, err := url.Parse(string(text))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return &valueError{string(text), "a URL without a password, such as https://assay.example.com/{environment}/{gate}"}
	}
	*l = Link(text)
	return nil
}

// Bytes is an amount of memory; 0 is no bound.
type Bytes int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bytes) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	quantity, err := resource.ParseQuantity(string(text))
	if err != nil || quantity.Sign() < 0 {
		return &valueError{string(text), "an amount of bytes, such as 512Mi or 2Gi"}
	}
	*b = Bytes(quantity.Value())
	return nil
}

// Glob is a pattern of paths in a config repository.
type Glob string

// UnmarshalText implements encoding.TextUnmarshaler. A pattern that matches nothing would protect nothing.
func (g *Glob) UnmarshalText(text []byte) error {
	pattern := string(text)
	if pattern == "" || strings.HasPrefix(pattern, "/") || !doublestar.ValidatePattern(pattern) {
		return &valueError{pattern, "a glob relative to the root of the repository, such as clusters/prod/**"}
	}
	*g = Glob(pattern)
	return nil
}

// Selector chooses objects by their labels.
type Selector string

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Selector) UnmarshalText(text []byte) error {
	if _, err := labels.Parse(string(text)); err != nil {
		return &valueError{string(text), "a label selector, such as sharding.fluxcd.io/key=shard1"}
	}
	*s = Selector(text)
	return nil
}

// Kind is a kind of Kubernetes objects.
type Kind string

var kindPattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Kind) UnmarshalText(text []byte) error {
	if !kindPattern.Match(text) {
		return &valueError{string(text), "a kind, such as PersistentVolumeClaim"}
	}
	*k = Kind(text)
	return nil
}
