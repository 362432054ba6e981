// gyre_test.go - what the wrapper promises beyond its example.
// Method: scenarios over an engine whose clock is the test's.

package gyre

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func engineOf(t *testing.T, o Options, run func(*Tick) error) *Engine {
	t.Helper()
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Add(o, run); err != nil {
		t.Fatal(err)
	}
	return e
}

// The engine's clock stands still while ticks run, so they once took 0 ms all of them.
func TestDurationsAreMeasured(t *testing.T) {
	e := engineOf(t, Options{Name: "works", Interval: time.Millisecond}, func(*Tick) error {
		for begin := time.Now(); time.Since(begin) < 2*time.Millisecond; {
		}
		return nil
	})
	var now time.Duration
	for ran := 0; ran < 5; {
		n, next, err := e.RunDue(now)
		if err != nil {
			t.Fatal(err)
		}
		ran, now = ran+n, next
	}
	totals, err := e.Totals()
	if err != nil || totals.P50 < 1900*time.Microsecond {
		t.Fatal(totals, err)
	}
}

func TestNothingPlannedIsNever(t *testing.T) {
	if due(-1) != Never || due(1.5) != 1500*time.Microsecond || due(0) != 0 {
		t.Fatal(due(-1), due(1.5), due(0))
	}
}

type wordless struct{ text string }

func (w *wordless) Error() string { return w.text }

// It took the goroutine that runs the engine with it.
func TestAnErrorWhoseWordsPanicIsAFailedTick(t *testing.T) {
	ran := 0
	e := engineOf(t, Options{Name: "fails", Interval: time.Millisecond}, func(*Tick) error {
		ran++
		var none *wordless
		return none
	})
	if _, _, err := e.RunDue(time.Millisecond); err != nil || ran == 0 {
		t.Fatal(ran, err)
	}
	text, err := e.Snapshot()
	if err != nil || !strings.Contains(text, `"last_error":"an error of type *gyre.wordless`) {
		t.Fatal(text, err)
	}
}

func TestTextsWithNUL(t *testing.T) {
	var got []error
	e := engineOf(t, Options{Name: "fine", Interval: time.Millisecond}, func(tick *Tick) error {
		_, err := tick.Knob("a\x00b")
		got = append(got, err, tick.Feature("a\x00b", 1))
		return errors.New("before\x00after")
	})
	list := []Options{
		{Name: "a\x00b", Interval: time.Millisecond},
		{Name: "a", Interval: time.Millisecond, Group: "g\x00"},
		{Name: "a", Interval: time.Millisecond,
			Knobs: []Knob{{Name: "\x00k", Values: []float64{1}}}},
		{Name: "a", Interval: time.Millisecond,
			Features: []Feature{{Name: "f\x00", Edges: []float64{1}}}},
	}
	for _, o := range list {
		got = append(got, e.Add(o, func(*Tick) error { return nil }))
	}
	if ran, _, err := e.RunDue(time.Millisecond); ran == 0 || err != nil {
		t.Fatal(ran, err)
	}
	if len(got) != len(list)+2 {
		t.Fatal(got)
	}
	for _, err := range got {
		if err == nil || !strings.Contains(err.Error(), "contains NUL") {
			t.Error(err)
		}
	}
	if totals, err := e.Totals(); err != nil || totals.Errors != 1 || totals.Loops != 1 {
		t.Fatal(totals, err)
	}
}
