// control_test.go - loops that are held up, hastened and looked at from outside.
// Method: scenarios on the virtual clock.

package gyre

import (
	"encoding/json"
	"testing"
	"time"
)

func TestLoopsArePausedTriggeredThrottledAndRemoved(t *testing.T) {
	engine, err := NewVirtual(1)
	must(t, err)
	defer engine.Close()
	ran, cancelled := map[string]int{}, false
	for _, name := range []string{"shop.a", "shop.b", "other"} {
		name := name
		must(t, engine.Add(Options{Name: name, Interval: time.Second}, func(tick *Tick) error {
			ran[name]++
			if name == "shop.b" && ran[name] == 1 {
				_, err := engine.StopAll("shop.b")
				cancelled = tick.Cancelled()
				return err
			}
			if err := tick.Spend(time.Millisecond); err != nil {
				return err
			}
			return tick.Vitality(0.5)
		}))
	}
	must(t, engine.Connect("shop.a", "other", 0.5))
	refusedAs(t, engine.Connect("shop.a", "other", 2), ErrArg)
	must(t, engine.AdvanceTo(10*time.Second))
	if !cancelled || ran["shop.b"] != 1 || ran["other"] < 9 {
		t.Fatal("ran", ran, "told to return:", cancelled)
	}
	a, err := engine.Find("shop.a")
	must(t, err)
	_, err = engine.Find("shop.c")
	refusedAs(t, err, ErrNotFound)
	before := ran["shop.a"]
	must(t, a.Pause())
	must(t, engine.AdvanceTo(20*time.Second))
	if ran["shop.a"] != before {
		t.Fatal("it was paused, and ran", ran["shop.a"]-before)
	}
	must(t, a.Resume())
	must(t, a.Trigger())
	must(t, engine.AdvanceTo(20*time.Second+time.Millisecond))
	if ran["shop.a"] != before+1 {
		t.Fatal("it was triggered, and ran", ran["shop.a"]-before)
	}
	must(t, engine.Remove(a))
	refusedAs(t, a.Pause(), ErrStale)
}

func TestManyLoopsAreHeldUpByNameAndLookedAt(t *testing.T) {
	engine, err := NewVirtual(1)
	must(t, err)
	defer engine.Close()
	ran := map[string]int{}
	for _, name := range []string{"shop.a", "shop.b", "other"} {
		name := name
		must(t, engine.Add(Options{Name: name, Interval: time.Second}, func(tick *Tick) error {
			ran[name]++
			return tick.Vitality(0.5)
		}))
	}
	must(t, engine.AdvanceTo(10*time.Second))
	if n, err := engine.ThrottleAll("oth?r", 10); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := engine.PauseAll("shop.*"); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := engine.ResumeAll("*"); n < 2 || err != nil {
		t.Fatal(n, err)
	}
	others := ran["other"]
	must(t, engine.AdvanceTo(50*time.Second))
	if others = ran["other"] - others; others < 3 || others > 6 {
		t.Fatal("a tenth of 40 is not", others)
	}
	score, err := engine.Score()
	must(t, err)
	text, err := engine.Snapshot()
	must(t, err)
	var snapshot struct{ Loops []struct{ Name string } }
	must(t, json.Unmarshal([]byte(text), &snapshot))
	if len(snapshot.Loops) != 3 || score <= 0 || score >= 1 {
		t.Fatal(len(snapshot.Loops), "loops,", score)
	}
	load, wrong := 20.0, -2.0
	must(t, engine.Supply(Reading{Mode: "night", CPUPercent: &load}))
	refusedAs(t, engine.Supply(Reading{LatencyMs: &wrong}), ErrArg)
	must(t, engine.AddSociety(20))
	must(t, engine.Consolidate())
	must(t, engine.Sync())
	must(t, engine.Stop(0))
	if totals, _ := engine.Totals(); totals.Loops != 7 {
		t.Fatal(totals.Loops, "loops")
	}
	if Version() == "" {
		t.Fatal("no version")
	}
}
