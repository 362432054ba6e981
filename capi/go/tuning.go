// tuning.go - what may be set and what is seen, the rails of tuning; in C's shape for one call.

package gyre

// #include <gyre.h>
// #include <stdlib.h>
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// Order says whether neighbouring values are alike. A wrong order costs tries, not the result.
type Order int32

// The zero value is the default: numbers have an order, names have none.
const (
	Ordered   Order = C.GYRE_ORDER_YES
	Unordered Order = C.GYRE_ORDER_NONE
)

// Knob is a setting that the learner may choose, of numbers or of names, whose values are 0, 1 ...
type Knob struct {
	Name   string
	Values []float64
	Names  []string // of the values; nil: none
	Order  Order
}

// Feature is something that is seen, in buckets between ascending edges; or Names alone, each a
// bucket: what is seen is then the name's index.
type Feature struct {
	Name  string
	Edges []float64
	Names []string
	Order Order
}

// Setting is a value for some knobs, by their names.
type Setting map[string]float64

// Mode is what a tuner does with its time.
type Mode int32

const (
	Tune    Mode = C.GYRE_TUNING_TUNE    // choose, and learn: the default
	Observe Mode = C.GYRE_TUNING_OBSERVE // the baseline acts; it learns
	Frozen  Mode = C.GYRE_TUNING_FROZEN  // the best that is known acts; nothing is learned
)

// Tuning has the guard rails of a tuner. There is nothing to set for it to work.
type Tuning struct {
	Baseline  Setting   // what runs today, a value for each knob
	Budget    float64   // the part of its earnings that trying may cost; 0: 0.05; None: nothing
	Forbidden []Setting // never tried, of whatever the knobs are that one does not name
	OneStep   bool      // a knob with order moves at most to the next value from tick to tick
	AtRandom  float64   // the part of choices that take any action, so that WhatIf can tell of each
	Mode      Mode
}

// Linear gives count values from first to last in equal steps.
func Linear(first, last float64, count int) ([]float64, error) {
	return span(count, func(n C.uint32_t, out *C.double) C.gyre_status {
		return C.gyre_linear(C.double(first), C.double(last), n, out)
	})
}

// Geometric gives count values, each the same multiple of the one before; both ends over 0.
func Geometric(first, last float64, count int) ([]float64, error) {
	return span(count, func(n C.uint32_t, out *C.double) C.gyre_status {
		return C.gyre_geometric(C.double(first), C.double(last), n, out)
	})
}

func span(count int, fill func(C.uint32_t, *C.double) C.gyre_status) ([]float64, error) {
	if count < 1 || count > 65536 {
		text := fmt.Sprintf("count is %d: 1..65,536 expected", count)
		return nil, &Error{Code: C.GYRE_E_ARG, Text: text}
	}
	out := make([]float64, count)
	err := check(fill(C.uint32_t(count), (*C.double)(&out[0])), nil)
	return out, err
}

// cString copies a text to C, whose texts end at a NUL: one inside is an error. C.free ends it.
func cString(s string) (*C.char, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return nil, &Error{Code: C.GYRE_E_ARG, Text: fmt.Sprintf("%q contains NUL", s)}
	}
	return C.CString(s), nil
}

// arena keeps C copies of strings and numbers for the time of one call.
type arena struct {
	blocks []unsafe.Pointer
	err    error // of the first text that could not be copied
}

func (a *arena) free() {
	for _, block := range a.blocks {
		C.free(block)
	}
}

func (a *arena) bytes(n uintptr) unsafe.Pointer {
	block := C.calloc(1, C.size_t(n))
	a.blocks = append(a.blocks, block)
	return block
}

func (a *arena) text(s string) *C.char {
	text, err := cString(s)
	if err != nil && a.err == nil {
		a.err = err
	}
	a.blocks = append(a.blocks, unsafe.Pointer(text))
	return text
}

func (a *arena) numbers(values []float64) *C.double {
	out := (*C.double)(a.bytes(uintptr(len(values)+1) * 8))
	for i, v := range values {
		*(*C.double)(unsafe.Add(unsafe.Pointer(out), i*8)) = C.double(v)
	}
	return out
}

// names is nil where there are none.
func (a *arena) names(list []string) **C.char {
	if len(list) == 0 {
		return nil
	}
	out := a.bytes(uintptr(len(list)) * unsafe.Sizeof(uintptr(0)))
	for i, name := range list {
		*(**C.char)(unsafe.Add(out, uintptr(i)*unsafe.Sizeof(uintptr(0)))) = a.text(name)
	}
	return (**C.char)(out)
}

// some is nil where there are none.
func (a *arena) some(values []float64) *C.double {
	if len(values) == 0 {
		return nil
	}
	return a.numbers(values)
}

func (a *arena) knobs(list []Knob) (*C.gyre_knob, C.uint32_t) {
	out := a.bytes(uintptr(len(list)+1) * C.sizeof_gyre_knob)
	for i, k := range list {
		count := len(k.Values)
		if len(k.Names) > count {
			count = len(k.Names)
		}
		*(*C.gyre_knob)(unsafe.Add(out, i*C.sizeof_gyre_knob)) = C.gyre_knob{
			size: C.sizeof_gyre_knob, count: C.uint32_t(count), name: a.text(k.Name),
			values: a.some(k.Values), names: a.names(k.Names), order: C.int32_t(k.Order)}
	}
	return (*C.gyre_knob)(out), C.uint32_t(len(list))
}

func (a *arena) features(list []Feature) (*C.gyre_feature, C.uint32_t) {
	out := a.bytes(uintptr(len(list)+1) * C.sizeof_gyre_feature)
	for i, f := range list {
		count := len(f.Edges)
		if count == 0 {
			count = len(f.Names)
		}
		*(*C.gyre_feature)(unsafe.Add(out, i*C.sizeof_gyre_feature)) = C.gyre_feature{
			size: C.sizeof_gyre_feature, count: C.uint32_t(count), name: a.text(f.Name),
			edges: a.some(f.Edges), names: a.names(f.Names), order: C.int32_t(f.Order)}
	}
	return (*C.gyre_feature)(out), C.uint32_t(len(list))
}

func (a *arena) settings(rules []Setting) (*C.gyre_setting, C.uint32_t) {
	count := 0
	for _, rule := range rules {
		count += len(rule)
	}
	out, i := a.bytes(uintptr(count+1)*C.sizeof_gyre_setting), 0
	for r, rule := range rules {
		for knob, value := range rule {
			*(*C.gyre_setting)(unsafe.Add(out, i*C.sizeof_gyre_setting)) = C.gyre_setting{
				size: C.sizeof_gyre_setting, rule: C.uint32_t(r), knob: a.text(knob),
				value: C.double(value)}
			i++
		}
	}
	return (*C.gyre_setting)(out), C.uint32_t(count)
}

func (a *arena) tuning(t *Tuning) *C.gyre_tuning {
	if t == nil {
		return nil
	}
	out := (*C.gyre_tuning)(a.bytes(C.sizeof_gyre_tuning))
	out.size = C.sizeof_gyre_tuning
	out.mode = C.int32_t(t.Mode)
	out.budget = C.double(t.Budget)
	out.at_random = C.double(t.AtRandom)
	if t.OneStep {
		out.one_step = 1
	}
	out.baseline, out.baseline_count = a.settings([]Setting{t.Baseline})
	out.forbidden, out.forbidden_count = a.settings(t.Forbidden)
	return out
}
