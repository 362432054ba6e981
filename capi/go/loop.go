// loop.go - a loop of an engine: its tuner's mode, what that has learned, rewards that come later.

package gyre

// #include <gyre.h>
import "C"

import "unsafe"

// Loop names a loop of an engine.
type Loop struct{ id C.gyre_loop }

// SetMode is of the loop's tuner, which a group shares, from the next tick on.
func (l Loop) SetMode(mode Mode) error {
	change, err := C.gyre_loop_change{}, newError()
	change.size = C.uint32_t(unsafe.Sizeof(change))
	change.mode = C.int32_t(mode)
	return check(C.gyre_loop_reconfigure(l.id, &change, err), err)
}

// given is a number in C's shape, where 0 leaves a setting as it is.
func given(x float64) C.double {
	if x == 0 {
		return C.GYRE_NONE
	}
	return C.double(x)
}

// SetAtRandom is of its tuner: the part of ticks, 0..1, that take any setting.
func (l Loop) SetAtRandom(part float64) error {
	change, err := C.gyre_loop_change{}, newError()
	change.size = C.uint32_t(unsafe.Sizeof(change))
	change.at_random = given(part)
	return check(C.gyre_loop_reconfigure(l.id, &change, err), err)
}

// SetExploration is of Q-learning: how likely an action is random, which moves over so many
// decisions.
func (l Loop) SetExploration(from, to float64, over uint64) error {
	change, err := C.gyre_loop_change{}, newError()
	change.size = C.uint32_t(unsafe.Sizeof(change))
	change.explore_from, change.explore_to = given(from), given(to)
	change.explore_over = C.uint64_t(over)
	return check(C.gyre_loop_reconfigure(l.id, &change, err), err)
}

// WhatIf says what one setting, a value for each knob, would have earned in the states of its
// tuner's last 1,024 decisions.
func (l Loop) WhatIf(always Setting) (Estimates, error) {
	a := arena{}
	defer a.free()
	rows, count := a.settings([]Setting{always})
	return estimates(func(out *C.gyre_what_if_result, err *C.gyre_error) C.gyre_status {
		return C.gyre_loop_what_if(l.id, rows, count, out, err)
	})
}

// Learned says what the loop's tuner did and knows. An error: it has no knobs, or learns otherwise.
func (l Loop) Learned() (Learned, error) {
	return learned(func(m *C.gyre_tuning_metrics) C.gyre_status {
		return C.gyre_loop_learned(l.id, m)
	})
}

// Report says what it knows of one of its first 64 states.
func (l Loop) Report(state uint32) (Report, error) {
	return report(func(r *C.gyre_state_report) C.gyre_status {
		return C.gyre_loop_report(l.id, C.uint32_t(state), r)
	})
}

// Times are those of a loop's ticks that a histogram is of.
type Times uint32

const (
	TimesLatency Times = C.GYRE_TIMES_LATENCY // how long they took, since the start
	TimesWindow  Times = C.GYRE_TIMES_WINDOW  // in the last 5 to 10 s
	TimesLate    Times = C.GYRE_TIMES_LATE    // from due to started, since the start
)

// Bucket is how many ticks lie in a bucket, and its upper end.
type Bucket struct {
	UpToMs float64
	Count  uint64
}

// Histogram is what a loop's percentiles are made of: the buckets in which a tick lies, from below.
func (l Loop) Histogram(of Times) ([]Bucket, error) {
	var pairs [2946]C.double
	var needed C.uint32_t
	err := check(C.gyre_loop_histogram(l.id, C.uint32_t(of), &pairs[0], C.uint32_t(len(pairs)),
		&needed), nil)
	if err != nil {
		return nil, err
	}
	out := make([]Bucket, needed/2)
	for i := range out {
		out[i] = Bucket{float64(pairs[2*i]), uint64(pairs[2*i+1])}
	}
	return out, nil
}

// Values are those that each knob has in an action, in declared order.
func (l Loop) Values(action uint32) ([]float64, error) {
	return values(func(out *C.double, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_loop_values(l.id, C.uint32_t(action), out, room, needed)
	})
}

// Limits are the figures that are to stay under a bound.
func (l Loop) Limits() ([]Bound, error) {
	return bounds(func(rows *C.gyre_limit, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_loop_limits(l.id, rows, room, needed)
	})
}

// Reward tells what the tick of a ticket earned, of Tick.RewardLater.
func (l Loop) Reward(ticket uint32, reward float64) error {
	err := newError()
	return check(C.gyre_loop_reward(l.id, C.uint32_t(ticket), C.double(reward), err), err)
}
