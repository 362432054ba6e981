package gyre

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// What an address answers, its status first. Without net/http, which would be most of what a test
// with the race detector has to compile.
func get(url string) (string, error) {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	to, err := net.Dial("tcp", host)
	if err != nil {
		return "", err
	}
	defer to.Close()
	fmt.Fprintf(to, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host)
	answer, err := io.ReadAll(to)
	return string(answer), err
}

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
	answer, err := get(url)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(answer, "HTTP/1.1 200 ") || !strings.Contains(answer, "data-served") {
		t.Fatal(strings.SplitN(answer, "\n", 2)[0])
	}
	if _, err := e.Serve(ServeOptions{Port: AnyPort}); err == nil {
		t.Fatal("served twice")
	}
	if err := e.StopServing(); err != nil {
		t.Fatal(err)
	}
	if _, err := get(url); err == nil {
		t.Fatal("it is still served")
	}
}
