// Package gyre runs periodic work as supervised, measured loops that tune their own settings, over
// the C ABI. No Go function is ever called from C: an engine's loops are external, Engine.RunDue
// takes the ticks that are due, runs them here and hands the outcomes back.
//
// Threads: an Engine may be used by any goroutine, RunDue by one at a time. A function that panics
// is a failed tick with the panic's text.
package gyre

/*
#cgo pkg-config: libgyre
#include <gyre.h>
#include <stdlib.h>
#include <string.h>
*/
import "C"

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Error says why a call failed: the header's number, and words.
type Error struct {
	Code int32
	Text string
}

func (e *Error) Error() string {
	return C.GoString(C.gyre_status_name(C.gyre_status(e.Code))) + ": " + e.Text
}

// Is tells errors.Is that two of one code are alike; the words are not compared.
func (e *Error) Is(other error) bool {
	o, ok := other.(*Error)
	return ok && o.Code == e.Code
}

func check(status C.gyre_status, err *C.gyre_error) error {
	if status == C.GYRE_OK {
		return nil
	}
	e := &Error{Code: int32(status)}
	if err != nil {
		e.Text = C.GoString(&err.text[0])
	}
	return e
}

func newError() *C.gyre_error {
	err := &C.gyre_error{}
	err.size = C.uint32_t(unsafe.Sizeof(*err))
	return err
}

// Engine owns a native engine, moved by RunDue. Close frees it.
type Engine struct {
	id    C.gyre_engine
	mutex sync.Mutex
	loops map[C.gyre_loop]work
	ticks [256]C.gyre_tick
	begin time.Time // of the engine's clock, for Run

	virtual bool // AdvanceTo moves the clock
}

// work is what a loop does, and whose loop it goes with.
type work struct {
	run          func(*Tick) error
	name, parent string
}

// Close stops the engine and frees it.
func (e *Engine) Close() error {
	err := newError()
	return check(C.gyre_engine_destroy(e.id, err), err)
}

// Options say what a loop is; what is left zero is the engine's default.
type Options struct {
	Name                   string
	Interval               time.Duration // start to start
	Group                  string        // its loops share one learner
	Knobs                  []Knob
	Features               []Feature
	EngineFeatures         bool    // instead: the error streak, the last duration, the CPU load
	Tuning                 *Tuning // guard rails of the tuner; nil: none
	Sequential             bool    // an action changes what the next tick finds: Q-learning
	LearningRate           float64
	SampleAverage          bool    // step = max(LearningRate, 1/n)
	ExploreFrom, ExploreTo float64 // share of random choices
	ExploreOver            float64 // ... over so many choices
	Method                 Method  // of Q-learning and its kin; zero: what suits Sequential
	ExploreHow             Explore // zero: what suits Sequential
	StepPower              float64 // step = max(LearningRate, n^-StepPower)
	Lambda                 float64 // of QLambda; None
	Planning               uint32  // of DynaQ and Sweeping, cells updated a tick
	Optimistic             bool    // what was never tried is worth the most that can be

	Timeout             time.Duration // a tick over it is abandoned and failed; zero: 2 s
	Jitter              float64       // of the interval, at most 0.5; zero: 0.1; None
	Backoff, BackoffCap time.Duration // wait after a failure, doubling up to the other; 100 ms, 5 s
	Missed              Missed        // what becomes of ticks that it missed
	Priority            int32         // -2048..2047: the higher goes first
	Parent              string        // a loop that takes it with it: paused, stopped, removed
	Gates               []Gate        // all must be open for a tick to run
	Paused              bool          // it starts so
	Deferrable          bool          // may be slowed down when bus or loops are not well
}

// None says "none, really" where 0 means the default.
const None = -1.0

// Add makes a loop of the function; an error or a panic of it is a failed tick.
func (e *Engine) Add(o Options, run func(*Tick) error) error {
	_, err := e.AddLoop(o, run)
	return err
}

