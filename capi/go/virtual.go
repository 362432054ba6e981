// virtual.go - an engine on a virtual clock: a minute in some milliseconds, the same each time.

package gyre

/*
#include <gyre.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// AdvanceTo runs every tick that is due up to then, since the engine's creation, each at its own
// instant, in this goroutine. A tick takes no time. Loops that trigger themselves without end at
// one instant are an error, ErrState.
func (e *Engine) AdvanceTo(at time.Duration) error {
	native, to := newError(), C.double(at.Seconds()*1e3)
	last, round := C.double(-1), 0
	for {
		var now C.double // where it stopped, since a tick is due
		if err := check(C.gyre_engine_step_to(e.id, to, &now, native), native); err != nil {
			return err
		}
		count, err := e.runAcquired()
		if err != nil || (count == 0 && now >= to) {
			return err
		}
		if now != last {
			last, round = now, 0
		} else if round++; round > roundsVirtual && count < len(e.ticks) {
			text := fmt.Sprintf("loops triggered themselves %d times at %v ms", round, float64(now))
			return &Error{Code: C.GYRE_E_STATE, Text: text}
		}
	}
}

// Now is the engine's clock, since its creation.
func (e *Engine) Now() (time.Duration, error) {
	var ms C.double
	err := check(C.gyre_engine_now(e.id, &ms), nil)
	return due(float64(ms)), err
}

// TraceHash is 16 hex digits over every finished tick of a virtual engine.
func (e *Engine) TraceHash() (string, error) {
	var text [17]C.char
	err := check(C.gyre_trace_hash(e.id, &text[0], C.uint32_t(len(text)), nil), nil)
	return C.GoString(&text[0]), err
}

// Metrics are what is counted of a loop.
type Metrics struct {
	Name                    string
	Cycles, Errors, Missed  uint64
	MeanReward, ErrorRate   float64
	P50, P99                time.Duration // of its ticks, since the start
	StateIndex, ActionIndex uint32        // of its last tick
}

// Metrics never waits for a tick.
func (l Loop) Metrics() (Metrics, error) {
	m := C.gyre_loop_metrics{}
	m.size = C.uint32_t(unsafe.Sizeof(m))
	if err := check(C.gyre_loop_metrics_read(l.id, &m), nil); err != nil {
		return Metrics{}, err
	}
	out := Metrics{Name: C.GoString(&m.name[0]), Cycles: uint64(m.cycles),
		Errors: uint64(m.errors), Missed: uint64(m.missed), MeanReward: float64(m.mean_reward),
		ErrorRate: float64(m.error_rate), StateIndex: uint32(m.state_index),
		ActionIndex: uint32(m.action_index)}
	if m.latency.count > 0 {
		out.P50, out.P99 = due(float64(m.latency.p50_ms)), due(float64(m.latency.p99_ms))
	}
	return out, nil
}

// Knob is the value of a knob that the loop's last tick used.
func (l Loop) Knob(name string) (float64, error) {
	text, err := cString(name)
	if err != nil {
		return 0, err
	}
	defer C.free(unsafe.Pointer(text))
	var value C.double
	err = check(C.gyre_loop_knob(l.id, text, &value), nil)
	return float64(value), err
}
