// replay_test.go - replay buffers and learners by themselves, through the package.
// Method: model, rows and what is made of them against a list of all that was pushed; what was
// saved goes on draw for draw; what is wrong is an error.

package gyre

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"sort"
	"testing"
)

type step struct {
	Seen       [4]float32
	Reward     float64
	Terminated bool
	cut        uint8 `gyre:"truncated"`
}

func numbered(i int) step {
	f, cut := float32(i), uint8(0)
	if i%10 == 9 {
		cut = 1
	}
	return step{[4]float32{f, f, f, f}, float64(i), i%7 == 6, cut}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refusedAs(t *testing.T, err error, kind *Error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("%v, not %v", err, kind)
	}
}

// filled holds rows 20..69, row i in slot i % 50.
func filled(t *testing.T) *Replay[step] {
	t.Helper()
	r, err := NewReplay[step](ReplayOptions{Capacity: 50, Prioritized: true, CountSamples: true,
		Seed: 5})
	must(t, err)
	t.Cleanup(func() { r.Close() })
	rows := make([]step, 70)
	for i := range rows {
		rows[i] = numbered(i)
	}
	must(t, r.Push(rows[:30]...))
	must(t, r.Push(rows[30:]...))
	return r
}

func numberOf(slot uint32) int {
	if slot < 20 {
		return int(slot) + 50
	}
	return int(slot)
}

func TestAReplayGivesTheRowsThatWerePushed(t *testing.T) {
	r := filled(t)
	var drawn Drawn
	must(t, r.Draw(12, &drawn))
	rows, seen, rewards := make([]step, 12), make([]float32, 48), make([]float64, 12)
	must(t, r.Rows(drawn.Slots, rows))
	must(t, Column(r, "Seen", drawn.Slots, seen))
	must(t, Column(r, "Reward", drawn.Slots, rewards))
	for i, slot := range drawn.Slots {
		row := numbered(numberOf(slot))
		if rows[i] != row || rewards[i] != row.Reward || seen[4*i+3] != row.Seen[3] ||
			drawn.Weights[i] <= 0 || drawn.Weights[i] > 1 || drawn.Probabilities[i] <= 0 {
			t.Fatal("slot", slot, "has", rows[i], rewards[i], seen[4*i:4*i+4])
		}
	}
	whole := make([][4]float32, 12)
	must(t, Column(r, "Seen", drawn.Slots, whole))
	if whole[3][1] != seen[13] {
		t.Fatal("a whole array is", whole[3])
	}
	all := struct { // rows in a struct with pointers: cgo is not to look at those
		rows  [50]step
		other *int
	}{other: new(int)}
	must(t, r.Sample(all.rows[:], false))
	sort.Slice(all.rows[:], func(i, k int) bool { return all.rows[i].Reward < all.rows[k].Reward })
	for i, row := range all.rows {
		if row != numbered(20+i) {
			t.Fatal("not each once:", row)
		}
	}
	must(t, r.Sample(make([]step, 60), true))
	refusedAs(t, r.Sample(make([]step, 60), false), ErrState)
	must(t, r.DrawUniform(50, false, &drawn))
	sort.Slice(drawn.Slots, func(i, k int) bool { return drawn.Slots[i] < drawn.Slots[k] })
	if drawn.Slots[0] != 0 || drawn.Slots[49] != 49 {
		t.Fatal("not each once:", drawn.Slots)
	}
}

