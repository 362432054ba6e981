// tiles.go - a learner that sees numbers, not states: SARSA(lambda) or Q(lambda) over tile coding.

package gyre

// #include <gyre.h>
import "C"

import "unsafe"

// Axis is one of the numbers that are seen: where it begins and ends, what lies outside counting as
// the end, and into how many tiles it is cut.
type Axis struct {
	Low, High float64
	Cuts      uint32
}

// TilesOptions say what one is; 0 is the default, which gyre/tiles.h has.
type TilesOptions struct {
	Axes                   []Axis // 1..32
	Actions                int
	Tilings                uint32 // grids, 1..64
	Weights                uint32 // numbers that are learned; more tiles share them
	Discount, LearningRate float64
	Lambda                 float64 // None
	Method                 Method  // Sarsa, the default, or Q
	ExploreFrom, ExploreTo float64
	ExploreOver            float64
	ExploreHow             Explore // not ExploreByVisits, not ExploreBonus
	Seed                   uint64
}

// Tiles learns which action suits what is seen: rows of a number for each axis. Close frees it.
// Calls of several goroutines wait for each other.
type Tiles struct {
	id   C.gyre_tiles
	axes int
}

// NewTiles makes one that has learned nothing yet.
func NewTiles(o TilesOptions) (*Tiles, error) {
	var a arena
	defer a.free()
	n := len(o.Axes)
	native, err := (*C.gyre_tiles_options)(a.bytes(C.sizeof_gyre_tiles_options)), newError()
	native.size, native.axis_count = C.sizeof_gyre_tiles_options, C.uint32_t(n)
	room := uintptr(n+1) * 8
	native.lows, native.highs = (*C.double)(a.bytes(room)), (*C.double)(a.bytes(room))
	native.cuts = (*C.uint32_t)(a.bytes(room))
	for i, axis := range o.Axes {
		unsafe.Slice(native.lows, n)[i] = C.double(axis.Low)
		unsafe.Slice(native.highs, n)[i] = C.double(axis.High)
		unsafe.Slice(native.cuts, n)[i] = C.uint32_t(axis.Cuts)
	}
	native.actions, native.tilings = C.uint32_t(o.Actions), C.uint32_t(o.Tilings)
	native.weights, native.seed = C.uint32_t(o.Weights), C.uint64_t(o.Seed)
	native.discount, native.learning_rate = C.double(o.Discount), C.double(o.LearningRate)
	native.lambda, native.method = C.double(o.Lambda), C.uint32_t(o.Method)
	native.explore_from, native.explore_to = C.double(o.ExploreFrom), C.double(o.ExploreTo)
	native.explore_over = C.double(o.ExploreOver)
	native.explore_how = C.uint32_t(o.ExploreHow)
	t := &Tiles{axes: n}
	if err := check(C.gyre_tiles_create(native, &t.id, err), err); err != nil {
		return nil, err
	}
	return t, nil
}

// Close frees it.
func (t *Tiles) Close() error { return check(C.gyre_tiles_destroy(t.id), nil) }

// Choose gives an action for each row, exploring, into actions: as many.
func (t *Tiles) Choose(seen []float32, actions []uint32) error {
	n, err := rowsOf(len(seen), t.axes, len(actions), 1)
	if err != nil {
		return err
	}
	return check(C.gyre_tiles_choose(t.id, first[float32, C.float](seen),
		first[uint32, C.uint32_t](actions), n), nil)
}

// Greedy gives the action of most worth for each row, into actions; no decision is counted.
func (t *Tiles) Greedy(seen []float32, actions []uint32) error {
	n, err := rowsOf(len(seen), t.axes, len(actions), 1)
	if err != nil {
		return err
	}
	return check(C.gyre_tiles_greedy(t.id, first[float32, C.float](seen),
		first[uint32, C.uint32_t](actions), n), nil)
}

// Observe learns from steps; from none when one is refused.
func (t *Tiles) Observe(s Steps) error {
	n := len(s.Actions)
	if !s.whole(t.axes) {
		return errColumns
	}
	return check(C.gyre_tiles_observe(t.id, first[float32, C.float](s.Seen),
		first[uint32, C.uint32_t](s.Actions), first[float64, C.double](s.Rewards),
		first[float32, C.float](s.Next), first[uint32, C.uint32_t](s.Flags), C.uint32_t(n)), nil)
}

// Save gives all that it has learned, as bytes that Load takes.
func (t *Tiles) Save() ([]byte, error) {
	return saved(func(buf unsafe.Pointer, room C.uint32_t, needed *C.uint32_t) C.gyre_status {
		return C.gyre_tiles_save(t.id, buf, room, needed)
	})
}

// Load replaces what it has learned; with the same options it goes on bit for bit.
func (t *Tiles) Load(saved []byte) error {
	err, size := newError(), C.uint32_t(len(saved))
	return check(C.gyre_tiles_load(t.id, unsafe.Pointer(first[byte, byte](saved)), size, err), err)
}
