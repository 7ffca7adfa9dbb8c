package web

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
	"github.com/amparo-project/amparo/internal/ledger"
	"github.com/amparo-project/amparo/internal/report"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Part is which part of a list is asked for.
type Part struct {
	After string `query:"after" maxLength:"20" doc:"the cursor that the part before ended with"`
	Limit int    `query:"limit" minimum:"1" maximum:"10000" default:"100"`
}

func (p Part) page() workspace.Page { return workspace.Page{After: p.After, Limit: p.Limit} }

// What a path names. They are exported for they are embedded in others, where
// the description looks for fields.
type (
	// InCase names a case.
	InCase struct {
		Case string `path:"case" maxLength:"20"`
	}
	// InEvidence names a piece of evidence.
	InEvidence struct {
		Evidence string `path:"evidence" maxLength:"20"`
	}
	// InRun names a check.
	InRun struct {
		Run string `path:"run" maxLength:"20"`
	}
	// InFinding names a finding of a check.
	InFinding struct {
		Run     string `path:"run" maxLength:"20"`
		Finding string `path:"finding" maxLength:"20"`
	}
	// InJob names a job.
	InJob struct {
		Job string `path:"job" maxLength:"20"`
	}
	nothing struct{}
)

// operations are all that the API does: here, and only here.
func (a *api) operations() {
	a.readCases()
	a.readFindings()
	a.change()
	a.look()
	a.reports()
	a.more()
}