func TestAReplayKeepsEpisodesPrioritiesAndReturns(t *testing.T) {
	r := filled(t)
	firsts, counts := make([]uint32, 40), make([]uint32, 40)
	ends := func(i int) bool { return i%7 == 6 || i%10 == 9 }
	must(t, r.DrawRuns(firsts, counts, 0))
	for i := range firsts {
		at, last := numberOf(firsts[i]), numberOf(firsts[i])+int(counts[i])-1
		whole := (at == 20 || ends(at-1)) && ends(last)
		for ; at < last; at++ {
			whole = whole && !ends(at)
		}
		if !whole {
			t.Fatal("no episode:", firsts[i], counts[i])
		}
	}
	var returns Returns
	must(t, r.NStep([]uint32{21, 25}, 3, 0.5, &returns))
	expected := Returns{[]float64{21 + 11 + 23.0/4, 25 + 13 + 27.0/4}, []float64{0.125, 0},
		[]uint32{23, 27}, []uint32{3, 3}}
	if !reflect.DeepEqual(returns, expected) {
		t.Fatal(returns, "is not", expected)
	}
	var drawn Drawn
	must(t, r.Draw(12, &drawn))
	var stats RowStats
	must(t, r.Stats(drawn.Slots, &stats))
	for i, slot := range drawn.Slots {
		if int(stats.Ages[i]) != 69-numberOf(slot) || stats.Drawn[i] == 0 || stats.Priorities[i] <= 0 {
			t.Fatal("slot", slot, "has", stats.Ages[i], stats.Drawn[i], stats.Priorities[i])
		}
	}
	errs := make([]float32, 12)
	errs[3] = float32(math.NaN())
	drawn.Generations[5]-- // as if it had been replaced
	refused, err := r.Update(&drawn, errs)
	must(t, err)
	m, err := r.Metrics()
	must(t, err)
	if refused != 2 || m.StaleUpdates != 1 || m.Rows != 50 || m.TotalAdded != 70 || m.Episodes < 5 {
		t.Fatal("refused", refused, m)
	}
	must(t, r.Resize(5))
	must(t, r.Push(numbered(71)))
	must(t, r.EndEpisode())
	must(t, r.DrawRuns(firsts, counts, 0))
	row := make([]step, 1)
	must(t, r.Rows([]uint32{4}, row))
	if row[0] != numbered(69) {
		t.Fatal("the newest is", row[0])
	}
	must(t, r.Check())
}

func TestAReplayGoesOnFromWhatWasSavedAndRefusesWhatCannotBe(t *testing.T) {
	r, other := filled(t), filled(t)
	var one, two Drawn
	must(t, r.Draw(8, &one))
	_, err := r.Update(&one, []float32{1, 2, 3, 4, 5, 6, 7, 8})
	must(t, err)
	saved, err := r.Save()
	must(t, err)
	must(t, other.Load(saved))
	for i := 0; i < 20; i++ {
		must(t, r.Draw(8, &one))
		must(t, other.Draw(8, &two))
		if !reflect.DeepEqual(one, two) {
			t.Fatal(one, "is not", two)
		}
		must(t, r.Push(numbered(i)))
		must(t, other.Push(numbered(i)))
	}
	refusedAs(t, other.Load(saved[:99]), ErrCorrupt)
	narrow, err := NewReplay[[2]float64](ReplayOptions{})
	must(t, err)
	defer narrow.Close()
	refusedAs(t, narrow.Load(saved), ErrFormat)
	must(t, narrow.Push([2]float64{1, 2}))
	refusedAs(t, r.Rows([]uint32{0, 1}, make([]step, 1)), ErrArg)
	refusedAs(t, r.Rows([]uint32{50}, make([]step, 1)), ErrArg)
	refusedAs(t, Column(r, "Other", []uint32{0}, make([]float64, 1)), ErrArg)
	refusedAs(t, Column(r, "Reward", []uint32{0}, make([]float32, 1)), ErrArg)
	refusedAs(t, Column(r, "Seen", []uint32{0}, make([]float32, 3)), ErrArg)
	refusedAs(t, r.DrawRuns(make([]uint32, 2), nil, 0), ErrArg)
	_, err = r.Update(&one, nil)
	refusedAs(t, err, ErrArg)
	_, err = NewReplay[struct{ Text string }](ReplayOptions{})
	refusedAs(t, err, ErrArg)
	_, err = NewReplay[struct {
		A int32 `gyre:"prize"`
	}](ReplayOptions{})
	refusedAs(t, err, ErrArg)
	_, err = NewReplay[struct{ Reward int32 }](ReplayOptions{})
	refusedAs(t, err, ErrArg)
	must(t, r.Close())
	refusedAs(t, r.Check(), ErrStale)
}

