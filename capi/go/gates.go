// gates.go - when a loop runs: its gates, what becomes of missed ticks, who takes it along.

package gyre

// #include <gyre.h>
import "C"

import (
	"time"
	"unsafe"
)

// GateKind is what a gate looks at.
type GateKind int32

// The kinds of loop.h.
const (
	GateCPU     GateKind = C.GYRE_GATE_CPU     // closed over CloseAt % (80) until under OpenAt (70)
	GateMemory  GateKind = C.GYRE_GATE_MEMORY  // closed over CloseAt % (85) until under OpenAt (80)
	GateLatency GateKind = C.GYRE_GATE_LATENCY // closed while its recent p99 is over CloseAt ms
	GateMode    GateKind = C.GYRE_GATE_MODE    // closed while the mode is not Mode ("normal")
)

// Gate is a condition under which ticks are skipped, and counted as gated: no errors. It sees what
// the engine measures, or what Engine.Supply told last.
type Gate struct {
	Kind            GateKind
	CloseAt, OpenAt float64
	Mode            string
}

// Missed is what becomes of grid points that passed without a tick.
type Missed int32

// The zero value is the default: one late tick, told how many were missed.
const (
	MissedOnce  Missed = C.GYRE_MISSED_ONCE
	MissedSkip  Missed = C.GYRE_MISSED_SKIP  // none before the next grid point
	MissedBurst Missed = C.GYRE_MISSED_BURST // all of them, at most 8
	MissedDelay Missed = C.GYRE_MISSED_DELAY // the grid starts again from now
)

func ms(d time.Duration) C.double { return C.double(d.Seconds() * 1e3) }

func (a *arena) timing(native *C.gyre_loop_options, o *Options) {
	native.timeout_ms, native.jitter = ms(o.Timeout), C.double(o.Jitter)
	native.backoff_ms, native.backoff_cap_ms = ms(o.Backoff), ms(o.BackoffCap)
	native.missed, native.priority = C.int32_t(o.Missed), C.int32_t(o.Priority)
	native.flags |= bit(o.Paused)*C.GYRE_LOOP_PAUSED | bit(o.Deferrable)*C.GYRE_LOOP_DEFERRABLE
	if o.Parent != "" {
		native.parent = a.text(o.Parent)
	}
	rows := a.bytes(uintptr(len(o.Gates)+1) * C.sizeof_gyre_gate)
	for i, g := range o.Gates {
		row := C.gyre_gate{size: C.sizeof_gyre_gate, kind: C.int32_t(g.Kind),
			close_at: C.double(g.CloseAt), open_at: C.double(g.OpenAt)}
		if g.Mode != "" {
			row.mode = a.text(g.Mode)
		}
		*(*C.gyre_gate)(unsafe.Add(rows, i*C.sizeof_gyre_gate)) = row
	}
	native.gates, native.gate_count = (*C.gyre_gate)(rows), C.uint32_t(len(o.Gates))
}
