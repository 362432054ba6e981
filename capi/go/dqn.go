// dqn.go - Q-learning by a small network, by itself: for states that are numbers.

package gyre

// #include <gyre.h>
import "C"

import (
	"errors"
	"unsafe"
)

// Dqn learns by a network which action suits what is seen, in any unit. Close frees it. Calls of
// several goroutines wait for each other.
type Dqn struct {
	id              C.gyre_dqn
	inputs, actions int
}

// DqnOptions say what one is; 0 is the default, which gyre/dqn.h has.
type DqnOptions struct {
	Inputs, Actions                int
	Hidden                         []uint32 // units of each hidden layer
	Discount, LearningRate         float64
	ExploreFrom, ExploreTo         float64
	ExploreOver                    float64
	Batch, Every, Warmup, Capacity uint32
	Steps                          uint32
	Seed                           uint64
}

// DqnSteps are steps as columns. Seen and Next have an observation for each, one after the other.
type DqnSteps struct {
	Seen    []float32
	Actions []uint32
	Rewards []float64
	Next    []float32
	Flags   []uint32 // of each 1 (terminated), 2 (truncated) or 0; nil: no episode ended
}

// NewDqn makes one that has learned nothing yet.
func NewDqn(o DqnOptions) (*Dqn, error) {
	var a arena
	defer a.free()
	native, err := (*C.gyre_dqn_options)(a.bytes(C.sizeof_gyre_dqn_options)), newError()
	native.size = C.sizeof_gyre_dqn_options
	native.inputs, native.actions = C.uint32_t(o.Inputs), C.uint32_t(o.Actions)
	if n := len(o.Hidden); n > 0 {
		layers := a.bytes(uintptr(4 * n))
		copy(unsafe.Slice((*uint32)(layers), n), o.Hidden)
		native.hidden, native.layers = (*C.uint32_t)(layers), C.uint32_t(n)
	}
	native.discount, native.learning_rate = C.double(o.Discount), C.double(o.LearningRate)
	native.explore_from, native.explore_to = C.double(o.ExploreFrom), C.double(o.ExploreTo)
	native.explore_over = C.double(o.ExploreOver)
	native.batch, native.every = C.uint32_t(o.Batch), C.uint32_t(o.Every)
	native.warmup, native.capacity = C.uint32_t(o.Warmup), C.uint32_t(o.Capacity)
	native.steps, native.seed = C.uint32_t(o.Steps), C.uint64_t(o.Seed)
	d := &Dqn{inputs: o.Inputs, actions: o.Actions}
	if err := check(C.gyre_dqn_create(native, &d.id, err), err); err != nil {
		return nil, err
	}
	return d, nil
}

// Close frees it.
func (d *Dqn) Close() error { return check(C.gyre_dqn_destroy(d.id), nil) }

var errColumns = errors.New("gyre: the columns are of different lengths")

// Act gives an action for each observation, exploring.
func (d *Dqn) Act(seen []float32) ([]uint32, error) {
	n := len(seen) / d.inputs
	if n*d.inputs != len(seen) {
		return nil, errColumns
	}
	out := make([]uint32, n)
	return out, check(C.gyre_dqn_act(d.id, first[float32, C.float](seen),
		first[uint32, C.uint32_t](out), C.uint32_t(n)), nil)
}

// Observe learns from steps; from none when one is refused.
func (d *Dqn) Observe(s DqnSteps) error {
	n := len(s.Actions)
	if len(s.Seen) != n*d.inputs || len(s.Next) != n*d.inputs || len(s.Rewards) != n ||
		s.Flags != nil && len(s.Flags) != n {
		return errColumns
	}
	return check(C.gyre_dqn_observe(d.id, first[float32, C.float](s.Seen),
		first[uint32, C.uint32_t](s.Actions), first[float64, C.double](s.Rewards),
		first[float32, C.float](s.Next), first[uint32, C.uint32_t](s.Flags), C.uint32_t(n)), nil)
}

// Worth says what each action is held to be worth in each observation, row by row.
func (d *Dqn) Worth(seen []float32) ([]float32, error) {
	n := len(seen) / d.inputs
	if n*d.inputs != len(seen) {
		return nil, errColumns
	}
	out := make([]float32, n*d.actions)
	return out, check(C.gyre_dqn_worth(d.id, first[float32, C.float](seen),
		first[float32, C.float](out), C.uint32_t(n)), nil)
}

// Train learns from so many batches beyond those that are due.
func (d *Dqn) Train(batches uint32) error {
	return check(C.gyre_dqn_train(d.id, C.uint32_t(batches)), nil)
}

// Save gives all that it has learned, with its replay, as bytes that Load takes.
func (d *Dqn) Save() ([]byte, error) {
	var out []byte
	for {
		var needed C.uint32_t
		room := C.uint32_t(len(out))
		status := C.gyre_dqn_save(d.id, unsafe.Pointer(first[byte, byte](out)), room, &needed)
		if status != C.GYRE_E_BUFFER {
			return out[:needed], check(status, nil)
		}
		out = make([]byte, needed)
	}
}

// Load replaces what it has learned; with the same options it goes on bit for bit.
func (d *Dqn) Load(saved []byte) error {
	err, size := newError(), C.uint32_t(len(saved))
	return check(C.gyre_dqn_load(d.id, unsafe.Pointer(first[byte, byte](saved)), size, err), err)
}
