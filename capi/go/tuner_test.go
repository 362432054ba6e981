// tuner_test.go - a tuner by itself, and one in a loop, over the wrapper.
// Method: services whose best setting is known; what is refused is refused in words.

package gyre

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

var (
	codecs   = Knob{Name: "codec", Names: []string{"zlib", "none"}}
	requests = Feature{Name: "request", Names: []string{"read", "write"}}
)

// earned is most for a read (0) with "none" (1), for a write with "zlib".
func earned(request, codec float64, call int) float64 {
	noise := float64(call*7919%101) / 50
	if request == codec {
		return 6 + noise
	}
	return 10 + noise
}

func TestTunerByItself(t *testing.T) {
	levels, err := Linear(0, 4, 5)
	if err != nil {
		t.Fatal(err)
	}
	o := TunerOptions{Seed: 3, Knobs: []Knob{{Name: "level", Values: levels}, codecs},
		Features: []Feature{requests}, Tuning: &Tuning{Forbidden: []Setting{{"level": 4}}}}
	tuner, err := NewTuner(o)
	if err != nil {
		t.Fatal(err)
	}
	defer tuner.Close()
	for call := 0; call < 400; call++ {
		request := float64(call % 2)
		state, err := tuner.State(request)
		action, propensity, err2 := tuner.Choose(state)
		set, err3 := tuner.Values(action)
		if err != nil || err2 != nil || err3 != nil || propensity <= 0 || set[0] == 4 {
			t.Fatal(err, err2, err3, propensity, set)
		}
		if err := tuner.Observe(state, action, earned(request, set[1], call)+set[0]); err != nil {
			t.Fatal(err)
		}
	}
	for state := uint32(0); state < 2; state++ {
		r, err := tuner.Report(state)
		set, err2 := tuner.Values(r.Best)
		if err != nil || err2 != nil || set[0] != 3 || set[1] != float64(1-state) ||
			!math.IsNaN(r.Baseline) || !(r.Low <= r.Estimate && r.Estimate <= r.High) {
			t.Error(err, err2, set, r)
		}
	}
	if tuner.Observe(2, 0, 1) == nil || tuner.ObserveFailure(0, 10) == nil {
		t.Error("what is out of range was taken")
	}
	if m, err := tuner.Learned(); err != nil || m.Observations != 400 || m.Refused != 2 ||
		m.States != 2 || m.Actions != 10 {
		t.Error(m, err)
	}
	goesOn(t, tuner, o)
}

// goesOn checks that another tuner goes on with what this one saved, and that none is loaded from
// damaged bytes.
func goesOn(t *testing.T, tuner *Tuner, o TunerOptions) {
	other, err := NewTuner(o)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	saved, err := tuner.Save()
	if err != nil || other.Load(saved) != nil {
		t.Fatal(err)
	}
	damaged := other.Load(saved[:len(saved)/2])
	if damaged == nil || !strings.Contains(damaged.Error(), "damaged") {
		t.Error(damaged)
	}
	for i := uint32(0); i < 20; i++ {
		a, _, _ := tuner.Choose(i%2, 3)
		b, _, _ := other.Choose(i%2, 3)
		if a != b || a == 3 {
			t.Fatal(i, a, b)
		}
	}
	if err := other.SetMode(Frozen); err != nil || other.Observe(0, 0, 1) == nil {
		t.Error("frozen, it learned", err)
	}
}

func TestTunersThatCannotBe(t *testing.T) {
	for word, o := range map[string]TunerOptions{
		"NUL":   {Knobs: []Knob{{Name: "k", Names: []string{"a\x00"}}}},
		"two":   {Knobs: []Knob{{Name: "k", Names: []string{"a", "a"}}}},
		"level": {Knobs: []Knob{codecs}, Tuning: &Tuning{Baseline: Setting{"level": 1}}},
		"mode":  {Knobs: []Knob{codecs}, Tuning: &Tuning{Mode: 9}},
	} {
		if _, err := NewTuner(o); err == nil || !strings.Contains(err.Error(), word) {
			t.Error(word, err)
		}
	}
	if _, err := Geometric(0, 1, 3); err == nil {
		t.Error("a range from 0")
	}
	if _, err := Linear(0, 1, -1); err == nil {
		t.Error("a range of none")
	}
}

func TestTunedLoop(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	calls := 0
	loop, err := e.AddLoop(Options{Name: "tuned", Interval: 10 * time.Millisecond,
		Knobs: []Knob{codecs}, Features: []Feature{requests},
		Tuning: &Tuning{Baseline: Setting{"codec": 0}, Mode: Observe}}, func(tick *Tick) error {
		calls++
		request := float64(calls % 2)
		if err := tick.Feature("request", request); err != nil {
			return err
		}
		codec, err := tick.Knob("codec")
		if err != nil {
			return err
		}
		return tick.Cost(20 - earned(request, codec, calls))
	})
	if err != nil || e.Start() != nil {
		t.Fatal(err)
	}
	var now time.Duration
	run := func(to int) {
		for calls < to {
			var err error
			if _, now, err = e.RunDue(now); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(100)
	if m, err := loop.Learned(); err != nil || m.CellsTried != 2 {
		t.Error("the baseline in two states:", m, err)
	}
	if err := loop.SetMode(Tune); err != nil {
		t.Fatal(err)
	}
	if err := loop.SetAtRandom(.5); err != nil {
		t.Fatal(err)
	}
	if loop.SetExploration(.1, .1, 0) == nil || loop.SetAtRandom(2) == nil {
		t.Error("exploration of a tuner, a part of 2")
	}
	run(1000)
	if told, err := loop.WhatIf(Setting{"codec": 0}); err != nil || told.Fewest < 50 ||
		told.AsSeen.Value > -7 || told.AsSeen.Low >= told.AsSeen.High {
		t.Error(told, err)
	}
	if _, err := loop.WhatIf(Setting{"codec": 2}); err == nil {
		t.Error("a value that is none")
	}
	for state := uint32(0); state < 2; state++ {
		r, err := loop.Report(state)
		set, err2 := loop.Values(r.Best)
		if err != nil || err2 != nil || set[0] != float64(1-state) || math.IsNaN(r.Baseline) {
			t.Error(state, r, set, err, err2)
		}
	}
}

func TestWhatIf(t *testing.T) {
	log := []Decision{{0, 0, .5, 1}, {0, 1, .5, 3}, {0, 1, .25, 5}, {0, 0, .75, 1}, {9, 0, 1, 0}}
	told, err := WhatIf(log, 1, 2, 1)
	if err != nil || told.Rows != 4 || told.Refused != 1 || math.Abs(told.IPS.Value-6.5) > 1e-9 ||
		told.AsSeen.Value != 4 || told.Fewest != 2 {
		t.Error(told, err)
	}
	if _, err := WhatIf(log, 1, 2, 2); err == nil {
		t.Error("an action that is none")
	}
	same, err := WhatIfPolicy(log, 1, 2, []float64{0, 1})
	if err != nil || same.IPS != told.IPS || same.AsSeen.Value != told.AsSeen.Value {
		t.Error(same, err)
	}
	half, err := WhatIfPolicy(log, 1, 2, []float64{0.5, 0.5})
	if err != nil || half.AsSeen.Value != 2.5 {
		t.Error(half, err)
	}
	if _, err := WhatIfPolicy(log, 1, 2, []float64{1}); !errors.Is(err, ErrArg) {
		t.Error("half a policy:", err)
	}
}
