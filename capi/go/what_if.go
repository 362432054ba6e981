// what_if.go - what another policy would have earned, from a log of decisions.

package gyre

// #include <gyre.h>
import "C"

import "unsafe"

// Decision is one choice as it was logged.
type Decision struct {
	State, Action uint32
	Propensity    float64 // how likely the action was, as Choose said
	Reward        float64
}

// Estimate of the mean reward of a tick, with its 95 % interval, which is without end where too
// little is known.
type Estimate struct{ Value, Low, High float64 }

// Estimates of one thing. The first three need propensities, and of a tuner's log mostly AtRandom;
// the last needs none, and work that does not change. Without support an interval has no end.
type Estimates struct {
	IPS, SelfNormalised, DoublyRobust, AsSeen Estimate
	Matching, Weakest                         float64 // rows that the log is worth; of its worst state
	Fewest                                    uint64  // rows of the policy there
	Rows, Refused                             uint64
	Supported                                 bool // by the log: the first three have an end
	Changed                                   bool // work was seen to change: AsSeen has none
}

// WhatIf says what always taking one action would have earned in the states that were logged.
func WhatIf(log []Decision, states, actions, always uint32) (Estimates, error) {
	return whatIf(log, states, actions, nil, always)
}

// WhatIfPolicy says what a policy would have: the probability of each action in each state, row by
// row.
func WhatIfPolicy(log []Decision, states, actions uint32, policy []float64) (Estimates, error) {
	if uint64(len(policy)) != uint64(states)*uint64(actions) {
		return Estimates{}, argument("policy has %d numbers, not %d x %d", len(policy), states, actions)
	}
	return whatIf(log, states, actions, policy, 0)
}

func whatIf(log []Decision, states, actions uint32, policy []float64, always uint32) (Estimates,
	error) {
	a, n := arena{}, uintptr(len(log)+1)
	defer a.free()
	state, action := a.bytes(4*n), a.bytes(4*n)
	propensity, reward := a.bytes(8*n), a.bytes(8*n)
	for i, d := range log {
		*(*uint32)(unsafe.Add(state, 4*i)) = d.State
		*(*uint32)(unsafe.Add(action, 4*i)) = d.Action
		*(*float64)(unsafe.Add(propensity, 8*i)) = d.Propensity
		*(*float64)(unsafe.Add(reward, 8*i)) = d.Reward
	}
	rows := (*C.gyre_decisions)(a.bytes(C.sizeof_gyre_decisions))
	rows.size, rows.rows = C.sizeof_gyre_decisions, C.uint32_t(len(log))
	rows.states, rows.actions = C.uint32_t(states), C.uint32_t(actions)
	rows.state, rows.action = (*C.uint32_t)(state), (*C.uint32_t)(action)
	rows.propensity, rows.reward = (*C.double)(propensity), (*C.double)(reward)
	return estimates(func(out *C.gyre_what_if_result, err *C.gyre_error) C.gyre_status {
		return C.gyre_what_if(rows, first[float64, C.double](policy), C.uint32_t(always), out, err)
	})
}

func estimates(read func(*C.gyre_what_if_result, *C.gyre_error) C.gyre_status) (Estimates, error) {
	r, text := C.gyre_what_if_result{}, newError()
	r.size = C.uint32_t(unsafe.Sizeof(r))
	if err := check(read(&r, text), text); err != nil {
		return Estimates{}, err
	}
	of := func(value, low, high C.double) Estimate {
		return Estimate{float64(value), float64(low), float64(high)}
	}
	return Estimates{of(r.ips, r.ips_low, r.ips_high),
		of(r.normalised, r.normalised_low, r.normalised_high),
		of(r.robust, r.robust_low, r.robust_high), of(r.as_seen, r.as_seen_low, r.as_seen_high),
		float64(r.matching), float64(r.weakest), uint64(r.fewest), uint64(r.rows),
		uint64(r.refused), r.supported != 0, r.changed != 0}, nil
}
