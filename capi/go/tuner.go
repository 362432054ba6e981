// tuner.go - a tuner by itself, for those who bring their own loop; what one has learned.

package gyre

// #include <gyre.h>
// #include <stdlib.h>
import "C"

import "unsafe"

// Tuner finds what earns most in each state, in few noisy tries. A state is a bucket for each
// feature, an action a value for each knob, both numbered mixed radix, the first declared counting
// most. Close frees it. Calls of several goroutines wait for each other.
type Tuner struct{ id C.gyre_tuner }

// TunerOptions say what a tuner chooses among and for.
type TunerOptions struct {
	Knobs    []Knob
	Features []Feature
	Tuning   *Tuning
	Seed     uint64 // of all its draws; 0: 1
}

// NewTuner makes one that has learned nothing yet.
func NewTuner(o TunerOptions) (*Tuner, error) {
	var a arena
	defer a.free()
	native, err := (*C.gyre_tuner_options)(a.bytes(C.sizeof_gyre_tuner_options)), newError()
	native.size = C.sizeof_gyre_tuner_options
	native.knobs, native.knob_count = a.knobs(o.Knobs)
	native.features, native.feature_count = a.features(o.Features)
	native.tuning = a.tuning(o.Tuning)
	native.seed = C.uint64_t(o.Seed)
	if a.err != nil {
		return nil, a.err
	}
	t := &Tuner{}
	if err := check(C.gyre_tuner_create(native, &t.id, err), err); err != nil {
		return nil, err
	}
	return t, nil
}

// Close frees it.
func (t *Tuner) Close() error { return check(C.gyre_tuner_destroy(t.id), nil) }

// first points to the first of some numbers.
func first[T, N any](list []T) *N {
	if len(list) == 0 {
		return nil
	}
	return (*N)(unsafe.Pointer(&list[0]))
}

// State is that in which each feature has the value that was seen, in declared order.
func (t *Tuner) State(seen ...float64) (uint32, error) {
	var state C.uint32_t
	count := C.uint32_t(len(seen))
	err := check(C.gyre_tuner_state(t.id, first[float64, C.double](seen), count, &state), nil)
	return uint32(state), err
}

// Values are those that each knob has in an action, in declared order; of names their index.
func (t *Tuner) Values(action uint32) ([]float64, error) {
	return values(func(out *C.double, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_tuner_values(t.id, C.uint32_t(action), out, room, needed)
	})
}

func values(read func(*C.double, C.uint32_t, *C.uint32_t) C.gyre_status) ([]float64, error) {
	out, needed := make([]float64, 8), C.uint32_t(0)
	status := read((*C.double)(&out[0]), C.uint32_t(len(out)), &needed)
	if status == C.GYRE_E_BUFFER {
		out = make([]float64, needed)
		status = read((*C.double)(&out[0]), needed, &needed)
	}
	if err := check(status, nil); err != nil {
		return nil, err
	}
	return out[:needed], nil
}

// Choose picks an action and says how likely it was; those in notNow are left out, unless nothing
// else is left.
func (t *Tuner) Choose(state uint32, notNow ...uint32) (uint32, float64, error) {
	var action C.uint32_t
	var propensity C.double
	count := C.uint32_t(len(notNow))
	left := first[uint32, C.uint32_t](notNow)
	status := C.gyre_tuner_choose(t.id, C.uint32_t(state), left, count, &action, &propensity)
	return uint32(action), float64(propensity), check(status, nil)
}

// Observe learns what an action earned, also one that Choose did not give.
func (t *Tuner) Observe(state, action uint32, reward float64) error {
	status := C.gyre_tuner_observe(t.id, C.uint32_t(state), C.uint32_t(action), C.double(reward))
	return check(status, nil)
}

// ObserveFailure learns that an action failed: worth less than the worst reward so far.
func (t *Tuner) ObserveFailure(state, action uint32) error {
	return check(C.gyre_tuner_observe_failure(t.id, C.uint32_t(state), C.uint32_t(action)), nil)
}

// Limit says what another figure was, and what it may be at most: settings that break the limit
// with confidence are avoided. At most four names.
func (t *Tuner) Limit(state, action uint32, name string, value, atMost float64) error {
	text, err := cString(name)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(text))
	status := C.gyre_tuner_limit(t.id, C.uint32_t(state), C.uint32_t(action), text, C.double(value),
		C.double(atMost))
	return check(status, nil)
}

// Limits are those figures, in the order in which they were first said.
func (t *Tuner) Limits() ([]Bound, error) {
	return bounds(func(rows *C.gyre_limit, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_tuner_limits(t.id, rows, room, needed)
	})
}

// SetMode tells it to tune, to observe or to be frozen.
func (t *Tuner) SetMode(mode Mode) error {
	return check(C.gyre_tuner_set_mode(t.id, C.int32_t(mode)), nil)
}

