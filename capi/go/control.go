// control.go - what is asked of an engine's loops from outside, and what ticks say beside a reward.

package gyre

// #include <gyre.h>
// #include <stdlib.h>
import "C"

import (
	"strings"
	"time"
	"unsafe"
)

// Version is the library's, as "0.1.0".
func Version() string { return C.GoString(C.gyre_version_string()) }

// Pause lets no further tick run until Resume, nor of loops below it.
func (l Loop) Pause() error { return check(C.gyre_loop_pause(l.id), nil) }

// Resume puts it back on its grid.
func (l Loop) Resume() error { return check(C.gyre_loop_resume(l.id), nil) }

// Trigger runs one tick as soon as possible, whatever the grid says.
func (l Loop) Trigger() error { return check(C.gyre_loop_trigger(l.id), nil) }

// Remove takes a loop out of the engine, and all below it first.
func (e *Engine) Remove(l Loop) error {
	err := newError()
	if err := check(C.gyre_loop_remove(l.id, err), err); err != nil {
		return err
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.forget(l.id)
	return nil
}

// forget lets go what a loop does, and those below it.
func (e *Engine) forget(id C.gyre_loop) {
	gone, known := e.loops[id]
	delete(e.loops, id)
	for child, work := range e.loops {
		if known && work.parent == gone.name {
			e.forget(child)
		}
	}
}

// Find gives the loop of that name. An error: ErrNotFound.
func (e *Engine) Find(name string) (Loop, error) {
	var loop Loop
	err := e.named(name, func(text *C.char, err *C.gyre_error) C.gyre_status {
		return C.gyre_loop_find(e.id, text, &loop.id, err)
	})
	return loop, err
}

func (e *Engine) named(name string, call func(*C.char, *C.gyre_error) C.gyre_status) error {
	text, wrong := cString(name)
	if wrong != nil {
		return wrong
	}
	defer C.free(unsafe.Pointer(text))
	err := newError()
	return check(call(text, err), err)
}

// PauseAll pauses every loop whose whole name looks like the pattern, where * is any run of bytes
// and ? one byte, and says how many they are.
func (e *Engine) PauseAll(pattern string) (count uint32, err error) {
	err = e.named(pattern, func(text *C.char, err *C.gyre_error) C.gyre_status {
		return C.gyre_loops_pause(e.id, text, (*C.uint32_t)(&count), err)
	})
	return count, err
}

// ResumeAll resumes each.
func (e *Engine) ResumeAll(pattern string) (count uint32, err error) {
	err = e.named(pattern, func(text *C.char, err *C.gyre_error) C.gyre_status {
		return C.gyre_loops_resume(e.id, text, (*C.uint32_t)(&count), err)
	})
	return count, err
}

// StopAll pauses each, and tells its ticks under way to return soon: Tick.Cancelled.
func (e *Engine) StopAll(pattern string) (count uint32, err error) {
	err = e.named(pattern, func(text *C.char, err *C.gyre_error) C.gyre_status {
		return C.gyre_loops_stop(e.id, text, (*C.uint32_t)(&count), err)
	})
	return count, err
}

// ThrottleAll gives each so many times its interval, 1 or more; 1 takes that back.
func (e *Engine) ThrottleAll(pattern string, factor float64) (count uint32, err error) {
	err = e.named(pattern, func(text *C.char, err *C.gyre_error) C.gyre_status {
		return C.gyre_loops_throttle(e.id, text, C.double(factor), (*C.uint32_t)(&count), err)
	})
	return count, err
}

// Stop cancels running ticks and waits for them, 5 s where the deadline is 0. An error with
// ErrTimeout names the loops that have not ended.
func (e *Engine) Stop(deadline time.Duration) error {
	err, ms := newError(), C.double(deadline.Seconds()*1e3)
	return check(C.gyre_engine_stop(e.id, ms, nil, 0, nil, err), err)
}

// Reading is what the host measured, for the gates: nil or "" is not known.
type Reading struct {
	Mode                      string
	CPUPercent, MemoryPercent *float64 // 0..100 of all cores, of what may be used
	LatencyMs                 *float64 // no effect: a latency gate sees the recent p99 of its loop
}

// Supply tells it; it counts until the next call.
func (e *Engine) Supply(r Reading) error {
	var a arena
	defer a.free()
	native, err := (*C.gyre_reading)(a.bytes(C.sizeof_gyre_reading)), newError()
	known := func(x *float64) C.double {
		if x == nil {
			return C.GYRE_NONE
		}
		return C.double(*x)
	}
	native.size = C.sizeof_gyre_reading
	if r.Mode != "" {
		native.mode = a.text(r.Mode)
	}
	native.cpu_percent, native.memory_percent = known(r.CPUPercent), known(r.MemoryPercent)
	native.latency_ms = known(r.LatencyMs)
	if a.err != nil {
		return a.err
	}
	return check(C.gyre_engine_supply(e.id, native, err), err)
}

// Sync writes what is pending to the store, and waits until it survives power loss.
func (e *Engine) Sync() error {
	err := newError()
	return check(C.gyre_engine_sync(e.id, err), err)
}

// Connect declares what one loop does for another, -1..1.
func (e *Engine) Connect(from, to string, weight float64) error {
	other, wrong := cString(to)
	if wrong != nil {
		return wrong
	}
	defer C.free(unsafe.Pointer(other))
	return e.named(from, func(text *C.char, err *C.gyre_error) C.gyre_status {
		return C.gyre_graph_connect(e.id, text, other, C.double(weight), err)
	})
}

// Score says how well the loops are together, 0..1; 1 without loops.
func (e *Engine) Score() (float64, error) {
	var score C.double
	err := check(C.gyre_graph_score(e.id, &score), nil)
	return float64(score), err
}

// AddSociety adds the four reference loops at 1/divisor of their intervals.
func (e *Engine) AddSociety(divisor float64) error {
	err := newError()
	return check(C.gyre_society_add(e.id, C.double(divisor), err), err)
}

// Consolidate archives what is over a day old to the store, and deletes what is over 30 days old.
func (e *Engine) Consolidate() error {
	err := newError()
	return check(C.gyre_memory_consolidate(e.id, err), err)
}

// Snapshot gives everything observable now as JSON; docs/formats.md names its fields.
func (e *Engine) Snapshot() (string, error) {
	out, err := saved(func(buf unsafe.Pointer, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_snapshot_json(e.id, (*C.char)(buf), room, needed, nil)
	})
	return strings.TrimRight(string(out), "\x00"), err
}

// Vitality is how well the loop's work is, 0..1, in its own judgement.
func (t *Tick) Vitality(vitality float64) error {
	return check(C.gyre_tick_vitality(t.id, C.double(vitality)), nil)
}

// Spend says, of a virtual engine, that this tick took so long.
func (t *Tick) Spend(took time.Duration) error {
	return check(C.gyre_tick_spend(t.id, C.double(took.Seconds()*1e3)), nil)
}

// Cancelled says whether the tick was given up and should return soon.
func (t *Tick) Cancelled() bool { return C.gyre_tick_cancelled(t.id) == C.GYRE_E_CANCELLED }
