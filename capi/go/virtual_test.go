// virtual_test.go - the virtual clock, learners and the memory: what repeats, what is refused.
// Method: scenarios on the virtual clock.

package gyre_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gyre.example/gyre"
)

// hash runs a loop for ten seconds.
func hash(t *testing.T, seed uint64, step time.Duration) string {
	t.Helper()
	engine, err := gyre.NewVirtual(seed)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	calls := 0
	loop, err := engine.AddLoop(gyre.Options{Name: "a", Interval: 10 * time.Millisecond,
		Knobs: []gyre.Knob{{Name: "k", Values: []float64{1, 2, 3}}}},
		func(tick *gyre.Tick) error {
			calls++
			if calls%50 == 0 {
				panic("now and then")
			}
			k, err := tick.Knob("k")
			if err != nil {
				return err
			}
			return tick.Reward(k)
		})
	if err != nil {
		t.Fatal(err)
	}
	for at := step; at <= 10*time.Second; at += step {
		if err := engine.AdvanceTo(at); err != nil {
			t.Fatal(err)
		}
	}
	now, err := engine.Now()
	m, failed := loop.Metrics()
	k, unset := loop.Knob("k")
	if err != nil || failed != nil || unset != nil || now != 10*time.Second || k < 1 || k > 3 ||
		m.Cycles != uint64(calls) || m.Errors != uint64(calls/50) || calls < 800 {
		t.Fatal(now, m, k, calls, err, failed, unset)
	}
	out, err := engine.TraceHash()
	if err != nil || len(out) != 16 {
		t.Fatal(out, err)
	}
	return out
}

func TestTheVirtualClockRepeats(t *testing.T) {
	first := hash(t, 7, 10*time.Second)
	if again := hash(t, 7, 100*time.Millisecond); again != first {
		t.Error("another trace in other steps:", first, again)
	}
	if other := hash(t, 8, 10*time.Second); other == first {
		t.Error("another seed has the same trace")
	}
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	_, err := gyre.NewLearner(gyre.LearnerOptions{States: 1 << 20, Actions: 2})
	if !errors.Is(err, gyre.ErrArg) {
		t.Error(err)
	}
	learner, err := gyre.NewLearner(gyre.LearnerOptions{States: 2, Actions: 2, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := learner.Choose([]uint32{0, 1}, make([]uint32, 1)); !errors.Is(err, gyre.ErrArg) {
		t.Error(err)
	}
	if err := learner.Choose([]uint32{2}, make([]uint32, 1)); !errors.Is(err, gyre.ErrArg) {
		t.Error(err)
	}
	if err := learner.Observe(gyre.Transition{Next: 2}); !errors.Is(err, gyre.ErrArg) {
		t.Error(err)
	}
	if err := learner.Close(); err != nil {
		t.Error(err)
	}
	if _, err := learner.Q(); !errors.Is(err, gyre.ErrStale) {
		t.Error(err)
	}
	engine := newEngine(t)
	if err := engine.AdvanceTo(time.Second); !errors.Is(err, gyre.ErrState) {
		t.Error("a host's engine was advanced:", err)
	}
	if err := engine.Remember(gyre.Record{Text: "a", Importance: 2}); !errors.Is(err, gyre.ErrArg) {
		t.Error(err)
	}
	if err := engine.Remember(gyre.Record{Text: "a\x00b"}); !errors.Is(err, gyre.ErrArg) {
		t.Error(err)
	}
	if kept, err := engine.Recall(gyre.Query{}); err != nil || len(kept) != 0 {
		t.Error(kept, err)
	}
}

// A long memory takes more room than is given at first; equal instants are no bound.
func TestAllOfALongMemoryIsRecalled(t *testing.T) {
	engine := newEngine(t)
	long := strings.Repeat("gyre ", 300)
	for i := 0; i < 20; i++ {
		if err := engine.Remember(gyre.Record{Text: long, User: string(rune('a' + i))}); err != nil {
			t.Fatal(err)
		}
	}
	hour := time.Hour
	kept, err := engine.Recall(gyre.Query{From: time.Now().Add(-hour), To: time.Now().Add(hour)})
	if err != nil || len(kept) != 20 || kept[19].Text != long {
		t.Error(len(kept), err)
	}
	kept, err = engine.Recall(gyre.Query{To: time.Now().Add(-time.Hour)})
	if err != nil || len(kept) != 0 {
		t.Error(len(kept), err)
	}
}

func TestAnEngineGoesOnFromWhatAnotherSaved(t *testing.T) {
	var engines [2]*gyre.Engine
	learn := func(engine *gyre.Engine) {
		_, err := engine.AddLoop(gyre.Options{Name: "a", Interval: 10 * time.Millisecond,
			Knobs: []gyre.Knob{{Name: "k", Values: []float64{1, 2, 3}}}},
			func(tick *gyre.Tick) error {
				k, err := tick.Knob("k")
				if err != nil {
					return err
				}
				return tick.Reward(k)
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range engines {
		engine, err := gyre.NewVirtual(7)
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		engines[i] = engine
	}
	first, second := engines[0], engines[1]
	learn(first)
	if err := first.Remember(gyre.Record{Text: strings.Repeat("a river ", 9000)}); err != nil {
		t.Fatal(err)
	}
	if err := first.AdvanceTo(time.Second); err != nil {
		t.Fatal(err)
	}
	saved, err := first.Save()
	if err != nil || len(saved) < 1<<16 { // more than is asked for at first
		t.Fatal(len(saved), err)
	}
	if _, err := second.Load(saved[:len(saved)-1]); !errors.Is(err, gyre.ErrCorrupt) {
		t.Error(err)
	}
	if left, err := second.Load(saved); left != 1 || err != nil { // there is no such loop yet
		t.Error(left, err)
	}
	learn(second)
	if left, err := second.Load(saved); left != 0 || err != nil {
		t.Error(left, err)
	}
	if again, err := second.Save(); string(again) != string(saved) || err != nil {
		t.Error(len(again), err)
	}
}
