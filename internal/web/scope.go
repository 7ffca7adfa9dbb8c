package web

import (
	"github.com/amparo-project/amparo/internal/workspace"
)

// scope is what a timeline or a search is of: a check, a phone, a case, or all
// that the member may see.
type scope struct {
	Case     workspace.Case
	Evidence workspace.Evidence // of a check
	Run      workspace.Run      // likewise
	Device   workspace.Device   // of a phone
	Base     string             // the path below which its pages lie
	Runs     []workspace.Run
}

// theScope reads what the path is of.
func (q *request) theScope() (s scope, err error) {
	if q.path("run") != "" {
		s.Run, s.Evidence, s.Case, err = q.theRun()
		s.Base, s.Runs = "/runs/"+s.Run.ID, []workspace.Run{s.Run}
		return s, err
	}
	if q.path("case") == "" {
		s.Runs, err = q.space.AllLatestRuns(q.ctx(), "")
		return s, err
	}
	if s.Case, err = q.theCase(); err != nil {
		return s, err
	}
	s.Base = "/cases/" + s.Case.ID
	if q.path("device") == "" {
		s.Runs, err = q.space.AllLatestRuns(q.ctx(), s.Case.ID)
		return s, err
	}
	if s.Device, err = q.space.Device(q.ctx(), s.Case.ID, q.path("device")); err != nil {
		return s, err
	}
	s.Base += "/devices/" + s.Device.ID
	s.Runs, err = q.space.DeviceRuns(q.ctx(), s.Case.ID, s.Device.ID)
	return s, err
}

// viewedScope records that somebody looked at a phone's checks. That they looked
// at a check is recorded where its path is.
func (q *request) viewedScope(s *scope, what string) error {
	if s.Run.ID != "" {
		return nil
	}
	return q.viewAll(ofRuns(s.Runs), what)
}
