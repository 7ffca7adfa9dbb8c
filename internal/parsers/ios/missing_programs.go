package ios

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/parsers/input"
)

// missingPrograms compares the processes that used the network with the list
// of files of a dump: of a program that was removed the name is left.
type missingPrograms struct{}

var missingProgramsInfo = artifact.Info{
	Name:       "ios.missing_programs",
	Version:    1,
	Summary:    "Processes that used the network and whose program is nowhere in the copy of the file system.",
	Files:      []string{artifact.ListingPath},
	Companions: usageDatabases,
	Kinds: []artifact.KindInfo{{
		Kind: "program",
		Doc:  "A process without an app (table ZPROCESS) of which no file has the name.",
		Fields: []artifact.FieldInfo{
			{Name: "proc_id", Type: artifact.Int, Doc: "ZPROCESS.Z_PK: number of the process entry"},
			{Name: "proc_name", Type: artifact.Text, Doc: "ZPROCNAME: process, with what it worked for after a slash"},
			{Name: "program", Type: artifact.Text, Doc: "name of the program: what stands before the slash"},
			{Name: "files", Type: artifact.Int, Doc: "files in the list that it was looked for in"},
		},
		Times: []string{"first_seen", "last_seen"},
	}},
	Caveats: []string{
		"Only where the copy has the programs of the system (/System and /usr): else nothing is compared.",
		"From iOS 16 on parts of the system lie in images of their own, which copies may lack.",
		"Names of 16 letters may be cut; a file that begins with such a name counts as the program.",
	},
	Refs: []string{"https://docs.mvt.re/en/latest/ios/records/"},
}

// usageDatabases are where processes are listed that used the network.
var usageDatabases = []string{
	"private/var/wireless/Library/Databases/DataUsage.sqlite",
	"private/var/networkd/netusage.sqlite",
	"private/var/networkd/db/netusage.sqlite",
}

// Info implements artifact.Parser.
func (missingPrograms) Info() artifact.Info { return missingProgramsInfo }

// Parse implements artifact.Parser.
func (missingPrograms) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	return input.Parse(ctx, in, func(r *input.Reading) error {
		m := &programSearch{reading: &reading{Reading: r, told: input.Told{}}, missing: map[string]bool{}}
		return m.search()
	})
}

// A programSearch looks for the programs of processes among files.
type programSearch struct {
	*reading
	processes []process
	missing   map[string]bool // names not found yet
	files     int64
}

// cutName is how long a name of a process is at most in some tables.
const cutName = 16

func (m *programSearch) search() error {
	for _, path := range usageDatabases {
		if err := m.companion(path, m.collect); err != nil {
			return err
		}
	}
	if len(m.missing) == 0 {
		return errNotListed
	}
	whole, err := m.look()
	if err != nil {
		return err
	}
	if !whole {
		return errNotListed
	}
	for i := range m.processes {
		if p := &m.processes[i]; m.missing[programOf(p.name)] {
			if err := m.giveProgram(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// collect notes the processes of one database that belong to no app.
func (m *programSearch) collect(r *reading) error {
	t, err := r.table("ZPROCESS")
	if err != nil {
		return err
	}
	u := &usageReader{r: r}
	if err := u.readProcesses(t); err != nil {
		return err
	}
	for _, p := range u.processes {
		if name := programOf(p.name); p.bundle == "" && name != "" {
			p.loc.Path = r.In.Path
			m.processes = append(m.processes, p)
			m.missing[name] = true
		}
	}
	return nil
}

// programOf returns what stands before the slash of a name.
func programOf(name string) string {
	program, _, _ := strings.Cut(name, "/")
	return program
}

// look strikes out the names that files have. It reports whether the list has
// the programs of the system at all.
func (m *programSearch) look() (whole bool, err error) {
	var system, usr bool
	for f, err := range m.In.Files() {
		if m.Ctx.Err() != nil {
			return false, context.Cause(m.Ctx)
		}
		if err != nil {
			return false, nil // a list with gaps says nothing of what is missing
		}
		m.files++
		system = system || strings.HasPrefix(f.Path, "System/Library/")
		usr = usr || strings.HasPrefix(f.Path, "usr/libexec/")
		base := fileName(f.Path)
		delete(m.missing, base)
		if len(base) > cutName {
			delete(m.missing, base[:cutName])
		}
	}
	return system && usr, nil
}

func (m *programSearch) giveProgram(p *process) error {
	rec := &m.Rec
	rec.Reset("program")
	rec.Loc = p.loc
	rec.Set("proc_id", artifact.IntValue(p.id))
	rec.Set("proc_name", artifact.TextValue(p.name))
	rec.Set("program", artifact.TextValue(programOf(p.name)))
	rec.Set("files", artifact.IntValue(m.files))
	rec.When("first_seen", artifact.MacSeconds, p.first)
	rec.When("last_seen", artifact.MacSeconds, p.last)
	rec.Summary = func(b []byte) []byte { return appendSummary(b, "no file is the program of ", p.name) }
	return m.give()
}
