package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"testing"

	"github.com/amparo-project/amparo/internal/fault"
)

type ofServer struct{}

func (ofServer) Error() string    { return "a name of somebody" }
func (ofServer) SQLState() string { return "40P01" }

// twice is an error in which there are two of another.
type twice struct{ of error }

func (twice) Error() string     { return "a name of somebody" }
func (t twice) Unwrap() []error { return []error{t.of, t.of} }

func TestKind(t *testing.T) {
	t.Parallel()
	network := &net.OpError{Op: "read", Err: os.NewSyscallError("read", os.ErrClosed)}
	var deep error = twice{}
	for range 1000 {
		deep = twice{deep}
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{deep, "fault_test.twice"},
		{errors.New("somebody's name"), "*errors.errorString"},
		{fmt.Errorf("a: %w", errors.New("b")), "*fmt.wrapError"},
		{fmt.Errorf("a: %w", network), "*net.OpError, *os.SyscallError"},
		{fmt.Errorf("%w: %w", fs.ErrClosed, errors.Join(ofServer{}, network, network)), "fault_test.ofServer 40P01, *net.OpError, *os.SyscallError"},
	} {
		if got := fault.Kind(c.err); got.Key != "type" || got.Value.String() != c.want {
			t.Errorf("%v: got %v, want %q", c.err, got, c.want)
		}
	}
}