// Save gives all that it has learned, as bytes that Load takes.
func (t *Tuner) Save() ([]byte, error) {
	return saved(func(buf unsafe.Pointer, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_tuner_save(t.id, buf, room, needed)
	})
}

// Load replaces what it has learned; with the same options it goes on draw for draw.
func (t *Tuner) Load(saved []byte) error {
	err, size := newError(), C.uint32_t(len(saved))
	return check(C.gyre_tuner_load(t.id, unsafe.Pointer(first[byte, byte](saved)), size, err), err)
}

// Learned is a tuner in numbers.
type Learned struct {
	States, Actions int
	CellsTried      int    // of states x actions, observed at least once
	Decisions       uint64 // actions chosen
	Observations    uint64 // rewards taken, failures among them
	Failures        uint64
	Refused         uint64
	Changes         uint64 // times that what was known of a state was found out of date
	LastChange      uint64 // the observation at which, counted from 1; 0: never
	HeldBudget      uint64 // choices that became the baseline
	HeldStep        uint64 // ... a value between
	HeldForbidden   uint64 // ... another
	HeldLimits      uint64 // ... another: it breaks a limit
	MeanReward      float64
	Sharing         float64 // 0..1: how likely it is that states are alike
	Lost, MayLose   float64 // what the baseline would have earned more; what that may be at most
	Bytes           uint64
	LateOpen        uint64 // of a loop: tickets whose reward may still come
	LateAfter       uint64 // ... rewards that came when the ticket had been given up
	LateTwice       uint64 // ... when it was used up
	LateNever       uint64 // ... tickets that were given up without
}

func learned(read func(*C.gyre_tuning_metrics) C.gyre_status) (Learned, error) {
	m := C.gyre_tuning_metrics{}
	m.size = C.uint32_t(unsafe.Sizeof(m))
	if err := check(read(&m), nil); err != nil {
		return Learned{}, err
	}
	return Learned{int(m.states), int(m.actions), int(m.cells_tried), uint64(m.decisions),
		uint64(m.observations), uint64(m.failures), uint64(m.refused), uint64(m.changes),
		uint64(m.last_change), uint64(m.held_budget), uint64(m.held_step),
		uint64(m.held_forbidden), uint64(m.held_limits), float64(m.mean_reward),
		float64(m.sharing), float64(m.lost), float64(m.may_lose), uint64(m.bytes),
		uint64(m.late_open), uint64(m.late_after), uint64(m.late_twice), uint64(m.late_never)}, nil
}

// Report is what a tuner knows of one state.
type Report struct {
	Observations        uint64
	Best                uint32  // the action of most worth
	Estimate, Low, High float64 // what a tick of it earns, on average, and its 95 % interval
	Probability         float64 // that it is the best
	Trying              float64 // 0..1: how many of the next ticks try something else
	Baseline            float64 // what the baseline earns; NaN without one, before the first reward
	Noise               float64 // standard deviation of one tick's reward around its mean
	LastChange          uint64
	Avoided             uint32 // settings that break a limit
}

// Bound is a figure that is to stay under one.
type Bound struct {
	Name                 string
	AtMost               float64 // as it was said last
	Observations, Broken uint64  // ticks that told it; of these, over it
}

func bounds(read func(*C.gyre_limit, C.uint32_t, *C.uint32_t) C.gyre_status) ([]Bound, error) {
	var rows [4]C.gyre_limit // as many as there may be
	var needed C.uint32_t
	rows[0].size = C.uint32_t(unsafe.Sizeof(rows[0]))
	if err := check(read(&rows[0], C.uint32_t(len(rows)), &needed), nil); err != nil {
		return nil, err
	}
	var out []Bound
	for _, row := range rows[:needed] {
		out = append(out, Bound{C.GoString(&row.name[0]), float64(row.at_most),
			uint64(row.observations), uint64(row.broken)})
	}
	return out, nil
}

func report(read func(*C.gyre_state_report) C.gyre_status) (Report, error) {
	r := C.gyre_state_report{}
	r.size = C.uint32_t(unsafe.Sizeof(r))
	if err := check(read(&r), nil); err != nil {
		return Report{}, err
	}
	return Report{uint64(r.observations), uint32(r.best), float64(r.estimate), float64(r.low),
		float64(r.high), float64(r.probability), float64(r.trying), float64(r.baseline),
		float64(r.noise), uint64(r.last_change), uint32(r.avoided)}, nil
}

// Learned says what it did and knows as a whole.
func (t *Tuner) Learned() (Learned, error) {
	return learned(func(m *C.gyre_tuning_metrics) C.gyre_status {
		return C.gyre_tuner_metrics_read(t.id, m)
	})
}

// Report says what it knows of one state.
func (t *Tuner) Report(state uint32) (Report, error) {
	return report(func(r *C.gyre_state_report) C.gyre_status {
		return C.gyre_tuner_report(t.id, C.uint32_t(state), r)
	})
}
