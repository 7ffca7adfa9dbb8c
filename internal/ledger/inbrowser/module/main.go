//go:build wasip1

// Module is package inbrowser as WebAssembly. It asks its host for nothing but
// what a Go program needs to start: no files, no network, no page.
//
// A page writes a request to where room says, and reads the answer where answer
// says, which is of answerSize bytes.
package main

import (
	"unsafe"

	"github.com/amparo-project/amparo/internal/ledger/inbrowser"
)

var request, reply []byte

// room returns where a request of n bytes is written, 0 where it is too large.
//
//go:wasmexport room
func room(n uint32) unsafe.Pointer {
	if n == 0 || n > inbrowser.MaxRequest {
		return nil
	}
	request = make([]byte, n)
	return unsafe.Pointer(&request[0])
}

// answer verifies the request and returns where the answer is.
//
//go:wasmexport answer
func answer() unsafe.Pointer {
	reply = inbrowser.Answer(request)
	return unsafe.Pointer(&reply[0])
}

// answerSize is the size of the answer in bytes.
//
//go:wasmexport answerSize
func answerSize() uint32 { return uint32(len(reply)) }

func main() {}
