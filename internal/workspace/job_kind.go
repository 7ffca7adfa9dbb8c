package workspace

// jobKind is what is known of a kind of job.
type jobKind struct {
	deed     Deed // what it is to queue such a job, and to end it
	priority int  // 1 before 4: a person waits for the first
	version  int  // of the first program that can run it
	one      bool // there is one of a case at a time, which AddJob returns
	closed   bool // also of a case that is closed
	none     bool // of the workspace, and of no case
	day      bool // the name of what there is one of is never free again
}

// jobKinds are all kinds that this program knows.
var jobKinds = map[string]jobKind{
	JobReceive: {deed: ActIntake, priority: 1, version: 1},
	JobCheck:   {deed: ActCheck, priority: 1, version: 1},
	JobRemind:  {deed: ActAccount, priority: 2, version: 2, day: true},
	JobHunt:    {deed: ActHunt, priority: 3, version: 2},
	JobRecheck: {deed: ActCheck, priority: 4, version: 3, one: true}, // before, programs looked at parsers alone
	JobNotice:  {deed: ActAccount, priority: 2, version: 3},
	JobLinks:   {deed: ActLinks, priority: 3, version: 3},
	JobExport:  {deed: ActReport, priority: 2, version: 3, closed: true},
	JobIndex:   {deed: ActCheck, priority: 3, version: 3, one: true, closed: true},
	JobUpdate:  {deed: ActHunt, priority: 2, version: 4, one: true, none: true},
}

// CaseJobs are the kinds of jobs that need nothing but a case.
var CaseJobs = []string{JobRecheck, JobHunt, JobRemind, JobNotice, JobIndex, JobLinks}

// JobDeed is what it is to queue a job of a kind, and to end it.
func JobDeed(kind string) Deed {
	if k, ok := jobKinds[kind]; ok {
		return k.deed
	}
	return ActCheck
}

func (j *Job) deed() Deed { return JobDeed(j.Kind) }
