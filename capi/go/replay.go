// replay.go - a replay buffer by itself, without an engine: rows of a type of one's own.

package gyre

// #include <gyre.h>
// // Rows as char: cgo then has no pointers in them to look for, and NewReplay made sure of that.
// static gyre_status push_rows(gyre_replay r, const char* rows, uint32_t n) {
//   return gyre_replay_push(r, rows, n);
// }
// static gyre_status sample_rows(gyre_replay r, char* rows, uint32_t n, uint32_t flags) {
//   return gyre_replay_sample(r, rows, n, flags);
// }
// static gyre_status read_rows(gyre_replay r, const uint32_t* slots, uint32_t n, uint32_t column,
//                              char* out) {
//   return gyre_replay_read(r, slots, n, column, out);
// }
import "C"

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"
)

// ReplayOptions say what one is; 0 is the default, which gyre/replay.h has.
type ReplayOptions struct {
	Capacity           uint32 // rows ...
	BudgetBytes        uint64 // ... or as many as fit, bookkeeping included
	MinSize            uint32 // nothing is drawn before so many rows are there
	Prioritized        bool   // draw by priority, (|error| + Epsilon)^Alpha
	CountSamples       bool   // count for each row how often it was drawn
	WeightsByAll       bool   // divide weights by the greatest that any row could have
	Alpha, Epsilon     float64
	Beta               float64 // weights are (rows x probability)^-Beta
	BetaEnd, BetaSteps float64 // what Beta has become after so many batches
	Seed               uint64
}

// Replay is a circular buffer of rows of T, a type without pointers: numbers, booleans, arrays and
// structs of them. A struct's fields are its columns; those named Reward, Terminated and Truncated,
// or tagged `gyre:"reward"` and so on, are what n-step returns and episodes are made of; with
// `gyre:"plain"` they are not. Close frees it. Calls of several goroutines wait for each other.
type Replay[T any] struct {
	id     C.gyre_replay
	fields []field
}

type field struct {
	name string
	of   reflect.StructField
	role C.uint32_t
}

var roles = map[string]C.uint32_t{"plain": C.GYRE_COLUMN_PLAIN, "reward": C.GYRE_COLUMN_REWARD,
	"terminated": C.GYRE_COLUMN_TERMINATED, "truncated": C.GYRE_COLUMN_TRUNCATED}

func argument(format string, a ...any) error {
	return &Error{Code: C.GYRE_E_ARG, Text: fmt.Sprintf(format, a...)}
}

// plain says whether values of the type are their bytes.
func plain(t reflect.Type) bool {
	switch kind := t.Kind(); {
	case kind == reflect.Array:
		return plain(t.Elem())
	case kind == reflect.Struct:
		for i := 0; i < t.NumField(); i++ {
			if !plain(t.Field(i).Type) {
				return false
			}
		}
		return true
	default:
		return kind >= reflect.Bool && kind <= reflect.Complex128 && kind != reflect.Uintptr
	}
}

func fieldsOf(row reflect.Type) ([]field, error) {
	var out []field
	for i := 0; row.Kind() == reflect.Struct && i < row.NumField(); i++ {
		f := row.Field(i)
		if f.Name == "_" || f.Type.Size() == 0 {
			continue
		}
		role, known := roles[strings.ToLower(f.Name)]
		if tag, tagged := f.Tag.Lookup("gyre"); tagged {
			if role, known = roles[tag]; !known {
				return nil, argument("%s: there is no role %q", f.Name, tag)
			}
		}
		if float := f.Type.Kind(); role == C.GYRE_COLUMN_REWARD && float != reflect.Float32 &&
			float != reflect.Float64 {
			return nil, argument("%s is of %v: the reward is a float32 or a float64", f.Name, f.Type)
		}
		out = append(out, field{f.Name, f, role})
	}
	return out, nil
}

// NewReplay makes an empty one; all its memory is allocated here.
func NewReplay[T any](o ReplayOptions) (*Replay[T], error) {
	row := reflect.TypeOf((*T)(nil)).Elem()
	if !plain(row) {
		return nil, argument("%v is not a plain type", row)
	}
	fields, wrong := fieldsOf(row)
	if wrong != nil {
		return nil, wrong
	}
	id, wrong := newReplay(row, fields, o)
	if wrong != nil {
		return nil, wrong
	}
	return &Replay[T]{id, fields}, nil
}

