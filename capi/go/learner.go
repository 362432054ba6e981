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
	if o.SampleAverage {
		native.sample_average = 1
	}
	l := &Learner{states: o.States, actions: o.Actions}
	return l, check(C.gyre_learner_create(&native, &l.id, err), err)
}

// Close frees it; later calls are ErrStale.
func (l *Learner) Close() error { return check(C.gyre_learner_destroy(l.id), nil) }

// Choose gives an action for each state, exploring, into actions: as many.
func (l *Learner) Choose(states, actions []uint32) error {
	if len(states) == 0 {
		return nil
	}
	if len(actions) < len(states) {
		return &Error{Code: ErrArg.Code, Text: "fewer actions than states"}
	}
	return check(C.gyre_learner_choose(l.id, (*C.uint32_t)(unsafe.Pointer(&states[0])),
		(*C.uint32_t)(unsafe.Pointer(&actions[0])), C.uint32_t(len(states))), nil)
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
