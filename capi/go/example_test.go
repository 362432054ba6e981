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

func ExampleReplay() {
	type step struct {
		Seen       [2]float32
		Reward     float64
		Terminated bool
	}
	replay, err := gyre.NewReplay[step](gyre.ReplayOptions{Capacity: 1000, Prioritized: true})
	if err != nil {
		panic(err)
	}
	defer replay.Close()
	for i := 0; i < 100 && err == nil; i++ {
		err = replay.Push(step{[2]float32{float32(i), 1}, 1, i%10 == 9})
	}
	var drawn gyre.Drawn
	var returns gyre.Returns
	rows, errors := make([]step, 32), make([]float32, 32)
	if err == nil {
		err = replay.Draw(32, &drawn)
	}
	replay.Rows(drawn.Slots, rows)                  // or a column: gyre.Column(replay, "Reward", ...)
	replay.NStep([]uint32{0, 8, 9}, 3, 1, &returns) // none beyond the end of the episode
	refused, _ := replay.Update(&drawn, errors)     // of rows that were replaced meanwhile
	fmt.Println(len(rows), returns.Rewards, returns.Bootstraps, refused, err)
	// Output: 32 [3 2 1] [1 0 0] 0 <nil>
}

func ExampleTiles() {
	tiles, err := gyre.NewTiles(gyre.TilesOptions{ExploreFrom: 0.2, Actions: 2,
		Axes: []gyre.Axis{{Low: 0, High: 100, Cuts: 8}}})
	if err != nil {
		panic(err)
	}
	defer tiles.Close()
	action := make([]uint32, 2)
	for i := 0; i < 1000 && err == nil; i++ { // action 1 pays over 50, action 0 below
		load, earned := []float32{float32(i * 37 % 100)}, []float64{0}
		if err = tiles.Choose(load, action); err != nil {
			break
		}
		if (action[0] == 1) == (load[0] > 50) {
			earned[0] = 1
		}
		err = tiles.Observe(gyre.Steps{Seen: load, Actions: action[:1], Rewards: earned, Next: load,
			Flags: []uint32{1}}) // each is an episode
	}
	tiles.Greedy([]float32{20, 80}, action)
	fmt.Println(action, err)
	// Output: [0 1] <nil>
}

func ExampleDqn() {
	dqn, err := gyre.NewDqn(gyre.DqnOptions{Inputs: 2, Actions: 2, Hidden: []uint32{16},
		ExploreOver: 300, Warmup: 100, Discount: gyre.None})
	if err != nil {
		panic(err)
	}
	defer dqn.Close()
	for i := 0; i < 800 && err == nil; i++ { // the action of the greater number pays
		seen, earned := []float32{float32(i * 7 % 10), float32(i * 3 % 11)}, []float64{0}
		actions, failed := dqn.Act(seen)
		if failed != nil {
			panic(failed)
		}
		if (actions[0] == 1) == (seen[1] > seen[0]) {
			earned[0] = 1
		}
		err = dqn.Observe(gyre.Steps{Seen: seen, Actions: actions, Rewards: earned, Next: seen,
			Flags: []uint32{1}})
	}
	worth, _ := dqn.Worth([]float32{9, 0, 0, 9})
	fmt.Println(worth[0] > worth[1], worth[3] > worth[2], err)
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
