// Command bench says what Go pays for a call of the C ABI: replay of 256 rows in one call, beside a
// call for each. It prints rows of JSON. collect.py names header and library by CGO_CFLAGS and
// CGO_LDFLAGS.
package main

/*
#include <gyre.h>
#include <time.h>

static double cpu_ns(void) {
	struct timespec at;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

const (
	row, batch, rounds = 44, 256, 400
	conditions         = "256 rows of 44 bytes in one call, a row; the peer: a call for each; " +
		"limit: ratio 10"
)

// nsEach is the CPU time of a row, best of seven.
func nsEach(run func()) float64 {
	best := 1e300
	for i := 0; i < 7; i++ {
		begin := C.cpu_ns()
		run()
		if ns := float64(C.cpu_ns()-begin) / (rounds * batch); ns < best {
			best = ns
		}
	}
	return best
}

func must(status C.gyre_status) {
	if status != C.GYRE_OK {
		fmt.Fprintln(os.Stderr, C.GoString(C.gyre_status_name(status)))
		os.Exit(1)
	}
}

func say(name string, value, peer float64) {
	fmt.Printf(`{"name":"%s","value":%.6g,"unit":"ns","peer":"256 calls","peer_value":%.6g,`+
		`"conditions":"%s; %s"}`+"\n", name, value, peer, runtime.Version(), conditions)
}

func main() {
	runtime.LockOSThread() // its CPU time is measured
	var replay C.gyre_replay
	options := C.gyre_replay_options{row_size: row, capacity: 65536}
	options.size = C.uint32_t(unsafe.Sizeof(options))
	must(C.gyre_replay_create(&options, &replay, nil))
	rows := make([]byte, row*batch)
	at := unsafe.Pointer(&rows[0])
	push := func(n C.uint32_t) func() {
		return func() {
			for i := 0; i < rounds*batch; i += int(n) {
				must(C.gyre_replay_push(replay, at, n))
			}
		}
	}
	sample := func(n C.uint32_t) func() {
		return func() {
			for i := 0; i < rounds*batch; i += int(n) {
				must(C.gyre_replay_sample(replay, at, n, C.GYRE_SAMPLE_WITH_REPLACEMENT))
			}
		}
	}
	say("capi.go_push_ns", nsEach(push(batch)), nsEach(push(1)))
	say("capi.go_sample_ns", nsEach(sample(batch)), nsEach(sample(1)))
	must(C.gyre_replay_destroy(replay))
}
