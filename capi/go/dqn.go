// dqn.go - Q-learning by a small network, by itself: for states that are numbers.

package gyre

// #include <gyre.h>
import "C"

import "unsafe"

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
	TargetRate, Corner             float64
	Alpha, Beta, BetaOver          float64 // of its priorities
	ExploreFrom, ExploreTo         float64
	ExploreOver                    float64
	Batch, Every, Warmup, Capacity uint32
	Steps                          uint32
	Single, Plain                  bool // no double Q-learning; not dueling
	Seed                           uint64
}

// Steps are steps as columns, in the order in which they came. Seen and Next have an observation
// for each, one after the other; Next is what truly came, also where an episode was cut off there.
type Steps struct {
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
	native.target_rate, native.corner = C.double(o.TargetRate), C.double(o.Corner)
	native.alpha, native.beta = C.double(o.Alpha), C.double(o.Beta)
	native.beta_over = C.double(o.BetaOver)
	if o.Single {
		native.flags |= C.GYRE_DQN_SINGLE
	}
	if o.Plain {
		native.flags |= C.GYRE_DQN_PLAIN
	}
	d := &Dqn{inputs: o.Inputs, actions: o.Actions}
	if err := check(C.gyre_dqn_create(native, &d.id, err), err); err != nil {
		return nil, err
	}
	return d, nil
}

// Close frees it.
func (d *Dqn) Close() error { return check(C.gyre_dqn_destroy(d.id), nil) }

var errColumns = &Error{Code: C.GYRE_E_ARG, Text: "the columns are of different lengths"}

// Act gives an action for each observation, exploring.
func (d *Dqn) Act(seen []float32) ([]uint32, error) {
	out := make([]uint32, len(seen)/d.inputs)
	return out, d.ActInto(seen, out)
}

// ActInto gives them in actions: as many.
func (d *Dqn) ActInto(seen []float32, actions []uint32) error {
	n, err := rowsOf(len(seen), d.inputs, len(actions), 1)
	if err != nil {
		return err
	}
	return check(C.gyre_dqn_act(d.id, first[float32, C.float](seen),
		first[uint32, C.uint32_t](actions), n), nil)
}

// rowsOf says how many rows some numbers are, for which there is room.
func rowsOf(numbers, each, room, results int) (C.uint32_t, error) {
	n := numbers / each
	if n*each != numbers {
		return 0, errColumns
	}
	if room < n*results {
		return 0, errRoom
	}
	return C.uint32_t(n), nil
}

// whole says whether the columns are of one length, with so many numbers an observation.
func (s *Steps) whole(inputs int) bool {
	n := len(s.Actions)
	return len(s.Seen) == n*inputs && len(s.Next) == n*inputs && len(s.Rewards) == n &&
		(s.Flags == nil || len(s.Flags) == n)
}

// Observe learns from steps; from none when one is refused.
func (d *Dqn) Observe(s Steps) error {
	n := len(s.Actions)
	if !s.whole(d.inputs) {
		return errColumns
	}
	return check(C.gyre_dqn_observe(d.id, first[float32, C.float](s.Seen),
		first[uint32, C.uint32_t](s.Actions), first[float64, C.double](s.Rewards),
		first[float32, C.float](s.Next), first[uint32, C.uint32_t](s.Flags), C.uint32_t(n)), nil)
}

// Worth says what each action is held to be worth in each observation, row by row.
func (d *Dqn) Worth(seen []float32) ([]float32, error) {
	out := make([]float32, len(seen)/d.inputs*d.actions)
	return out, d.WorthInto(seen, out)
}

// WorthInto says it in worth: a number for each action of each observation.
func (d *Dqn) WorthInto(seen, worth []float32) error {
	n, err := rowsOf(len(seen), d.inputs, len(worth), d.actions)
	if err != nil {
		return err
	}
	return check(C.gyre_dqn_worth(d.id, first[float32, C.float](seen),
		first[float32, C.float](worth), n), nil)
}

// Train learns from so many batches beyond those that are due.
func (d *Dqn) Train(batches uint32) error {
	return check(C.gyre_dqn_train(d.id, C.uint32_t(batches)), nil)
}

// Save gives all that it has learned, with its replay, as bytes that Load takes.
func (d *Dqn) Save() ([]byte, error) {
	return saved(func(buf unsafe.Pointer, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_dqn_save(d.id, buf, room, needed)
	})
}

// saved asks for bytes until they fit.
func saved(save func(unsafe.Pointer, C.uint32_t, *C.uint32_t) C.gyre_status) ([]byte, error) {
	var out []byte
	for {
		var needed C.uint32_t
		status := save(unsafe.Pointer(first[byte, byte](out)), C.uint32_t(len(out)), &needed)
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

// DqnMetrics are what one learned from.
type DqnMetrics struct {
	Inputs, Actions, Parameters       int // parameters: floats of the network, padding too
	Decisions, Observations, Episodes uint64
	Updates                           uint64 // batches
	ReplaySize, ReplayCapacity        uint64
	ReplayAdded, ReplaySampled, Bytes uint64
	Exploration, Beta                 float64
	MeanReward, MeanError, MeanWorth  float64 // over recent observations and batches
}

// Metrics are of one instant.
func (d *Dqn) Metrics() (DqnMetrics, error) {
	m := C.gyre_dqn_metrics{size: C.sizeof_gyre_dqn_metrics}
	if err := check(C.gyre_dqn_metrics_read(d.id, &m), nil); err != nil {
		return DqnMetrics{}, err
	}
	return DqnMetrics{int(m.inputs), int(m.actions), int(m.parameters), uint64(m.decisions),
		uint64(m.observations), uint64(m.episodes), uint64(m.updates), uint64(m.replay_size),
		uint64(m.replay_capacity), uint64(m.replay_added), uint64(m.replay_sampled),
		uint64(m.bytes), float64(m.exploration), float64(m.beta), float64(m.mean_reward),
		float64(m.mean_error), float64(m.mean_worth)}, nil
}
