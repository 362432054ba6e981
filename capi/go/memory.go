// memory.go - the memory of an engine: what it was told to keep.

package gyre

/*
#include <gyre.h>
#include <stdlib.h>
*/
import "C"

import (
	"encoding/json"
	"errors"
	"time"
	"unsafe"
)

// Record is something to remember, or what was recalled.
type Record struct {
	Text       string   `json:"text"` // text or JSON
	User       string   `json:"user"`
	Role       string   `json:"role"`
	Source     string   `json:"source"`     // the loop it comes from
	Tags       []string `json:"tags"`       // at most 64
	Importance float64  `json:"importance"` // 0..1; 0: 0.5, None: 0
	WallMs     float64  `json:"wall_ms"`    // since 1970; 0: now
	Count      uint64   `json:"count"`      // recalled: equal records are one
	Tier       string   `json:"tier"`       // recalled: short, medium or long
}

// Remember keeps a record.
func (e *Engine) Remember(r Record) error {
	var a arena
	defer a.free()
	native, err := (*C.gyre_record)(a.bytes(C.sizeof_gyre_record)), newError()
	native.size = C.sizeof_gyre_record
	native.text = a.text(r.Text)
	native.user, native.role, native.source = a.text(r.User), a.text(r.Role), a.text(r.Source)
	native.importance, native.wall_ms = C.double(r.Importance), C.double(r.WallMs)
	native.tags, native.tag_count = a.names(r.Tags), C.uint32_t(len(r.Tags))
	if a.err != nil {
		return a.err
	}
	return check(C.gyre_memory_remember(e.id, native, err), err)
}

// Save gives all that its loops have learned and that it remembers, as bytes that Load takes.
func (e *Engine) Save() ([]byte, error) {
	err := newError()
	for room := C.uint32_t(1 << 16); ; {
		out, needed := make([]byte, room), C.uint32_t(0)
		failed := check(C.gyre_engine_save(e.id, unsafe.Pointer(&out[0]), room, &needed, err), err)
		if errors.Is(failed, ErrBuffer) {
			room = needed + needed/4 // it may grow meanwhile
			continue
		}
		return out[:needed], failed
	}
}

// Load takes that in place of what the engine has learned and remembers. Learners go by the names
// of their loops or groups, which are added first; with the same options and seed each goes on bit
// for bit. It says how many no loop here can go on with.
func (e *Engine) Load(saved []byte) (leftOut int, err error) {
	failed, left, size := newError(), C.uint32_t(0), C.uint32_t(len(saved))
	at := unsafe.Pointer(first[byte, byte](saved))
	err = check(C.gyre_engine_load(e.id, at, size, &left, failed), failed)
	return int(left), err
}

// Query says what to recall; what is left zero lets everything pass.
type Query struct {
	Text, Tag, User, Source string
	From, To                time.Time
	Limit                   uint32 // at most so many; 0: 100
}

// Recall gives what was remembered, the newest first.
func (e *Engine) Recall(q Query) ([]Record, error) {
	var a arena
	defer a.free()
	native, failed := (*C.gyre_query)(a.bytes(C.sizeof_gyre_query)), newError()
	native.size = C.sizeof_gyre_query
	native.limit = C.uint32_t(q.Limit)
	native.text, native.tag = a.text(q.Text), a.text(q.Tag)
	native.user, native.source = a.text(q.User), a.text(q.Source)
	if !q.From.IsZero() {
		native.from_wall_ms = C.double(q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		native.to_wall_ms = C.double(q.To.UnixMilli())
	}
	if a.err != nil {
		return nil, a.err
	}
	for room := 4096; ; {
		buffer, needed := make([]byte, room), C.uint32_t(0)
		at := (*C.char)(unsafe.Pointer(&buffer[0]))
		err := check(C.gyre_memory_recall(e.id, native, at, C.uint32_t(room), &needed, failed), failed)
		if errors.Is(err, ErrBuffer) {
			room = int(needed) * 5 / 4
			continue
		}
		if err != nil {
			return nil, err
		}
		var out []Record
		return out, json.Unmarshal(buffer[:needed-1], &out)
	}
}
