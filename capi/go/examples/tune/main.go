// tune - a loop that tunes two settings of its work, then 120 loops, as external ticks.
package main

import (
	"fmt"
	"os"
	"time"

	"gyre.example/gyre"
)

// earned is the work: what a level and a block size earn on a link of that speed.
func earned(level, blockKiB, mbPerS float64) float64 {
	best := 1.0
	if mbPerS < 100 {
		best = 9 // a slow link pays for compression
	}
	miss := (level - best) / 9
	return 10 - 8*miss*miss + blockKiB/64
}

func options(name string, interval time.Duration) gyre.Options {
	return gyre.Options{
		Name: name, Interval: interval,
		Features: []gyre.Feature{{Name: "mb_per_s", Edges: []float64{100}}},
		Knobs: []gyre.Knob{
			{Name: "level", Values: []float64{6, 0, 1, 3, 9}},
			{Name: "block_kib", Values: []float64{16, 4, 64}}},
	}
}

// ship is one tick: say the speed, read the settings, do the work, say what it earned.
func ship(tick *gyre.Tick, mbPerS float64) (float64, error) {
	if err := tick.Feature("mb_per_s", mbPerS); err != nil {
		return 0, err
	}
	level, err := tick.Knob("level")
	if err != nil {
		return 0, err
	}
	block, err := tick.Knob("block_kib")
	if err != nil {
		return 0, err
	}
	reward := earned(level, block, mbPerS)
	return reward, tick.Reward(reward)
}

// oneLoop lets the host's clock run as fast as it can: 4,000 ticks to learn, 1,000 to see.
func oneLoop() error {
	engine, err := gyre.New()
	if err != nil {
		return err
	}
	defer engine.Close()
	sum, ticks := 0.0, 0
	learning := options("tune", 10*time.Millisecond)
	learning.SampleAverage, learning.LearningRate = true, 0.002
	learning.ExploreFrom, learning.ExploreTo, learning.ExploreOver = 1, gyre.None, 4000
	err = engine.Add(learning, func(tick *gyre.Tick) error {
		mbPerS := 1000.0
		if ticks%2 == 1 {
			mbPerS = 10
		}
		reward, err := ship(tick, mbPerS)
		ticks++
		sum += reward
		return err
	})
	if err != nil {
		return err
	}
	if err := engine.Start(); err != nil {
		return err
	}
	var now time.Duration
	for ticks < 4000 {
		_, next, err := engine.RunDue(now)
		if err != nil {
			return err
		}
		now = next
	}
	sum, ticks = 0, 0
	for ticks < 1000 {
		_, next, err := engine.RunDue(now)
		if err != nil {
			return err
		}
		now = next
	}
	usual := (earned(6, 16, 10) + earned(6, 16, 1000)) / 2
	fmt.Printf("learned %.2f default %.2f over %d ticks\n", sum/float64(ticks), usual, ticks)
	return nil
}

// manyLoops runs 120 loops of one group, so of one learner, by the real clock.
func manyLoops() error {
	engine, err := gyre.New()
	if err != nil {
		return err
	}
	defer engine.Close()
	for i := 0; i < 120; i++ {
		speed := 10.0
		if i%2 == 1 {
			speed = 1000
		}
		o := options(fmt.Sprintf("ship-%03d", i), 50*time.Millisecond)
		o.Group = "ship"
		err := engine.Add(o, func(tick *gyre.Tick) error {
			_, err := ship(tick, speed)
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := engine.Start(); err != nil {
		return err
	}
	begin, ticks := time.Now(), 0
	for ticks < 2000 {
		now := time.Since(begin)
		ran, next, err := engine.RunDue(now)
		if err != nil {
			return err
		}
		ticks += ran
		time.Sleep(next - now)
	}
	totals, err := engine.Totals()
	fmt.Printf("%d loops %d ticks %d errors\n", totals.Loops, totals.Ticks, totals.Errors)
	fmt.Printf("ticks took time: %v\n", totals.P50 > 0)
	return err
}

// onePanic shows that a function that panics is a failed tick and the engine goes on.
func onePanic() error {
	engine, err := gyre.New()
	if err != nil {
		return err
	}
	defer engine.Close()
	boom := gyre.Options{Name: "panics", Interval: 10 * time.Millisecond}
	if err := engine.Add(boom, func(*gyre.Tick) error { panic("on purpose") }); err != nil {
		return err
	}
	if err := engine.Start(); err != nil {
		return err
	}
	var now time.Duration
	for i := 0; i < 20; i++ {
		if _, now, err = engine.RunDue(now); err != nil {
			return err
		}
	}
	totals, err := engine.Totals()
	fmt.Printf("a panic is an error: %v\n", totals.Errors > 0)
	return err
}

func main() {
	for _, part := range []func() error{oneLoop, manyLoops, onePanic} {
		if err := part(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
