package gyre

/*
#include <gyre.h>
#include <stdlib.h>
*/
import "C"

import "unsafe"

// AnyPort asks for a port that is free.
const AnyPort = C.GYRE_SERVE_ANY_PORT

// ServeOptions say how an engine is served. The zero value: at 127.0.0.1:7777, to who has the
// token, and nothing can be changed.
type ServeOptions struct {
	Port    uint32 // 0: 7777
	Token   string // 16 to 128 letters, digits, - or _; empty: drawn anew
	Control bool   // whoever has the token may pause, resume, reconfigure and stop loops
}

// Serve shows the engine in a browser until StopServing or Close. It returns the address to open,
// its token included. An error says what is missing where the library has no server.
func (e *Engine) Serve(o ServeOptions) (string, error) {
	options, err := C.gyre_serve_options{}, newError()
	options.size = C.uint32_t(unsafe.Sizeof(options))
	options.port = C.uint32_t(o.Port)
	if o.Control {
		options.flags = C.GYRE_SERVE_CONTROL
	}
	if o.Token != "" {
		token, failed := cString(o.Token)
		if failed != nil {
			return "", failed
		}
		defer C.free(unsafe.Pointer(token))
		options.token = token
	}
	var url [512]C.char
	var needed C.uint32_t
	status := C.gyre_serve_start(e.id, &options, &url[0], C.uint32_t(len(url)), &needed, err)
	if failed := check(status, err); failed != nil {
		return "", failed
	}
	return C.GoString(&url[0]), nil
}

// StopServing ends that; without effect where the engine is not served.
func (e *Engine) StopServing() error {
	err := newError()
	return check(C.gyre_serve_stop(e.id, err), err)
}
