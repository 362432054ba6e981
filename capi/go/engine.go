// engine.go - what an engine is asked to be.

package gyre

// #include <gyre.h>
import "C"

import "time"

// EngineOptions say what an engine is; what is left zero is the default.
type EngineOptions struct {
	Virtual     bool          // AdvanceTo moves its clock; else it is the argument of RunDue
	Seed        uint64        // of all randomness; zero: 1 where it is Virtual, else drawn anew
	Store       string        // the directory of what survives, made if missing; empty: nothing does
	ForgetTimes bool          // each start begins a new grid, of loops of a minute and more too
	Window      time.Duration // of observation, 1 ms or more; zero: 1 s
	MemoryBytes uint64        // of all that is remembered, 64 KiB or more; zero: 16 MiB
	MemoryRing  uint32        // newest records that are kept as they are, 8..256; zero: 100
}

// New makes an engine without threads whose clock is the argument of RunDue.
func New() (*Engine, error) { return NewWith(EngineOptions{}) }

// NewVirtual makes an engine whose clock AdvanceTo moves: with one seed and the same calls, all of
// it repeats exactly, in every language. A seed of 0 is the default, 1.
func NewVirtual(seed uint64) (*Engine, error) {
	return NewWith(EngineOptions{Virtual: true, Seed: seed})
}

// NewWith makes one with options.
func NewWith(o EngineOptions) (*Engine, error) {
	var a arena
	defer a.free()
	native, err := (*C.gyre_engine_options)(a.bytes(C.sizeof_gyre_engine_options)), newError()
	native.size, native.driver = C.sizeof_gyre_engine_options, C.GYRE_DRIVER_HOST
	if o.Virtual {
		native.driver = C.GYRE_DRIVER_VIRTUAL
	}
	if o.Store != "" {
		native.store = a.text(o.Store)
	}
	native.seed, native.window_ms = C.uint64_t(o.Seed), ms(o.Window)
	native.memory_bytes, native.memory_ring = C.double(o.MemoryBytes), C.uint32_t(o.MemoryRing)
	native.forget_times = bit(o.ForgetTimes)
	if a.err != nil {
		return nil, a.err
	}
	e := &Engine{loops: map[C.gyre_loop]work{}, begin: time.Now(), virtual: o.Virtual}
	if err := check(C.gyre_engine_create(native, &e.id, err), err); err != nil {
		return nil, err
	}
	return e, nil
}
