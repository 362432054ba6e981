// example_test.go - what the documentation shows, run as it stands.
// Method: use, on the virtual clock; each prints what its comment says.

package gyre_test

import (
	"fmt"
	"time"

	"gyre.example/gyre"
)

func Example() {
	engine, err := gyre.NewVirtual(0) // gyre.New and engine.Run(ctx): by the machine's clock
	if err != nil {
		panic(err)
	}
	defer engine.Close()
	ship, err := engine.AddLoop(gyre.Options{
		Name: "ship", Interval: 20 * time.Millisecond,
		Knobs: []gyre.Knob{{Name: "level", Values: []float64{0, 1, 3, 6, 9}}},
	}, func(tick *gyre.Tick) error { // an error or a panic is a failed tick
		level, err := tick.Knob("level")
		if err != nil {
			return err
		}
		if level > 6 {
			level = 12 - level
		}
		return tick.Reward(level) // pays most at 6
	})
	if err == nil {
		err = engine.AdvanceTo(time.Minute)
	}
	m, _ := ship.Metrics()
	fmt.Println(m.Name, "ran", m.Cycles, "times,", m.Errors, "errors,", err)
	// Output: ship ran 3000 times, 0 errors, <nil>
}

func ExampleLearner() {
	learner, err := gyre.NewLearner(gyre.LearnerOptions{States: 2, Actions: 2})
	if err != nil {
		panic(err)
	}
	defer learner.Close()
	states, actions := []uint32{0, 1}, make([]uint32, 2)
	for i := 0; i < 400 && err == nil; i++ {
		if err = learner.Choose(states, actions); err != nil {
			break
		}
		for k, s := range states { // action 1 pays in state 0, action 0 in state 1
			earned := 0.0
			if actions[k] != s {
				earned = 1
			}
			err = learner.Observe(gyre.Transition{State: s, Action: actions[k], Next: s,
				Reward: earned, Terminated: true})
		}
	}
	q, _ := learner.Q()
	fmt.Println(q[1] > q[0], q[2] > q[3], err)
	// Output: true true <nil>
}

func ExampleEngine_Recall() {
	engine, err := gyre.NewVirtual(0)
	if err != nil {
		panic(err)
	}
	defer engine.Close()
	engine.Remember(gyre.Record{Text: "the link is slow", Tags: []string{"network"}})
	engine.Remember(gyre.Record{Text: "all is well"})
	engine.Remember(gyre.Record{Text: "the link is slow", Tags: []string{"network"}})
	records, err := engine.Recall(gyre.Query{Tag: "network"})
	for _, r := range records {
		fmt.Println(r.Text, r.Tags, r.Count)
	}
	fmt.Println(err)
	// Output:
	// the link is slow [network] 2
	// <nil>
}

func ExampleSubscription_All() {
	engine, err := gyre.NewVirtual(0)
	if err != nil {
		panic(err)
	}
	defer engine.Close()
	orders, err := engine.Subscribe("shop.*.new")
	if err != nil {
		panic(err)
	}
	defer orders.Close()
	for _, what := range []string{"two tables", "a chair"} {
		engine.Publish("shop.orders.new", []byte(what))
	}
	engine.AdvanceTo(time.Second)          // delivered between ticks
	orders.All(func(m gyre.Message) bool { // for m := range orders.All, from Go 1.23 on
		fmt.Printf("%s: %s\n", m.Topic, m.Payload)
		return true
	})
	// Output:
	// shop.orders.new: two tables
	// shop.orders.new: a chair
}