func TestLearnersGoOnFromWhatWasSaved(t *testing.T) {
	options := LearnerOptions{States: 3, Actions: 2, Method: Sweeping, Sequential: true}
	learner, err := NewLearner(options)
	must(t, err)
	defer learner.Close()
	again, err := NewLearner(options)
	must(t, err)
	defer again.Close()
	action := make([]uint32, 3)
	for i := 0; i < 200; i++ { // to the right is the end that pays
		for state := uint32(0); state < 2; {
			must(t, learner.Choose([]uint32{state}, action))
			next, reward := state, 0.0
			if action[0] == 1 {
				next++
			}
			if next == 2 {
				reward = 1
			}
			must(t, learner.Observe(Transition{State: state, Action: action[0], Next: next,
				Reward: reward, Terminated: next == 2}))
			state = next
		}
	}
	must(t, learner.Train())
	must(t, learner.Greedy([]uint32{0, 1}, action))
	if action[0] != 1 || action[1] != 1 {
		t.Fatal("learned", action)
	}
	refusedAs(t, learner.Greedy([]uint32{3}, action), ErrArg)
	refusedAs(t, learner.Choose(make([]uint32, 4), action), ErrArg)
	saved, err := learner.Save()
	must(t, err)
	must(t, again.Load(saved))
	both, _ := again.Save()
	if !bytes.Equal(saved, both) {
		t.Fatal("it is another")
	}
	m, err := again.Metrics()
	must(t, err)
	if m.States != 3 || m.QValues < 4 || m.Observations < 400 {
		t.Fatal(m)
	}
	refusedAs(t, again.Load(saved[:20]), ErrCorrupt)
}

func TestTilesLearnWhereToGo(t *testing.T) {
	options := TilesOptions{Axes: []Axis{{0, 1, 4}, {-1, 1, 4}}, Actions: 2, Tilings: 4,
		Weights: 1024, Lambda: 0.5, Discount: 0.125, ExploreFrom: 0.25, Seed: 9}
	tiles, err := NewTiles(options)
	must(t, err)
	other, err := NewTiles(options)
	must(t, err)
	at := func(i int) []float32 {
		return []float32{float32(i*7%32) / 32, float32(i*5%16)/8 - 1}
	}
	action := make([]uint32, 32)
	for i := 0; i < 600; i++ { // 1 pays in the right half, 0 in the left
		seen, reward, ends := at(i), 0.0, uint32(0)
		must(t, tiles.Choose(seen, action))
		if (action[0] == 1) == (seen[0] >= 0.5) {
			reward = 1
		}
		if i%8 == 7 {
			ends = 1
		}
		must(t, tiles.Observe(Steps{Seen: seen, Actions: action[:1], Rewards: []float64{reward},
			Next: at(i + 1), Flags: []uint32{ends}}))
	}
	var places []float32
	for i := 0; i < 32; i++ {
		places = append(places, at(i)...)
	}
	must(t, tiles.Greedy(places, action))
	for i, a := range action {
		if (a == 1) != (places[2*i] >= 0.5) {
			t.Fatal("in", places[2*i:2*i+2], "it takes", a)
		}
	}
	saved, err := tiles.Save()
	must(t, err)
	must(t, other.Load(saved))
	both, _ := other.Save()
	if !bytes.Equal(saved, both) {
		t.Fatal("it is another")
	}
	refusedAs(t, other.Load(saved[:20]), ErrCorrupt)
	refusedAs(t, tiles.Choose([]float32{1}, action), ErrArg)
	refusedAs(t, tiles.Choose(places, action[:31]), ErrArg)
	refusedAs(t, tiles.Observe(Steps{Seen: at(1), Actions: []uint32{2}, Rewards: []float64{0},
		Next: at(2)}), ErrArg)
	_, err = NewTiles(TilesOptions{Actions: 2})
	refusedAs(t, err, ErrArg)
	must(t, tiles.Close())
	must(t, other.Close())
	refusedAs(t, tiles.Greedy(at(0), action), ErrStale)
}