func (a *api) readCases() {
	add(a, ScopeRead, http.MethodGet, "/cases", "list-cases", "The cases of the member",
		func(ctx context.Context, sp *examine.Space, in *Part) (workspace.List[workspace.Case], error) {
			return sp.Cases(ctx, "", in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}", "get-case", "One case",
		func(ctx context.Context, sp *examine.Space, in *InCase) (workspace.Case, error) {
			return sp.Case(ctx, in.Case)
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/people", "list-people", "The people of a case",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
		},
		) (workspace.List[workspace.Person], error) {
			return sp.People(ctx, in.Case, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/devices", "list-devices", "The phones of a case",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
		},
		) (workspace.List[workspace.Device], error) {
			return sp.Devices(ctx, in.Case, "", in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/consents", "list-consents", "The consents of a case",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
		},
		) (workspace.List[workspace.Consent], error) {
			return sp.Consents(ctx, in.Case, "", in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/evidence", "list-evidence", "The evidence of a case",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
		},
		) (workspace.List[workspace.Evidence], error) {
			return sp.Evidences(ctx, in.Case, "", in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/evidence/{evidence}", "get-evidence", "One piece of evidence",
		func(ctx context.Context, sp *examine.Space, in *InEvidence) (workspace.Evidence, error) {
			return sp.Evidence(ctx, in.Evidence)
		})
	add(a, ScopeRead, http.MethodGet, "/jobs", "list-jobs", "Jobs of the member's cases",
		func(ctx context.Context, sp *examine.Space, in *Part) (workspace.List[workspace.Job], error) {
			return sp.Jobs(ctx, workspace.JobFilter{}, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/jobs/{job}", "get-job", "One job, and how far it is",
		func(ctx context.Context, sp *examine.Space, in *InJob) (workspace.Job, error) {
			return sp.Job(ctx, in.Job)
		})
}

// findingQuery narrows a list of findings.
type findingQuery struct {
	Part
	Case     string `query:"case" maxLength:"20"`
	Run      string `query:"run" maxLength:"20"`
	State    string `query:"state" enum:"new,confirmed,dismissed"`
	Severity string `query:"at_least" enum:"critical,high,medium,low,info"`
}

// findingAnswer is a finding with its record and the walk to its bytes.
type findingAnswer struct {
	Finding workspace.Finding `json:"finding"`
	Shown   report.Shown      `json:"shown"`
}

func (a *api) readFindings() {
	add(a, ScopeRead, http.MethodGet, "/runs", "list-runs", "Checks",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Part
			Case     string `query:"case" maxLength:"20"`
			Evidence string `query:"evidence" maxLength:"20"`
		},
		) (workspace.List[workspace.Run], error) {
			return sp.Runs(ctx, workspace.RunFilter{Case: in.Case, Evidence: in.Evidence}, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/runs/{run}", "get-run", "One check",
		func(ctx context.Context, sp *examine.Space, in *InRun) (workspace.Run, error) {
			return sp.Run(ctx, in.Run)
		})
	add(a, ScopeRead, http.MethodGet, "/findings", "list-findings", "Findings, run by run, the gravest of each first",
		func(ctx context.Context, sp *examine.Space, in *findingQuery) (workspace.List[workspace.Finding], error) {
			by := workspace.FindingFilter{Case: in.Case, Run: in.Run, State: in.State}
			if in.Severity != "" {
				var err error
				if by.AtLeast, err = finding.ParseSeverity(in.Severity); err != nil {
					return workspace.List[workspace.Finding]{}, err
				}
			}
			return sp.Findings(ctx, by, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/runs/{run}/findings/{finding}", "get-finding", "One finding, with its record and the walk to its bytes",
		func(ctx context.Context, _ *examine.Space, in *InFinding) (findingAnswer, error) {
			c := callerOf(ctx)
			c.r.SetPathValue("run", in.Run)
			c.r.SetPathValue("finding", in.Finding)
			d, err := c.findingData()
			if err == nil {
				err = c.space.Viewed(ctx, d.Evidence.ID, in.Finding)
			}
			return findingAnswer{d.Finding, d.Shown}, err
		})
	add(a, ScopeRead, http.MethodGet, "/ledger", "list-acts", "Entries of the ledger that the member may see, opened",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Part
			Subject string `query:"subject" maxLength:"20"`
		},
		) (workspace.List[actAnswer], error) {
			l, err := sp.Acts(ctx, in.Subject, in.page())
			return workspace.List[actAnswer]{Items: actAnswers(l.Items), Next: l.Next}, err
		})
}

// actAnswer is an entry of the ledger.
type actAnswer struct {
	N      int64  `json:"n"`
	Entry  string `json:"entry" doc:"as it is public"`
	Salt   []byte `json:"salt"`
	Detail string `json:"detail" doc:"what the commitment in the entry is of, with the salt"`
	Proven bool   `json:"proven" doc:"whether salt and detail open the commitment"`
}

func actAnswers(list []workspace.Act) []actAnswer {
	out := []actAnswer{}
	for _, a := range list {
		e, err := ledger.ParseEntry([]byte(a.Entry))
		out = append(out, actAnswer{a.N, a.Entry, a.Opening.Salt, a.Opening.Detail, err == nil && a.Opening.Opens(e)})
	}
	return out
}

// callerOf is who asks: add lets nobody else come this far.
func callerOf(ctx context.Context) *caller {
	c, _ := ctx.Value(callerKey{}).(*caller)
	return c
}

// Bodies of changes.
type (
	caseBody struct {
		Body struct {
			Title string `json:"title" minLength:"1" maxLength:"200"`
		}
	}
	personBody struct {
		InCase
		Body struct {
			Pseudonym string   `json:"pseudonym,omitempty" maxLength:"200"`
			Minor     bool     `json:"minor,omitempty"`
			Name      string   `json:"name,omitempty" maxLength:"200"`
			Languages []string `json:"languages,omitempty" maxItems:"20"`
			Reach     []string `json:"reach,omitempty" maxItems:"20"`
		}
	}
	deviceBody struct {
		InCase
		Body struct {
			Person string `json:"person" doc:"id or pseudonym"`
			Label  string `json:"label" minLength:"1" maxLength:"200"`
		}
	}
	consentBody struct {
		InCase
		Body struct {
			Person     string   `json:"person" doc:"id or pseudonym"`
			Purposes   []string `json:"purposes" minItems:"1" maxItems:"10"`
			Until      string   `json:"until" format:"date"`
			Guardian   bool     `json:"guardian,omitempty"`
			GivenBy    string   `json:"given_by" minLength:"1" maxLength:"200"`
			Shares     []string `json:"shares,omitempty" maxItems:"50"`
			FormSHA256 string   `json:"form_sha256" pattern:"^[0-9a-f]{64}$"`
		}
	}
	takeBody struct {
		InCase
		Body struct {
			Device   string `json:"device"`
			Path     string `json:"path" doc:"an absolute path of the machine that serves"`
			Password string `json:"password,omitempty" doc:"of an encrypted backup"`
		}
	}
	checkBody struct {
		InEvidence
		Body struct {
			Password string `json:"password,omitempty" doc:"of an encrypted backup"`
		}
	}
	decideBody struct {
		InFinding
		Body struct {
			State string `json:"state,omitempty" enum:"new,confirmed,dismissed,"`
			Note  string `json:"note,omitempty" maxLength:"60000"`
			Seen  string `json:"seen,omitempty" doc:"\"decided\" of the finding as it was read: a later decision of somebody else is not overruled"`
		}
	}
)

func (a *api) change() {
	add(a, ScopeIntake, http.MethodPost, "/cases", "create-case", "Make a case",
		func(ctx context.Context, sp *examine.Space, in *caseBody) (workspace.Case, error) {
			return sp.CreateCase(ctx, in.Body.Title)
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/people", "add-person", "Add a person",
		func(ctx context.Context, sp *examine.Space, in *personBody) (workspace.Person, error) {
			b := &in.Body
			return sp.AddPerson(ctx, workspace.Person{
				Case: in.Case, Pseudonym: b.Pseudonym, Minor: b.Minor,
				Private: workspace.PersonPrivate{Name: b.Name, Languages: b.Languages, Reach: b.Reach},
			})
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/devices", "add-device", "Add a phone",
		func(ctx context.Context, sp *examine.Space, in *deviceBody) (workspace.Device, error) {
			return sp.AddDevice(ctx, in.Case, in.Body.Person, in.Body.Label)
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/consents", "add-consent", "Record a consent",
		func(ctx context.Context, sp *examine.Space, in *consentBody) (workspace.Consent, error) {
			b := &in.Body
			return sp.AddConsent(ctx, workspace.Consent{
				Case: in.Case, Person: b.Person, Purposes: b.Purposes, Until: b.Until, Guardian: b.Guardian, FormSHA256: b.FormSHA256,
				Private: workspace.ConsentTerms{GivenBy: b.GivenBy, Shares: b.Shares},
			})
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/evidence", "take-evidence", "Take evidence from a path and check it",
		func(ctx context.Context, sp *examine.Space, in *takeBody) (workspace.Job, error) {
			if !filepath.IsAbs(in.Body.Path) {
				return workspace.Job{}, invalid{"web.intake.absolute"}
			}
			return a.queue(ctx, sp, workspace.Job{Case: in.Case, Kind: workspace.JobReceive, Device: in.Body.Device},
				workspace.JobPrivate{Path: in.Body.Path, Password: in.Body.Password})
		})
	add(a, ScopeIntake, http.MethodPost, "/evidence/{evidence}/check", "check-evidence", "Check stored evidence again",
		func(ctx context.Context, sp *examine.Space, in *checkBody) (workspace.Job, error) {
			ev, err := sp.Evidence(ctx, in.Evidence)
			if err != nil {
				return workspace.Job{}, err
			}
			return a.queue(ctx, sp, workspace.Job{Case: ev.Case, Kind: workspace.JobCheck, Device: ev.Device, Evidence: ev.ID},
				workspace.JobPrivate{Password: in.Body.Password})
		})
	add(a, ScopeIntake, http.MethodPost, "/jobs/{job}/cancel", "cancel-job", "Cancel a job",
		func(ctx context.Context, sp *examine.Space, in *InJob) (workspace.Job, error) {
			if err := sp.CancelJob(ctx, in.Job); err != nil {
				return workspace.Job{}, err
			}
			return sp.Job(ctx, in.Job)
		})
	add(a, ScopeDecide, http.MethodPost, "/runs/{run}/findings/{finding}", "decide", "Decide on a finding, or note something",
		func(ctx context.Context, sp *examine.Space, in *decideBody) (workspace.Finding, error) {
			if err := sp.DecideSeen(ctx, in.Run, in.Finding, in.Body.State, in.Body.Note, in.Body.Seen); err != nil {
				return workspace.Finding{}, err
			}
			c := callerOf(ctx)
			c.r.SetPathValue("run", in.Run)
			c.r.SetPathValue("finding", in.Finding)
			return c.theFinding()
		})
}

func (a *api) queue(ctx context.Context, sp *examine.Space, j workspace.Job, private workspace.JobPrivate) (workspace.Job, error) {
	private.Lang = callerOf(ctx).Lang()
	j, err := sp.AddJob(ctx, j, private)
	if err == nil {
		a.s.wake(sp)
	}
	return j, err
}

// valueQuery is a value that is looked for.
type valueQuery struct {
	Value string `query:"value" minLength:"1" maxLength:"2000" required:"true"`
}

// huntBody is a hunt for one value, or with all installed sets.
type huntBody struct {
	Body struct {
		Value string `json:"value,omitempty" maxLength:"2000" doc:"one value; without it all installed sets"`
	}
}

// proofAnswer is a checkpoint and the key that it verifies by.
type proofAnswer struct {
	Checkpoint string `json:"checkpoint"`
	Size       int64  `json:"size"`
	Key        string `json:"key"`
}

func (a *api) look() {
	add(a, ScopeRead, http.MethodGet, "/indicators/search", "search-indicators", "Which installed sets know a value",
		func(_ context.Context, _ *examine.Space, in *valueQuery) ([]knownLine, error) {
			st, err := a.s.o.Store()
			if err != nil {
				return nil, err
			}
			list, err := lookUp(st, in.Value)
			return append([]knownLine{}, list...), err
		})
	add(a, ScopeHunt, http.MethodPost, "/hunt", "hunt", "Set a value, or all installed sets, against everything that checks observed",
		func(ctx context.Context, sp *examine.Space, in *huntBody) (workspace.Hunted, error) {
			sets, err := a.huntSets(in.Body.Value)
			if err != nil {
				return workspace.Hunted{}, err
			}
			return sp.Hunt(ctx, sets)
		})
	add(a, ScopeExport, http.MethodPost, "/ledger/checkpoint", "sign-checkpoint", "Sign the ledger as it is",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (proofAnswer, error) {
			signed, n, err := sp.Checkpoint(ctx)
			return proofAnswer{string(signed), n, sp.Info().Key}, err
		})
}

// huntSets are what a hunt goes by.
func (a *api) huntSets(value string) ([]*indicator.Set, error) {
	if value == "" {
		st, err := a.s.o.Store()
		if err != nil {
			return nil, err
		}
		l, err := st.Load()
		if err != nil {
			return nil, err
		}
		return l.Sets, nil
	}
	set, err := indicator.Load(strings.NewReader(value+"\n"), "value.txt")
	if err != nil || set.Len() == 0 {
		return nil, invalid{"web.hunt.no_value"}
	}
	return []*indicator.Set{set}, nil
}