// AddLoop does so too, and names the loop.
func (e *Engine) AddLoop(o Options, run func(*Tick) error) (Loop, error) {
	var a arena
	defer a.free()
	native, err := (*C.gyre_loop_options)(a.bytes(C.sizeof_gyre_loop_options)), newError()
	native.size = C.sizeof_gyre_loop_options
	native.flags = C.GYRE_LOOP_EXTERNAL
	native.name = a.text(o.Name)
	native.group = a.text(o.Group)
	native.interval_ms = C.double(o.Interval.Seconds() * 1e3)
	native.learning_rate = C.double(o.LearningRate)
	native.explore_from = C.double(o.ExploreFrom)
	native.explore_to = C.double(o.ExploreTo)
	native.explore_over = C.double(o.ExploreOver)
	native.method = C.uint32_t(o.Method)
	native.explore_how = C.uint32_t(o.ExploreHow)
	native.step_power = C.double(o.StepPower)
	native.lambda = C.double(o.Lambda)
	native.planning = C.uint32_t(o.Planning)
	if o.Optimistic {
		native.optimistic = 1
	}
	if o.SampleAverage {
		native.sample_average = 1
	}
	if o.Sequential {
		native.flags |= C.GYRE_LOOP_SEQUENTIAL
	}
	if o.EngineFeatures {
		native.flags |= C.GYRE_LOOP_ENGINE_FEATURES
	}
	a.timing(native, &o)
	native.knobs, native.knob_count = a.knobs(o.Knobs)
	native.features, native.feature_count = a.features(o.Features)
	native.tuning = a.tuning(o.Tuning)
	if a.err != nil {
		return Loop{}, a.err
	}
	var id C.gyre_loop
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if err := check(C.gyre_loop_create(e.id, native, &id, err), err); err != nil {
		return Loop{}, err
	}
	e.loops[id] = work{run, o.Name, o.Parent}
	return Loop{id}, nil
}

// Start lets the loops run.
func (e *Engine) Start() error {
	err := newError()
	return check(C.gyre_engine_start(e.id, err), err)
}

// Never is when RunDue is to be called again where nothing is planned.
const Never time.Duration = math.MaxInt64

func due(ms float64) time.Duration {
	if ms < 0 {
		return Never
	}
	return time.Duration(math.Round(ms * 1e6))
}

// rounds are so many in which loops that trigger themselves run at one time, as in C.
const rounds, roundsVirtual = 64, 10_000

// RunDue runs every tick that is due at now, since the engine's creation, in this goroutine, and
// says when to come again: Never when nothing is planned. How long a tick takes is measured here.
// Loops that trigger themselves let it return after a while; now is then when to come again.
func (e *Engine) RunDue(now time.Duration) (ran int, next time.Duration, err error) {
	native := newError()
	result := C.gyre_poll_result{}
	result.size = C.uint32_t(unsafe.Sizeof(result))
	ms := C.double(now.Seconds() * 1e3)
	for round := 0; round < rounds; {
		if err := check(C.gyre_engine_poll(e.id, ms, 0, &result, native), native); err != nil {
			return ran, 0, err
		}
		count, err := e.runAcquired()
		if err != nil {
			return ran, 0, err
		}
		if count == 0 {
			return ran, due(float64(result.next_due_ms)), nil
		}
		if ran += count; count < len(e.ticks) {
			round++ // all were taken; what is due now was not then
		}
	}
	return ran, now, nil
}

// runAcquired runs the ticks that are due, and says how many.
func (e *Engine) runAcquired() (int, error) {
	var count C.uint32_t
	native := newError()
	status := C.gyre_tick_acquire(e.id, &e.ticks[0], C.uint32_t(len(e.ticks)), &count, native)
	if err := check(status, native); err != nil {
		return 0, err
	}
	for _, id := range e.ticks[:count] {
		e.runOne(id)
	}
	return int(count), nil
}

