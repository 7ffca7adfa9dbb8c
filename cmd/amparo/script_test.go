package main

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/amparo-project/amparo/internal/cli"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/testevidence"
)

// exitFile holds the exit code of the last run of amparo.
const exitFile = ".exitcode"

const password = "correct horse battery staple"

func TestMain(m *testing.M) {
	seal.WorkFactor = 10 // a second for each command would teach nothing
	if os.Getenv(killChild) != "" {
		s := cli.Standard()
		s.Now = skewed(os.Getenv(clockChild))
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := cli.Main(ctx, os.Args[1:], s)
		stop()
		os.Exit(code)
	}
	testscript.Main(m, map[string]func(){
		"amparo": func() {
			code := cli.Main(context.Background(), os.Args[1:], cli.Standard())
			// The script engine tells commands that fail from others, and not how.
			_ = os.WriteFile(filepath.Join(os.Getenv("WORK"), exitFile), []byte(strconv.Itoa(code)), 0o600)
			os.Exit(code)
		},
	})
}

// TestScripts runs the manual: testdata/script holds what users type, and what
// they are promised to see.
func TestScripts(t *testing.T) {
	t.Parallel()
	dir, files := "testdata/script", []string(nil)
	if testing.Short() { // under the race detector: those in which most goroutines work
		dir = ""
		for _, name := range []string{"archives", "check"} {
			files = append(files, filepath.Join("testdata", "script", name+".txtar"))
		}
	}
	testscript.Run(t, testscript.Params{
		Dir:                dir,
		Files:              files,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("AMPARO_HOME", filepath.Join(env.WorkDir, "amparo-home"))
			env.Setenv("PASSWORD", password)
			env.Setenv("LANG", "C")
			bucketEnv(env)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"mkbackup": mkbackup, "treehash": treehash, "truncate": truncate, "zero": zero, "pack": pack,
			"mkandroidqf": mkandroidqf, "exitcode": exitcode, "glob": glob, "firstfinding": firstFinding,
			"setid": setID, "firstcase": firstCase, "setrun": setRun, "setfinding": setFinding,
			"setkey": setKey, "setwitness": setWitness, "tsa": tsa, "newer": newer,
			"mailserver": mailServer, "mailbox": mailbox, "firstid": firstID, "mailid": firstID,
			"lastrequest": lastRequest, "startserver": startServer, "killserver": killServer, "mkbucket": mkBucket,
		},
		Condition: func(name string) (bool, error) {
			if name == "s3" {
				return os.Getenv(s3Variable) != "", nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
	})
}

// mkbackup makes a synthetic backup: the flags are those of the program of
// that name.
func mkbackup(ts *testscript.TestScript, _ bool, args []string) {
	flags := flag.NewFlagSet("mkbackup", flag.ContinueOnError)
	o := testevidence.Options{Messages: 200, Iterations: 10, Password: password}
	out := flags.String("out", "", "")
	flags.Uint64Var(&o.Seed, "seed", 1, "")
	flags.IntVar(&o.Messages, "messages", o.Messages, "")
	flags.BoolVar(&o.Encrypted, "encrypted", false, "")
	flags.BoolVar(&o.Plant, "plant", false, "")
	flags.BoolVar(&o.Decoys, "decoys", false, "")
	flags.BoolVar(&o.WAL, "wal", false, "")
	indicators := flags.String("indicators", "", "")
	file := flags.String("password-file", "", "")
	dump := flags.String("dump", "", "")
	ts.Check(flags.Parse(args))
	_, err := testevidence.WriteIOSBackup(ts.MkAbs(*out), o)
	ts.Check(err)
	if *dump != "" {
		ts.Check(testevidence.WriteDump(ts.MkAbs(*dump), ts.MkAbs(*out)))
	}
	if *indicators != "" {
		ts.Check(testevidence.WriteIndicators(ts.MkAbs(*indicators)))
	}
	if *file != "" {
		ts.Check(os.WriteFile(ts.MkAbs(*file), []byte(password+"\n"), 0o600))
	}
}

// mkandroidqf makes a synthetic acquisition of an Android phone, the indicators
// that find what is planted in it, and, with a third argument, a password file
// for the backup in it.
func mkandroidqf(ts *testscript.TestScript, _ bool, args []string) {
	secret := ""
	if len(args) > 2 {
		secret = password
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(password+"\n"), 0o600))
	}
	_, err := testevidence.WriteAndroidQF(ts.MkAbs(args[0]), secret)
	ts.Check(err)
	ts.Check(testevidence.WriteAndroidIndicators(ts.MkAbs(args[1])))
}

// treehash writes the hash of every file below a folder to a file.
func treehash(ts *testscript.TestScript, _ bool, args []string) {
	var b strings.Builder
	dir := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), rel)
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o600))
}

// truncate cuts a file to a size.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// zero overwrites length bytes of a file from an offset.
func zero(ts *testscript.TestScript, _ bool, args []string) {
	offset, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	length, err := strconv.Atoi(args[2])
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteAt(make([]byte, length), offset)
	ts.Check(errors.Join(err, f.Close()))
}

// exitcode holds the last run of amparo to its exit code.
func exitcode(ts *testscript.TestScript, _ bool, args []string) {
	if got := ts.ReadFile(filepath.Join(ts.Getenv("WORK"), exitFile)); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// glob wants a number of files of a pattern.
func glob(ts *testscript.TestScript, _ bool, args []string) {
	list, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if fmt.Sprint(len(list)) != args[1] {
		ts.Fatalf("%d files match %s: %v", len(list), args[0], list)
	}
}

// firstFinding sets $FINDING to the id of the first finding, or of the first
// whose line has the text that follows.
func firstFinding(ts *testscript.TestScript, _ bool, args []string) {
	var f struct{ ID string }
	line, rest, _ := strings.Cut(ts.ReadFile(args[0]), "\n")
	for len(args) > 1 && rest != "" && !strings.Contains(line, args[1]) {
		line, rest, _ = strings.Cut(rest, "\n")
	}
	ts.Check(json.Unmarshal([]byte(line), &f))
	ts.Setenv("FINDING", f.ID)
}

// firstCase sets CASE to the first of a list of cases in JSON.
func firstCase(ts *testscript.TestScript, _ bool, args []string) {
	var l struct{ Items []struct{ ID string } }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &l))
	ts.Setenv("CASE", l.Items[0].ID)
}

// setID sets a variable to what a file holds, which is the name of something
// that a command made.
func setID(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// pack packs a folder into each of the archives, by their endings.
func pack(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args[1:] {
		ts.Check(archive(ts.MkAbs(args[0]), ts.MkAbs(name)))
	}
}

func archive(dir, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	switch {
	case strings.HasSuffix(name, ".zip"):
		z := zip.NewWriter(w)
		err = errors.Join(z.AddFS(os.DirFS(dir)), z.Close())
	case strings.HasSuffix(name, ".gz"):
		z := gzip.NewWriter(w)
		err = errors.Join(tarTo(z, dir), z.Close())
	case strings.HasSuffix(name, ".zst"):
		z, zerr := zstd.NewWriter(w)
		if zerr != nil {
			return zerr
		}
		err = errors.Join(tarTo(z, dir), z.Close())
	default:
		err = tarTo(w, dir)
	}
	return errors.Join(err, w.Flush(), f.Close())
}

func tarTo(w io.Writer, dir string) error {
	t := tar.NewWriter(w)
	return errors.Join(t.AddFS(os.DirFS(dir)), t.Close())
}
