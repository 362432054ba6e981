// dqn_test.go - a learner by a network, through the package.
// Method: use; what was saved goes on bit for bit, and what is wrong is an error.

package gyre

import (
	"bytes"
	"reflect"
	"testing"
)

func TestADqnFindsTheBetterActionAndGoesOnFromWhatWasSaved(t *testing.T) {
	options := DqnOptions{Inputs: 2, Actions: 3, Hidden: []uint32{8, 8}, Discount: -1,
		ExploreOver: 300, Batch: 16, Warmup: 16, Capacity: 300}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	learn := func(d *Dqn, times uint32) {
		t.Helper()
		for i := uint32(0); i < times; i++ {
			seen := []float32{float32(i % 2), 1}
			actions, err := d.Act(seen)
			must(err)
			rewards := []float64{0}
			if actions[0] == i%2+1 {
				rewards[0] = 1
			}
			must(d.Observe(Steps{Seen: seen, Actions: actions, Rewards: rewards, Next: seen,
				Flags: []uint32{1}}))
		}
	}
	d, err := NewDqn(options)
	must(err)
	other, err := NewDqn(options)
	must(err)
	learn(d, 600)
	worth, err := d.Worth([]float32{0, 1, 1, 1})
	must(err)
	if worth[1] < worth[0] || worth[1] < worth[2] || worth[5] < worth[3] || worth[5] < worth[4] {
		t.Fatal("learned", worth)
	}
	saved, err := d.Save()
	must(err)
	must(other.Load(saved))
	for _, each := range []*Dqn{d, other} {
		learn(each, 50)
		must(each.Train(2))
	}
	one, _ := d.Save()
	two, _ := other.Save()
	if len(one) == 0 || !bytes.Equal(one, two) {
		t.Fatal("it went on otherwise")
	}
	m, err := d.Metrics()
	must(err)
	if m.Inputs != 2 || m.Observations != 650 || m.ReplaySize != 300 || m.Updates == 0 {
		t.Fatal(m)
	}
	saved[len(saved)-1] ^= 1
	if other.Load(saved) == nil {
		t.Fatal("damaged bytes were taken")
	}
	if _, err := d.Act([]float32{1}); err == nil {
		t.Fatal("half an observation was taken")
	}
	if _, err := NewDqn(DqnOptions{}); err == nil {
		t.Fatal("one without inputs was made")
	}
	must(d.Close())
	must(other.Close())
	if d.Train(1) == nil {
		t.Fatal("a closed one trained")
	}
}

func TestADqnFillsWhatItIsGiven(t *testing.T) {
	d, err := NewDqn(DqnOptions{Inputs: 2, Actions: 3, Hidden: []uint32{8}})
	must(t, err)
	defer d.Close()
	seen, into, actions := []float32{0, 1, 1, 1}, make([]float32, 6), []uint32{9, 9, 9}
	worth, err := d.Worth(seen)
	must(t, err)
	must(t, d.WorthInto(seen, into))
	must(t, d.ActInto(seen, actions))
	if !reflect.DeepEqual(into, worth) || actions[1] > 2 || actions[2] != 9 {
		t.Fatal(into, "is not", worth, "or", actions)
	}
	refusedAs(t, d.WorthInto(seen, into[:5]), ErrArg)
	refusedAs(t, d.ActInto(seen, actions[:1]), ErrArg)
	refusedAs(t, d.ActInto(seen[:3], actions), ErrArg)
}
