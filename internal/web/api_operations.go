package web

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/indicator"
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
	a.readWorkspace()
	a.readCases()
	a.readFindings()
	a.change()
	a.uploads()
	a.look()
	a.jobs()
	a.kept()
	a.indicators()
	a.ledger()
	a.timeline()
	a.account()
	a.webhooks()
	a.settings()
	a.sharing()
	a.beside()
	a.notices()
	a.editing()
	a.concerns()
	a.out()
	a.letters()
	a.reports()
	a.more()
	a.members()
}

// workspaceAnswer is what a member may know of the workspace as a whole.
type workspaceAnswer struct {
	workspace.Info
	Member  workspace.Member `json:"member" doc:"who asks"`
	Entries int64            `json:"ledger_entries"`
	Version string           `json:"version" doc:"of the program that serves"`
	Scopes  []string         `json:"scopes" doc:"of who asks: those of the token, or all of a browser"`
	Cases   []string         `json:"cases,omitempty" doc:"that the token is limited to; without it all of the member's"`
}

func (a *api) readWorkspace() {
	add(a, ScopeRead, http.MethodGet, "/workspace", "get-workspace", "The workspace, and who asks",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (workspaceAnswer, error) {
			n, err := sp.LedgerSize(ctx)
			return workspaceAnswer{sp.Info(), sp.Member(), n, a.s.o.Version, callerOf(ctx).scopes, sp.Limited()}, err
		})
	add(a, ScopeRead, http.MethodGet, "/members", "list-members", "Who works here",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Part
			Name string `query:"name" maxLength:"200"`
		},
		) (workspace.List[workspace.Member], error) {
			return sp.MembersNamed(ctx, in.Name, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/counts", "count-cases", "What each case has: by id",
		func(ctx context.Context, sp *examine.Space, _ *nothing) (map[string]*workspace.CaseCounts, error) {
			return sp.Counts(ctx)
		})
	add(a, ScopeRead, http.MethodGet, "/consents/due", "list-due-consents", "Consents that end soon, or have ended",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Days int `query:"days" minimum:"0" maximum:"3650" default:"30"`
		},
		) ([]workspace.Due, error) {
			list, err := sp.DueConsents(ctx, time.Duration(in.Days)*24*time.Hour)
			return append([]workspace.Due{}, list...), err
		})
}