func newReplay(row reflect.Type, fields []field, o ReplayOptions) (C.gyre_replay, error) {
	var a arena
	defer a.free()
	native, err := (*C.gyre_replay_options)(a.bytes(C.sizeof_gyre_replay_options)), newError()
	native.size, native.row_size = C.sizeof_gyre_replay_options, C.uint32_t(row.Size())
	at := (*C.gyre_replay_column)(a.bytes(C.sizeof_gyre_replay_column * uintptr(len(fields)+1)))
	for i, f := range fields {
		unsafe.Slice(at, len(fields))[i] = C.gyre_replay_column{
			size: C.sizeof_gyre_replay_column, offset: C.uint32_t(f.of.Offset),
			bytes: C.uint32_t(f.of.Type.Size()), role: f.role}
	}
	native.columns, native.column_count = at, C.uint32_t(len(fields))
	native.capacity, native.min_size = C.uint32_t(o.Capacity), C.uint32_t(o.MinSize)
	native.budget_bytes, native.seed = C.double(o.BudgetBytes), C.uint64_t(o.Seed)
	native.flags = bit(o.Prioritized)*C.GYRE_REPLAY_PRIORITIZED |
		bit(o.CountSamples)*C.GYRE_REPLAY_COUNT_SAMPLES |
		bit(o.WeightsByAll)*C.GYRE_REPLAY_WEIGHTS_BY_ALL
	native.alpha, native.epsilon = C.double(o.Alpha), C.double(o.Epsilon)
	native.beta, native.beta_end = C.double(o.Beta), C.double(o.BetaEnd)
	native.beta_steps = C.double(o.BetaSteps)
	var id C.gyre_replay
	wrong := check(C.gyre_replay_create(native, &id, err), err)
	return id, wrong
}

// Close frees it; later calls are ErrStale.
func (r *Replay[T]) Close() error { return check(C.gyre_replay_destroy(r.id), nil) }

// Push appends rows; the oldest make room. An episode ends with a row that says so.
func (r *Replay[T]) Push(rows ...T) error {
	return check(C.push_rows(r.id, first[T, C.char](rows), C.uint32_t(len(rows))), nil)
}

// EndEpisode says that the newest row ends its episode, though it does not say so.
func (r *Replay[T]) EndEpisode() error { return check(C.gyre_replay_end_episode(r.id), nil) }

// Sample fills rows with some drawn uniformly, none twice unless replace.
func (r *Replay[T]) Sample(rows []T, replace bool) error {
	flags := bit(replace) * C.GYRE_SAMPLE_WITH_REPLACEMENT
	return check(C.sample_rows(r.id, first[T, C.char](rows), C.uint32_t(len(rows)), flags), nil)
}

// Drawn is a batch by place: a slot and a generation name a row while it is held. Weights are 0..1.
type Drawn struct {
	Slots, Generations     []uint32
	Weights, Probabilities []float32
}

// sized gives a slice of n, the same where there is room.
func sized[N any](list []N, n int) []N {
	if cap(list) < n {
		return make([]N, n)
	}
	return list[:n]
}

// Draw draws the places of n rows into those slices, which grow where they must: by priority, each
// from a stratum of its own; without priorities uniformly, none twice.
func (r *Replay[T]) Draw(n int, into *Drawn) error { return r.draw(n, into, 0) }

// DrawUniform draws them uniformly, whatever the priorities, none twice unless replace.
func (r *Replay[T]) DrawUniform(n int, replace bool, into *Drawn) error {
	return r.draw(n, into, C.GYRE_SAMPLE_UNIFORM|bit(replace)*C.GYRE_SAMPLE_WITH_REPLACEMENT)
}

func (r *Replay[T]) draw(n int, into *Drawn, flags C.uint32_t) error {
	into.Slots, into.Generations = sized(into.Slots, n), sized(into.Generations, n)
	into.Weights, into.Probabilities = sized(into.Weights, n), sized(into.Probabilities, n)
	return check(C.gyre_replay_draw(r.id, first[uint32, C.uint32_t](into.Slots),
		first[uint32, C.uint32_t](into.Generations), first[float32, C.float](into.Weights),
		first[float32, C.float](into.Probabilities), C.uint32_t(n), flags), nil)
}

// DrawRuns draws runs of rows that follow each other, as many as there is room for: the slot of the
// first, and how many. Up to length, the end of the episode or the newest row; 0: whole episodes.
// The i-th row of a run is in slot (first + i) % capacity.
func (r *Replay[T]) DrawRuns(firsts, counts []uint32, length uint32) error {
	if len(counts) < len(firsts) {
		return errRoom
	}
	return check(C.gyre_replay_draw_runs(r.id, first[uint32, C.uint32_t](firsts),
		first[uint32, C.uint32_t](counts), C.uint32_t(len(firsts)), C.uint32_t(length)), nil)
}

// Rows copies the rows in slots. One replaced meanwhile gives what is there now.
func (r *Replay[T]) Rows(slots []uint32, rows []T) error {
	if len(rows) < len(slots) {
		return errRoom
	}
	return check(C.read_rows(r.id, first[uint32, C.uint32_t](slots), C.uint32_t(len(slots)),
		C.uint32_t(len(r.fields)), first[T, C.char](rows)), nil)
}

// Column copies one field of the rows in slots, one after the other: of an array its elements.
func Column[N, T any](r *Replay[T], name string, slots []uint32, out []N) error {
	for i, f := range r.fields {
		if f.name != name {
			continue
		}
		each, number := 1, reflect.TypeOf((*N)(nil)).Elem()
		if f.of.Type.Kind() == reflect.Array && number != f.of.Type {
			each = f.of.Type.Len()
			if number != f.of.Type.Elem() {
				return argument("%s is of %v, not of %v", name, f.of.Type, number)
			}
		} else if number != f.of.Type {
			return argument("%s is of %v, not of %v", name, f.of.Type, number)
		}
		if len(out) < each*len(slots) {
			return errRoom
		}
		return check(C.read_rows(r.id, first[uint32, C.uint32_t](slots), C.uint32_t(len(slots)),
			C.uint32_t(i), first[N, C.char](out)), nil)
	}
	return argument("there is no column %q", name)
}

