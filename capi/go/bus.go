// bus.go - what loops and others tell each other, by topic.

package gyre

/*
#include <gyre.h>
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"time"
	"unsafe"
)

// Message is one that waited in a subscription.
type Message struct {
	Topic    string
	Payload  []byte
	At       time.Duration // published, since the engine's creation
	Sequence uint64
}

// Subscription holds what waits for Next. Used by one goroutine at a time; Close ends it.
type Subscription struct {
	id     C.gyre_subscription
	buffer unsafe.Pointer
	size   C.uint32_t
}

// Publish puts a message on the bus: topics are tokens between dots. At most 64 KiB; nothing is
// delivered inside this call.
func (e *Engine) Publish(topic string, payload []byte) error {
	text, err := cString(topic)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(text))
	native := newError()
	var data unsafe.Pointer
	if len(payload) > 0 {
		data = unsafe.Pointer(&payload[0])
	}
	return check(C.gyre_bus_publish(e.id, text, data, C.uint32_t(len(payload)), nil, native), native)
}

// Subscribe receives what matches: `*` is any one token, `>` at the end one or more. At most 1,024
// messages wait; what comes then is dropped and counted.
func (e *Engine) Subscribe(pattern string) (*Subscription, error) {
	text, err := cString(pattern)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(text))
	s, native := &Subscription{}, newError()
	if err := check(C.gyre_bus_subscribe(e.id, text, nil, &s.id, native), native); err != nil {
		return nil, err
	}
	s.size = 1024
	s.buffer = C.malloc(C.size_t(s.size))
	return s, nil
}

// Next takes a message; false when none waits.
func (s *Subscription) Next() (Message, bool, error) {
	// The library writes pointers into it, so it lies in C's memory.
	m := (*C.gyre_message)(C.calloc(1, C.sizeof_gyre_message))
	defer C.free(unsafe.Pointer(m))
	m.size = C.sizeof_gyre_message
	for {
		var needed C.uint32_t
		err := check(C.gyre_bus_poll(s.id, m, s.buffer, s.size, &needed), nil)
		switch {
		case err == nil:
			payload := C.GoBytes(m.payload, C.int(m.payload_size))
			at := time.Duration(float64(m.at_ms) * 1e6)
			return Message{C.GoString(m.topic), payload, at, uint64(m.sequence)}, true, nil
		case errors.Is(err, ErrBuffer):
			C.free(s.buffer)
			s.size = needed
			s.buffer = C.malloc(C.size_t(s.size))
		case errors.Is(err, ErrNotFound):
			return Message{}, false, nil
		default:
			return Message{}, false, err
		}
	}
}

// All is an iterator over what waits: `for m := range s.All`, from Go 1.23 on, or
// s.All(func(m Message) bool { ...; return true }). It ends at the first error, which it returns to
// nobody: Next would say it again.
func (s *Subscription) All(yield func(Message) bool) {
	for {
		m, ok, err := s.Next()
		if err != nil || !ok || !yield(m) {
			return
		}
	}
}

// Close ends it; what waits is dropped.
func (s *Subscription) Close() error {
	C.free(s.buffer)
	s.buffer, s.size = nil, 0
	return check(C.gyre_bus_unsubscribe(s.id), nil)
}
