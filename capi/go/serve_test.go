package gyre

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Method: use. The address that Serve returns opens, and no more once it has ended;
// a library without its server says what it was built without.
func TestServe(t *testing.T) {
	e, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	url, err := e.Serve(ServeOptions{Port: AnyPort})
	if err != nil && strings.Contains(err.Error(), "GYRE_E_UNSUPPORTED") {
		if !strings.Contains(err.Error(), "cpp-httplib") {
			t.Fatal("it does not say what is missing: ", err)
		}
		return // a library without a server is to say so, and has
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != 200 || !strings.Contains(string(body), "data-served") {
		t.Fatal(answer.Status)
	}
	if _, err := e.Serve(ServeOptions{Port: AnyPort}); err == nil {
		t.Fatal("served twice")
	}
	if err := e.StopServing(); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Fatal("it is still served")
	}
}