// Update sets the priorities of rows by their errors. Those of rows that were replaced meanwhile,
// and errors that are not finite, are refused: how many that were.
func (r *Replay[T]) Update(drawn *Drawn, errors []float32) (refused int, err error) {
	n := len(drawn.Slots)
	if len(drawn.Generations) != n || len(errors) != n {
		return 0, errColumns
	}
	var count C.uint32_t
	err = check(C.gyre_replay_update(r.id, first[uint32, C.uint32_t](drawn.Slots),
		first[uint32, C.uint32_t](drawn.Generations), first[float32, C.float](errors),
		C.uint32_t(n), &count), nil)
	return int(count), err
}

// Returns are what came of up to n steps from each of some rows: r0 + gamma r1 + ...; gamma^steps,
// 0 where the last row is terminated; the slot of that row; how many steps there were.
type Returns struct {
	Rewards, Bootstraps []float64
	Lasts, Steps        []uint32
}

// NStep writes them for the rows in slots into those slices, which grow where they must.
func (r *Replay[T]) NStep(slots []uint32, n uint32, gamma float64, into *Returns) error {
	m := len(slots)
	into.Rewards, into.Bootstraps = sized(into.Rewards, m), sized(into.Bootstraps, m)
	into.Lasts, into.Steps = sized(into.Lasts, m), sized(into.Steps, m)
	return check(C.gyre_replay_n_step(r.id, first[uint32, C.uint32_t](slots), C.uint32_t(m),
		C.uint32_t(n), C.double(gamma), first[float64, C.double](into.Rewards),
		first[float64, C.double](into.Bootstraps), first[uint32, C.uint32_t](into.Lasts),
		first[uint32, C.uint32_t](into.Steps)), nil)
}

// RowStats are of each of some rows: how many are newer, how often it was drawn (where that is
// counted), its priority.
type RowStats struct {
	Ages, Drawn []uint32
	Priorities  []float32
}

// Stats writes them for the rows in slots into those slices, which grow where they must.
func (r *Replay[T]) Stats(slots []uint32, into *RowStats) error {
	n := len(slots)
	into.Ages, into.Drawn = sized(into.Ages, n), sized(into.Drawn, n)
	into.Priorities = sized(into.Priorities, n)
	return check(C.gyre_replay_rows_read(r.id, first[uint32, C.uint32_t](slots), C.uint32_t(n),
		first[uint32, C.uint32_t](into.Ages), first[uint32, C.uint32_t](into.Drawn),
		first[float32, C.float](into.Priorities)), nil)
}

// Resize keeps the newest rows that fit, oldest in slot 0; generations are new.
func (r *Replay[T]) Resize(capacity uint32) error {
	err := newError()
	return check(C.gyre_replay_resize(r.id, C.uint32_t(capacity), err), err)
}

// Save gives everything: rows, priorities, the position of the draws.
func (r *Replay[T]) Save() ([]byte, error) {
	return saved(func(buf unsafe.Pointer, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_replay_save(r.id, buf, room, needed)
	})
}

// Load replaces everything by what Save gave, of the same T; with the same options it goes on draw
// for draw.
func (r *Replay[T]) Load(saved []byte) error {
	err, size := newError(), C.uint32_t(len(saved))
	return check(C.gyre_replay_load(r.id, unsafe.Pointer(first[byte, byte](saved)), size, err), err)
}

// Check is an error where its parts do not agree. It takes a while.
func (r *Replay[T]) Check() error { return check(C.gyre_replay_check(r.id), nil) }

// ReplayMetrics are what one holds and did.
type ReplayMetrics struct {
	RowSize                         int
	Rows, Capacity                  uint64
	TotalAdded, TotalSampled        uint64
	Utilization                     float64 // rows / capacity
	StaleUpdates                    uint64  // refused since the row was replaced meanwhile
	Episodes                        uint64  // held whole
	MeanAge                         float64 // of rows as they were drawn, in newer rows
	Beta                            float64 // now; 0 without priorities, as what follows
	TotalPriority, GreatestPriority float64
}

// Metrics are of one instant.
func (r *Replay[T]) Metrics() (ReplayMetrics, error) {
	m := C.gyre_replay_metrics{size: C.sizeof_gyre_replay_metrics}
	if err := check(C.gyre_replay_metrics_read(r.id, &m), nil); err != nil {
		return ReplayMetrics{}, err
	}
	return ReplayMetrics{int(m.row_size), uint64(m.rows), uint64(m.capacity),
		uint64(m.total_added), uint64(m.total_sampled), float64(m.utilization),
		uint64(m.stale_updates), uint64(m.episodes), float64(m.mean_age), float64(m.beta),
		float64(m.total_priority), float64(m.greatest_priority)}, nil
}
