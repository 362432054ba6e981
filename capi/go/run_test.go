// run_test.go - contexts, errors that can be told apart, the bus.
// Method: scenarios; only Run goes by the machine's clock, and ends when enough has run.

package gyre_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gyre.example/gyre"
)

func newEngine(t *testing.T) *gyre.Engine {
	t.Helper()
	engine, err := gyre.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return engine
}

func TestRunEndsWithItsContext(t *testing.T) {
	engine := newEngine(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ticks := 0
	err := engine.Add(gyre.Options{Name: "a", Interval: time.Millisecond},
		func(*gyre.Tick) error {
			if ticks++; ticks == 20 {
				cancel()
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if totals, err := engine.Totals(); err != nil || totals.Ticks < 20 || totals.Errors != 0 {
		t.Fatal(totals, err)
	}
}

func TestErrorsCanBeToldApart(t *testing.T) {
	engine := newEngine(t)
	nothing := func(*gyre.Tick) error { return nil }
	if err := engine.Add(gyre.Options{Name: "a", Interval: time.Second}, nothing); err != nil {
		t.Fatal(err)
	}
	err := engine.Add(gyre.Options{Name: "a", Interval: time.Second}, nothing)
	if !errors.Is(err, gyre.ErrExists) || errors.Is(err, gyre.ErrStale) {
		t.Fatal(err)
	}
	if wrapped := fmt.Errorf("adding: %w", err); !errors.Is(wrapped, gyre.ErrExists) {
		t.Fatal(wrapped)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Totals(); !errors.Is(err, gyre.ErrStale) {
		t.Fatal(err)
	}
}

func TestMessagesReachWhoSubscribed(t *testing.T) {
	engine := newEngine(t)
	orders, err := engine.Subscribe("shop.*.new")
	if err != nil {
		t.Fatal(err)
	}
	defer orders.Close()
	long := strings.Repeat("x", 5000)
	for _, payload := range []string{"\x00\x01", "", long} {
		if err := engine.Publish("shop.orders.new", []byte(payload)); err != nil {
			t.Fatal(err)
		}
	}
	if err := engine.Publish("a..b", nil); !errors.Is(err, gyre.ErrArg) {
		t.Fatal(err)
	}
	if _, _, err := engine.RunDue(time.Second); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x00\x01", "", long} {
		m, some, err := orders.Next()
		if err != nil || !some || m.Topic != "shop.orders.new" || string(m.Payload) != want {
			t.Fatal(m, some, err)
		}
	}
	if _, some, err := orders.Next(); some || err != nil {
		t.Fatal(some, err)
	}
}
