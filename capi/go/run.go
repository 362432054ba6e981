// run.go - an engine that goes by the machine's clock until its context ends.

package gyre

import (
	"context"
	"time"
)

// longest is how long Run sleeps at most, since other goroutines may add loops meanwhile.
const longest = 100 * time.Millisecond

// Run runs the loops in this goroutine until the context is done, whose error it returns. What the
// engine's clock missed before the first Run is not made up for.
func (e *Engine) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		_, next, err := e.RunDue(time.Since(e.begin))
		if err != nil {
			return err
		}
		wait := next - time.Since(e.begin)
		if wait > longest {
			wait = longest
		}
		timer.Reset(wait) // at once where it is over
	}
}
