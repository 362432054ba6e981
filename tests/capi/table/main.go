// main.go - two loops for a minute of virtual time, their table and trace, in Go.
// Method: one program in six languages; table.py compares what they print.
package main

import (
	"errors"
	"fmt"
	"time"

	"gyre.example/gyre"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	engine, err := gyre.NewVirtual(7)
	must(err)
	defer engine.Close()
	ship, err := engine.AddLoop(gyre.Options{Name: "ship", Interval: 20 * time.Millisecond,
		Knobs: []gyre.Knob{{Name: "level", Values: []float64{0, 1, 3, 6, 9}}}},
		func(tick *gyre.Tick) error {
			level, err := tick.Knob("level")
			must(err)
			if level >= 6 {
				level = 12 - level
			}
			return tick.Reward(level)
		})
	must(err)
	n := 0
	poll, err := engine.AddLoop(gyre.Options{Name: "poll", Interval: 50 * time.Millisecond,
		Knobs:    []gyre.Knob{{Name: "batch", Values: []float64{1, 4, 16}}},
		Features: []gyre.Feature{{Name: "load", Edges: []float64{10, 20, 30}}}},
		func(tick *gyre.Tick) error {
			i := n
			n++
			load := float64(i * 7 % 40)
			must(tick.Feature("load", load))
			batch, err := tick.Knob("batch")
			must(err)
			if i%97 == 96 {
				return errors.New("now and then")
			}
			if load >= 20 {
				batch = 16 - batch
			}
			return tick.Reward(batch)
		})
	must(err)
	must(engine.AdvanceTo(time.Minute))
	for _, loop := range []gyre.Loop{ship, poll} {
		m, err := loop.Metrics()
		must(err)
		late, err := loop.Histogram(gyre.TimesLate)
		must(err)
		fmt.Printf("%-6s %6d %4d %9.3f %6d of %d\n", m.Name, m.Cycles, m.Errors, m.MeanReward,
			late[0].Count, len(late))
	}
	hash, err := engine.TraceHash()
	must(err)
	fmt.Println("trace", hash)
}