func (e *Engine) runOne(id C.gyre_tick) {
	info := C.gyre_tick_info{}
	info.size = C.uint32_t(unsafe.Sizeof(info))
	C.gyre_tick_info_read(id, &info)
	e.mutex.Lock()
	run := e.loops[info.loop].run
	e.mutex.Unlock()
	begin := time.Now()
	err := guarded(run, &Tick{id})
	took := time.Since(begin)
	var a arena
	defer a.free()
	done := (*C.gyre_completion)(a.bytes(C.sizeof_gyre_completion))
	done.size = C.sizeof_gyre_completion
	if !e.virtual {
		// The engine's clock stands still meanwhile, and 0 would ask for it.
		done.took_ms = C.double(math.Max(took.Seconds()*1e3, 1e-6))
	}
	if err != nil {
		done.failed = 1
		done.text = a.text(strings.ReplaceAll(words(err), "\x00", "\uFFFD"))
	}
	C.gyre_tick_complete(id, done) // stale when it took too long: counted by the engine
}

// words of an error, whose own method may panic: of a nil pointer that became an error it does.
func words(failed error) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprintf("an error of type %T without words: %v", failed, p)
		}
	}()
	return failed.Error()
}

func guarded(run func(*Tick) error, tick *Tick) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return run(tick)
}

// Tick is one run of a loop, inside its function.
type Tick struct{ id C.gyre_tick }

// Knob is the value to use. Report features before the first of these calls.
func (t *Tick) Knob(name string) (float64, error) {
	text, err := cString(name)
	if err != nil {
		return 0, err
	}
	defer C.free(unsafe.Pointer(text))
	var value C.double
	err = check(C.gyre_tick_knob(t.id, text, &value), nil)
	return float64(value), err
}

// Feature tells what the tick sees.
func (t *Tick) Feature(name string, value float64) error {
	text, err := cString(name)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(text))
	return check(C.gyre_tick_feature(t.id, text, C.double(value)), nil)
}

// Reward tells what the tick earned.
func (t *Tick) Reward(reward float64) error {
	return check(C.gyre_tick_reward(t.id, C.double(reward)), nil)
}

// Forbid rules out for this tick what has this value; before the first Knob.
func (t *Tick) Forbid(knob string, value float64) error {
	text, err := cString(knob)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(text))
	return check(C.gyre_tick_forbid(t.id, text, C.double(value)), nil)
}

// Used says that someone else has set this knob: the reward is learned of that.
func (t *Tick) Used(knob string, value float64) error {
	text, err := cString(knob)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(text))
	return check(C.gyre_tick_used(t.id, text, C.double(value)), nil)
}

// RewardLater gives a ticket for Loop.Reward: the reward comes later than the tick's end.
func (t *Tick) RewardLater() (uint32, error) {
	var ticket C.uint32_t
	err := check(C.gyre_tick_reward_later(t.id, &ticket), nil)
	return uint32(ticket), err
}

// Limit is a goal beside the reward: this tick's figure of that name, and what it may be at most.
func (t *Tick) Limit(name string, value, atMost float64) error {
	text, err := cString(name)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(text))
	return check(C.gyre_tick_limit(t.id, text, C.double(value), C.double(atMost)), nil)
}

// Cost tells what the tick cost: a reward of -cost.
func (t *Tick) Cost(cost float64) error {
	return check(C.gyre_tick_cost(t.id, C.double(cost)), nil)
}

// Terminated says, with Options.Sequential, that nothing is earned after this tick.
func (t *Tick) Terminated() error { return check(C.gyre_tick_terminated(t.id), nil) }

// Truncated says that what the loop does was cut off here. The next tick begins anew.
func (t *Tick) Truncated() error { return check(C.gyre_tick_truncated(t.id), nil) }

// Totals are sums over all loops.
type Totals struct {
	Loops         int
	Ticks, Errors uint64
	Score         float64
	P50           time.Duration // half of the ticks took no longer
}

// Totals never waits for a tick.
func (e *Engine) Totals() (Totals, error) {
	totals := C.gyre_totals{}
	totals.size = C.uint32_t(unsafe.Sizeof(totals))
	if err := check(C.gyre_snapshot_totals(e.id, &totals), nil); err != nil {
		return Totals{}, err
	}
	return Totals{int(totals.loops), uint64(totals.ticks), uint64(totals.errors),
		float64(totals.score), time.Duration(float64(totals.p50_ms) * 1e6)}, nil
}