func (a *api) readCases() {
	add(a, ScopeRead, http.MethodGet, "/cases", "list-cases", "The cases of the member",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Part
			State string `query:"state" enum:"open,closed"`
		},
		) (workspace.List[workspace.Case], error) {
			return sp.Cases(ctx, in.State, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}", "get-case", "One case",
		func(ctx context.Context, sp *examine.Space, in *InCase) (workspace.Case, error) {
			return sp.Case(ctx, in.Case)
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/people", "list-people", "The people of a case",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
			Pseudonym string `query:"pseudonym" maxLength:"200"`
			Minor     bool   `query:"minor" doc:"minors alone"`
		},
		) (workspace.List[workspace.Person], error) {
			return sp.PeopleBy(ctx, in.Case, workspace.PersonFilter{Pseudonym: in.Pseudonym, Minor: in.Minor}, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/devices", "list-devices", "The phones of a case",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
			Person string `query:"person" maxLength:"200" doc:"id or pseudonym"`
		},
		) (workspace.List[workspace.Device], error) {
			return sp.Devices(ctx, in.Case, in.Person, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/consents", "list-consents", "The consents of a case",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
			Person string `query:"person" maxLength:"200" doc:"id or pseudonym"`
			Holds  bool   `query:"holds" doc:"those alone that hold today"`
		},
		) (workspace.List[workspace.Consent], error) {
			if in.Holds {
				return sp.ConsentsHolding(ctx, in.Case, in.Person, in.page())
			}
			return sp.Consents(ctx, in.Case, in.Person, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/evidence", "list-evidence", "The evidence of a case",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
			Device string `query:"device" maxLength:"20"`
			State  string `query:"state" enum:"receiving,stored,erased"`
		},
		) (workspace.List[workspace.Evidence], error) {
			return sp.EvidenceBy(ctx, in.Case, workspace.EvidenceFilter{Device: in.Device, State: in.State}, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/cases/{case}/exports", "list-exports", "What left a case, and for whom",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InCase
			Part
			Evidence string `query:"evidence" maxLength:"20"`
		},
		) (workspace.List[workspace.Export], error) {
			return sp.Exports(ctx, in.Case, in.Evidence, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/evidence/{evidence}", "get-evidence", "One piece of evidence",
		func(ctx context.Context, sp *examine.Space, in *InEvidence) (workspace.Evidence, error) {
			return sp.Evidence(ctx, in.Evidence)
		})
	add(a, ScopeRead, http.MethodGet, "/jobs", "list-jobs", "Jobs of the member's cases",
		func(ctx context.Context, sp *examine.Space, in *struct {
			Part
			Case     string `query:"case" maxLength:"20"`
			Evidence string `query:"evidence" maxLength:"20"`
			State    string `query:"state" enum:"waiting,running,done,failed,cancelled"`
		},
		) (workspace.List[workspace.Job], error) {
			return sp.Jobs(ctx, workspace.JobFilter{Case: in.Case, Evidence: in.Evidence, State: in.State}, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/jobs/{job}", "get-job", "One job, and how far it is; with wait, as soon as it has ended",
		func(ctx context.Context, sp *examine.Space, in *struct {
			InJob
			Wait int `query:"wait" minimum:"0" maximum:"60" doc:"seconds to wait for the job to end"`
		},
		) (workspace.Job, error) {
			return waitForJob(ctx, sp, in.Job, time.Duration(in.Wait)*time.Second)
		})
}

// jobPoll is how often a job is looked at that somebody waits for.
const jobPoll = 250 * time.Millisecond

// waitForJob returns a job as it is when it has ended, or when the time is over.
func waitForJob(ctx context.Context, sp *examine.Space, id string, most time.Duration) (workspace.Job, error) {
	over := time.NewTimer(most)
	defer over.Stop()
	tick := time.NewTicker(jobPoll)
	defer tick.Stop()
	for {
		j, err := sp.Job(ctx, id)
		if err != nil || j.Ended != "" {
			return j, err
		}
		select {
		case <-ctx.Done():
			return j, ctx.Err()
		case <-over.C:
			return j, nil
		case <-tick.C:
		}
	}
}

// findingQuery narrows a list of findings.
type findingQuery struct {
	Part
	Case     string `query:"case" maxLength:"20"`
	Run      string `query:"run" maxLength:"20"`
	State    string `query:"state" enum:"new,confirmed,dismissed"`
	Severity string `query:"at_least" enum:"critical,high,medium,low,info"`
	Evidence string `query:"evidence" maxLength:"20"`
	Source   string `query:"source" enum:"check,hunt"`
	Kind     string `query:"kind" enum:"indicator,heuristic,lure"`
	Artifact string `query:"artifact" maxLength:"200"`
	Rule     string `query:"rule" maxLength:"200"`
	Value    string `query:"value" maxLength:"2000"`
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
			State    string `query:"state" enum:"stored,erased"`
		},
		) (workspace.List[workspace.Run], error) {
			return sp.Runs(ctx, workspace.RunFilter{Case: in.Case, Evidence: in.Evidence, State: in.State}, in.page())
		})
	add(a, ScopeRead, http.MethodGet, "/runs/{run}", "get-run", "One check",
		func(ctx context.Context, sp *examine.Space, in *InRun) (workspace.Run, error) {
			return sp.Run(ctx, in.Run)
		})
	add(a, ScopeRead, http.MethodGet, "/findings", "list-findings", "Findings, run by run, the gravest of each first",
		func(ctx context.Context, sp *examine.Space, in *findingQuery) (workspace.List[workspace.Finding], error) {
			by := workspace.FindingFilter{
				Case: in.Case, Run: in.Run, State: in.State, Evidence: in.Evidence, Source: in.Source, Kind: in.Kind, Artifact: in.Artifact, Rule: in.Rule, Value: in.Value,
			}
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
			d, err := callerOf(ctx).at("run", in.Run, "finding", in.Finding).findingData()
			return findingAnswer{d.Finding, d.Shown}, err
		})
}

