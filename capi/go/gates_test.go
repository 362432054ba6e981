// gates_test.go - when a loop runs, and when it does not; what an engine is asked to be.
// Method: scenarios on the virtual clock.

package gyre

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestGatesTimingAndParentsAreOfALoop(t *testing.T) {
	engine, err := NewVirtual(1)
	must(t, err)
	defer engine.Close()
	add := func(o Options, run func(*Tick) error) Loop {
		o.Interval, o.Jitter = time.Second, None
		loop, err := engine.AddLoop(o, run)
		must(t, err)
		return loop
	}
	cycles := func(l Loop) uint64 {
		m, err := l.Metrics()
		must(t, err)
		return m.Cycles
	}
	fine := func(*Tick) error { return nil }
	gated := add(Options{Name: "gated", Gates: []Gate{{Kind: GateCPU, CloseAt: 50, OpenAt: 40},
		{Kind: GateMemory}, {Kind: GateMode}}}, fine)
	late := add(Options{Name: "late", Gates: []Gate{{Kind: GateLatency, CloseAt: 30}}},
		func(tick *Tick) error { return tick.Spend(40 * time.Millisecond) })
	fails := add(Options{Name: "fails", Backoff: 30 * time.Second, BackoffCap: 40 * time.Second,
		Missed: MissedSkip}, func(*Tick) error { return errors.New("on purpose") })
	child := add(Options{Name: "child", Parent: "gated", Priority: 5, Timeout: time.Minute}, fine)
	waits := add(Options{Name: "waits", Paused: true, Deferrable: true}, fine)
	now := 10 * time.Second
	must(t, engine.AdvanceTo(now))
	if cycles(gated) != 11 || cycles(late) > 4 || cycles(fails) != 1 || cycles(waits) != 0 {
		t.Fatal(cycles(gated), cycles(late), cycles(fails), cycles(waits))
	}
	sixty, ninety, one := 60.0, 90.0, 1.0
	wrong := []Reading{{CPUPercent: &sixty}, {MemoryPercent: &ninety}, {Mode: "nightly"}}
	for _, wrong := range wrong {
		before := cycles(gated)
		must(t, engine.Supply(wrong))
		now += 5 * time.Second
		must(t, engine.AdvanceTo(now))
		shut := cycles(gated)
		must(t, engine.Supply(Reading{CPUPercent: &one, Mode: "normal"}))
		now += 5 * time.Second
		must(t, engine.AdvanceTo(now))
		if shut != before || cycles(gated) != before+5 {
			t.Fatal(wrong, before, shut, cycles(gated))
		}
	}
	grandchild := add(Options{Name: "grandchild", Parent: "child"}, fine)
	must(t, engine.Remove(gated))
	if len(engine.loops) != 3 {
		t.Fatal("what removed loops did is kept", engine.loops)
	}
	_, err = grandchild.Metrics()
	refusedAs(t, err, ErrStale)
	_, err = child.Metrics()
	refusedAs(t, err, ErrStale)
	refusedAs(t, engine.Add(Options{Name: "orphan", Interval: time.Second, Parent: "gated"}, fine),
		ErrNotFound)
}

func TestAnEngineHasAStoreAndASeedOfItsOwn(t *testing.T) {
	folder := t.TempDir()
	for i := 0; i < 2; i++ {
		engine, err := NewWith(EngineOptions{Virtual: true, Store: folder, MemoryRing: 8})
		must(t, err)
		records, err := engine.Recall(Query{})
		must(t, err)
		if len(records) != i {
			t.Fatal("opened again it remembers", records)
		}
		must(t, engine.Remember(Record{Text: "a river"}))
		must(t, engine.Sync())
		text, err := engine.Snapshot()
		must(t, err)
		if !strings.Contains(text, `"seed":"1"`) || strings.Contains(text, `"store":null`) {
			t.Fatal(text)
		}
		must(t, engine.Close())
	}
	_, err := NewWith(EngineOptions{Store: "a\x00b"})
	refusedAs(t, err, ErrArg)
	_, err = NewWith(EngineOptions{Window: -time.Second})
	refusedAs(t, err, ErrArg)
}

// RunDue, Run and AdvanceTo never returned.
func TestLoopsThatTriggerThemselvesLetTheirEngineGo(t *testing.T) {
	var engine *Engine
	ran, options := 0, Options{Name: "again", Interval: time.Hour, Jitter: None}
	trigger := func(*Tick) error {
		if ran++; ran > 100_000 {
			panic("for ever")
		}
		loop, err := engine.Find("again")
		must(t, err)
		return loop.Trigger()
	}
	engine = engineOf(t, options, trigger)
	for i := 1; i < 3; i++ {
		n, next, err := engine.RunDue(time.Second)
		if err != nil || n == 0 || next != time.Second || ran > i*rounds {
			t.Fatal(n, next, err, ran)
		}
	}
	virtual, err := NewVirtual(1)
	must(t, err)
	defer virtual.Close()
	engine = virtual
	must(t, engine.Add(options, trigger))
	refusedAs(t, engine.AdvanceTo(time.Minute), ErrState)
}
