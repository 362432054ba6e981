// learner.go - a learner by itself, without an engine: tabular Q-learning over states x actions.

package gyre

// #include <gyre.h>
import "C"

import "unsafe"

// LearnerOptions say what a learner is; what is left zero is the default.
type LearnerOptions struct {
	States, Actions        uint32 // states x actions at most 65,536
	Discount               float64
	LearningRate           float64
	ExploreFrom, ExploreTo float64 // share of random choices
	ExploreOver            float64 // ... over so many choices
	SampleAverage          bool    // step = max(LearningRate, 1/n)
	StepPower              float64 // step = max(LearningRate, n^-StepPower)
	Sequential             bool    // an action changes what is found next
	Method                 Method  // zero: Sweeping where it is Sequential, else Q
	ExploreHow             Explore // zero: what suits Sequential
	Lambda                 float64 // of QLambda; None
	Planning               uint32  // of DynaQ and Sweeping, cells updated a step
	Optimistic             bool    // what was never tried is worth the most that can be
	ReplayCapacity         uint32  // rows
	Batch, Every, Warmup   uint32  // rows a training; observations between two, before the first
	Seed                   uint64
}

// Transition is what happened: in State, Action earned Reward and led to Next.
type Transition struct {
	State, Action, Next   uint32
	Reward                float64
	Terminated, Truncated bool // nothing follows; it was cut off
}

// Learner learns from transitions. Any goroutine; calls on one wait for each other.
type Learner struct {
	id              C.gyre_learner
	states, actions uint32
}

// NewLearner makes one; Close frees it.
func NewLearner(o LearnerOptions) (*Learner, error) {
	native, err := C.gyre_learner_options{}, newError()
	native.size = C.uint32_t(unsafe.Sizeof(native))
	native.states, native.actions = C.uint32_t(o.States), C.uint32_t(o.Actions)
	native.discount, native.learning_rate = C.double(o.Discount), C.double(o.LearningRate)
	native.explore_from, native.explore_to = C.double(o.ExploreFrom), C.double(o.ExploreTo)
	native.explore_over, native.seed = C.double(o.ExploreOver), C.uint64_t(o.Seed)
	native.sample_average, native.sequential = bit(o.SampleAverage), bit(o.Sequential)
	native.step_power, native.lambda = C.double(o.StepPower), C.double(o.Lambda)
	native.method, native.explore_how = C.uint32_t(o.Method), C.uint32_t(o.ExploreHow)
	native.planning, native.optimistic = C.uint32_t(o.Planning), bit(o.Optimistic)
	native.replay_capacity, native.batch = C.uint32_t(o.ReplayCapacity), C.uint32_t(o.Batch)
	native.every, native.warmup = C.uint32_t(o.Every), C.uint32_t(o.Warmup)
	l := &Learner{states: o.States, actions: o.Actions}
	return l, check(C.gyre_learner_create(&native, &l.id, err), err)
}

// Close frees it; later calls are ErrStale.
func (l *Learner) Close() error { return check(C.gyre_learner_destroy(l.id), nil) }

// Choose gives an action for each state, exploring, into actions: as many.
func (l *Learner) Choose(states, actions []uint32) error {
	if len(actions) < len(states) {
		return errRoom
	}
	return check(C.gyre_learner_choose(l.id, first[uint32, C.uint32_t](states),
		first[uint32, C.uint32_t](actions), C.uint32_t(len(states))), nil)
}

// Greedy gives the action of most worth for each state, into actions; no decision is counted.
func (l *Learner) Greedy(states, actions []uint32) error {
	if len(actions) < len(states) {
		return errRoom
	}
	return check(C.gyre_learner_greedy(l.id, first[uint32, C.uint32_t](states),
		first[uint32, C.uint32_t](actions), C.uint32_t(len(states))), nil)
}

var errRoom = &Error{Code: C.GYRE_E_ARG, Text: "there is less room than results"}

func bit(set bool) C.uint32_t {
	if set {
		return 1
	}
	return 0
}

// Observe learns from transitions; none is taken when one is refused.
func (l *Learner) Observe(seen ...Transition) error {
	if len(seen) == 0 {
		return nil
	}
	rows := make([]C.gyre_transition, len(seen))
	for i, t := range seen {
		row := &rows[i]
		row.size = C.uint32_t(unsafe.Sizeof(*row))
		row.state, row.action, row.next = C.uint32_t(t.State), C.uint32_t(t.Action), C.uint32_t(t.Next)
		row.reward = C.double(t.Reward)
		if t.Terminated {
			row.flags |= C.GYRE_TRANSITION_TERMINATED
		}
		if t.Truncated {
			row.flags |= C.GYRE_TRANSITION_TRUNCATED
		}
	}
	return check(C.gyre_learner_observe(l.id, &rows[0], C.uint32_t(len(rows))), nil)
}

// Q is what each action is worth, row by row: states x actions, a copy.
func (l *Learner) Q() ([]float32, error) {
	out := make([]float32, l.states*l.actions)
	return out, check(C.gyre_learner_q(l.id, (*C.float)(unsafe.Pointer(&out[0])),
		C.uint32_t(len(out)), nil), nil)
}

// Train learns once more from what was observed: a batch of its replay, or by planning.
func (l *Learner) Train() error { return check(C.gyre_learner_train(l.id), nil) }

// Save gives all that it has learned, as bytes that Load takes.
func (l *Learner) Save() ([]byte, error) {
	return saved(func(buf unsafe.Pointer, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_learner_save(l.id, buf, room, needed)
	})
}

// Load replaces what it has learned; with the same options it goes on bit for bit.
func (l *Learner) Load(saved []byte) error {
	err, size := newError(), C.uint32_t(len(saved))
	return check(C.gyre_learner_load(l.id, unsafe.Pointer(first[byte, byte](saved)), size, err), err)
}

// LearnerMetrics are what one learned from.
type LearnerMetrics struct {
	States, Actions, QValues            int // cells seen at least once
	Decisions, Observations, Updates    uint64
	ReplaySize, ReplayCapacity          uint64
	ReplayAdded, ReplaySampled          uint64
	Exploration, Discount, LearningRate float64
	MeanReward                          float64 // of its recent observations
}

// Metrics are of one instant.
func (l *Learner) Metrics() (LearnerMetrics, error) {
	m := C.gyre_learner_metrics{size: C.sizeof_gyre_learner_metrics}
	if err := check(C.gyre_learner_metrics_read(l.id, &m), nil); err != nil {
		return LearnerMetrics{}, err
	}
	return LearnerMetrics{int(m.states), int(m.actions), int(m.q_values), uint64(m.decisions),
		uint64(m.observations), uint64(m.updates), uint64(m.replay_size),
		uint64(m.replay_capacity), uint64(m.replay_added), uint64(m.replay_sampled),
		float64(m.exploration), float64(m.discount), float64(m.learning_rate),
		float64(m.mean_reward)}, nil
}