// Bodies of changes.
type (
	caseBody struct {
		Body struct {
			Title string `json:"title" minLength:"1" maxLength:"200"`
		}
	}
	shareBody struct {
		InCase
		Body struct {
			Member string `json:"member" minLength:"1" maxLength:"200" doc:"their name"`
			Role   string `json:"role,omitempty" enum:"owner,analyst,counsel,reader,person" default:"owner"`
			Person string `json:"person,omitempty" maxLength:"200" doc:"id or pseudonym of the person of the case that they are, for the role person"`
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
	create(a, ScopeIntake, "/cases", "create-case", "Make a case",
		func(ctx context.Context, sp *examine.Space, in *caseBody) (workspace.Case, error) {
			return sp.CreateCase(ctx, in.Body.Title)
		})
	create(a, ScopeIntake, "/cases/{case}/people", "add-person", "Add a person",
		func(ctx context.Context, sp *examine.Space, in *personBody) (workspace.Person, error) {
			b := &in.Body
			return sp.AddPerson(ctx, workspace.Person{
				Case: in.Case, Pseudonym: b.Pseudonym, Minor: b.Minor,
				Private: workspace.PersonPrivate{Name: b.Name, Languages: b.Languages, Reach: b.Reach},
			})
		})
	create(a, ScopeIntake, "/cases/{case}/devices", "add-device", "Add a phone",
		func(ctx context.Context, sp *examine.Space, in *deviceBody) (workspace.Device, error) {
			return sp.AddDevice(ctx, in.Case, in.Body.Person, in.Body.Label)
		})
	create(a, ScopeIntake, "/cases/{case}/consents", "add-consent", "Record a consent",
		func(ctx context.Context, sp *examine.Space, in *consentBody) (workspace.Consent, error) {
			b := &in.Body
			return sp.AddConsent(ctx, workspace.Consent{
				Case: in.Case, Person: b.Person, Purposes: b.Purposes, Until: b.Until, Guardian: b.Guardian, FormSHA256: b.FormSHA256,
				Private: workspace.ConsentTerms{GivenBy: b.GivenBy, Shares: b.Shares},
			})
		})
	create(a, ScopeIntake, "/cases/{case}/evidence", "take-evidence", "Take evidence from a path and check it",
		func(ctx context.Context, sp *examine.Space, in *takeBody) (workspace.Job, error) {
			if !filepath.IsAbs(in.Body.Path) {
				return workspace.Job{}, invalid{"web.intake.absolute"}
			}
			return a.queue(ctx, sp, workspace.Job{Case: in.Case, Kind: workspace.JobReceive, Device: in.Body.Device},
				workspace.JobPrivate{Path: in.Body.Path, Password: in.Body.Password})
		})
	create(a, ScopeIntake, "/evidence/{evidence}/check", "check-evidence", "Check stored evidence again",
		func(ctx context.Context, sp *examine.Space, in *checkBody) (workspace.Job, error) {
			ev, err := sp.Evidence(ctx, in.Evidence)
			if err != nil {
				return workspace.Job{}, err
			}
			return a.queue(ctx, sp, workspace.Job{Case: ev.Case, Kind: workspace.JobCheck, Device: ev.Device, Evidence: ev.ID},
				workspace.JobPrivate{Password: in.Body.Password})
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/close", "close-case", "Close a case: nothing is added to it any more",
		func(ctx context.Context, sp *examine.Space, in *InCase) (workspace.Case, error) {
			if err := sp.CloseCase(ctx, in.Case); err != nil {
				return workspace.Case{}, err
			}
			return sp.Case(ctx, in.Case)
		})
	add(a, ScopeIntake, http.MethodPost, "/cases/{case}/share", "share-case", "Let another member work on a case",
		func(ctx context.Context, sp *examine.Space, in *shareBody) (workspace.Case, error) {
			if err := sp.ShareCase(ctx, in.Case, in.Body.Member, workspace.Role(in.Body.Role), in.Body.Person); err != nil {
				return workspace.Case{}, err
			}
			return sp.Case(ctx, in.Case)
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
			return callerOf(ctx).at("run", in.Run, "finding", in.Finding).theFinding()
		})
}

func (a *api) queue(ctx context.Context, sp *examine.Space, j workspace.Job, private workspace.JobPrivate) (workspace.Job, error) {
	private.Lang = callerOf(ctx).Lang()
	j, err := sp.AddJob(ctx, j, private)
	if err == nil {
		a.s.wake()
	}
	return j, err
}

// huntBody is a hunt for one value, or with all installed sets.
type huntBody struct {
	Body struct {
		Value string `json:"value,omitempty" maxLength:"2000" doc:"one value; without it all installed sets"`
	}
}

func (a *api) look() {
	add(a, ScopeHunt, http.MethodPost, "/hunt", "hunt", "Set a value, or all installed sets, against everything that checks observed",
		func(ctx context.Context, sp *examine.Space, in *huntBody) (workspace.Hunted, error) {
			sets, err := a.huntSets(ctx, sp, in.Body.Value)
			if err != nil {
				return workspace.Hunted{}, err
			}
			return sp.Hunt(ctx, sets)
		})
}

// huntSets are what a hunt goes by.
func (a *api) huntSets(ctx context.Context, sp *examine.Space, value string) ([]*indicator.Set, error) {
	if value == "" {
		st, err := a.s.o.Store(ctx, sp)
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
