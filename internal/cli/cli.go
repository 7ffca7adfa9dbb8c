// Package cli wires the command line: flags become options, errors become
// sentences and exit codes. A file a command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/amparo-project/amparo/internal/message"
)

// Exit codes of the amparo command.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitFound  = 3 // --fail-on reached
)

// Version is the version of the tool, set when a release is built.
var Version = "0.1.0-dev"

// Streams is what a command talks to: results go to Out, everything else to
// Err, and questions to the terminal.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Ask reads a secret from the terminal without echo; nil where there is none.
	Ask func(prompt string) (string, error)
	// OutWidth is the width of the terminal that Out is, 0 where it is none.
	OutWidth int
	// ErrTerminal says that Err is a terminal, so that progress makes sense.
	ErrTerminal bool
	// Now is the clock of what is kept; nil: the machine's.
	Now func() time.Time
}

// Standard returns the streams of the process.
func Standard() Streams {
	s := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, ErrTerminal: isTerminal(os.Stderr)}
	if isTerminal(os.Stdout) {
		s.OutWidth, _, _ = term.GetSize(fd(os.Stdout))
	}
	if isTerminal(os.Stdin) {
		s.Ask = func(prompt string) (string, error) {
			fmt.Fprint(os.Stderr, prompt)
			b, err := term.ReadPassword(fd(os.Stdin))
			fmt.Fprintln(os.Stderr)
			return string(b), err
		}
	}
	return s
}

func isTerminal(f *os.File) bool { return term.IsTerminal(fd(f)) }
func fd(f *os.File) int          { return int(f.Fd()) }

// root is the command line.
type root struct {
	Lang    string           `help:"lang" enum:"en,es," default:"" placeholder:"en|es"`
	Version kong.VersionFlag `help:"version_help"`

	Check      checkCmd      `cmd:"" help:"check"`
	Decrypt    decryptCmd    `cmd:"" help:"decrypt"`
	Report     reportCmd     `cmd:"" help:"report"`
	Explain    explainCmd    `cmd:"" help:"explain"`
	Compare    compareCmd    `cmd:"" help:"compare"`
	Artifacts  artifactsCmd  `cmd:"" help:"artifacts"`
	Indicators indicatorsCmd `cmd:"" help:"indicators"`
	Rules      rulesCmd      `cmd:"" help:"rules"`
	Lure       lureCmd       `cmd:"" help:"lure"`

	Workspace workspaceCmd `cmd:"" help:"workspace"`
	Member    memberCmd    `cmd:"" help:"member"`
	Case      caseCmd      `cmd:"" help:"case"`
	Person    personCmd    `cmd:"" help:"person"`
	Device    deviceCmd    `cmd:"" help:"device"`
	Consent   consentCmd   `cmd:"" help:"consent"`
	Evidence  evidenceCmd  `cmd:"" help:"evidence"`
	Run       runCmd       `cmd:"" help:"run"`
	Finding   findingCmd   `cmd:"" help:"finding"`
	Hunt      huntCmd      `cmd:"" help:"hunt"`
	Fact      factCmd      `cmd:"" help:"fact"`
	Event     eventCmd     `cmd:"" help:"event"`
	Concerns  concernsCmd  `cmd:"" help:"concerns"`
	Links     linksCmd     `cmd:"" help:"links"`
	Custody   custodyCmd   `cmd:"" help:"custody"`
	Ledger    ledgerCmd    `cmd:"" help:"ledger"`
	Vault     vaultCmd     `cmd:"" help:"vault"`
	Export    exportCmd    `cmd:"" help:"export"`
	Serve     serveCmd     `cmd:"" help:"serve"`
	Webhook   webhookCmd   `cmd:"" help:"webhook"`
	Worker    workerCmd    `cmd:"" help:"worker"`
	Job       jobCmd       `cmd:"" help:"job"`
	Doctor    doctorCmd    `cmd:"" help:"doctor"`

	Safeguards safeguardsCmd `cmd:"" help:"safeguards"`
	Demo       demoCmd       `cmd:"" help:"demo"`

	Account accountCmd `cmd:"" help:"account"`
	Promise promiseCmd `cmd:"" help:"promise"`
	Request requestCmd `cmd:"" help:"request"`
	Answer  answerCmd  `cmd:"" help:"answer"`
	Notice  noticeCmd  `cmd:"" help:"notice"`
	Publish publishCmd `cmd:"" help:"publish"`
	Letter  letterCmd  `cmd:"" help:"letter"`
}

// app is what every command gets.
type app struct {
	Streams
	*message.Printer
	ctx context.Context //nolint:containedctx // of the one command that runs
}

// log is where servers and workers tell what they do.
func (a *app) log() *slog.Logger { return slog.New(slog.NewTextHandler(a.Err, nil)) }

// usageError is a mistake in how the command was called.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// exitError ends the command with a code and without a word: all was said.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// Main runs the command line args and returns the exit code.
func Main(ctx context.Context, args []string, s Streams) int {
	tuneMemory()
	if s.Now == nil {
		s.Now = time.Now
	}
	p := message.New(languageOf(args))
	cli := new(root)
	parser, err := kong.New(cli,
		kong.Name("amparo"), kong.Description(p.Text("cli.description")+"\n\n"+p.Text("cli.exits")),
		kong.Writers(s.Out, s.Err), kong.Vars{"version": "amparo " + Version},
		kong.Exit(func(code int) { panic(exitError(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err == nil {
		err = translate(parser, p)
	}
	if err != nil {
		panic(err) // the commands above are wrong, whatever the arguments
	}
	a := &app{s, p, ctx}
	return a.exitCode(run(parser, args, a))
}

// run parses and runs. Kong ends --help and --version by its Exit, which
// comes back as an error here.
func run(parser *kong.Kong, args []string, a *app) (err error) {
	defer func() {
		if v := recover(); v != nil {
			e, ok := v.(exitError)
			if !ok {
				panic(v)
			}
			err = e
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		return usageError{err}
	}
	err = k.Run(a)
	if c, ok := k.Selected().Target.Addr().Interface().(interface{ intoNew() bool }); ok && errors.Is(err, context.Canceled) && c.intoNew() {
		err = halfWrittenError{err}
	}
	return err
}

// errHalfWritten is what an error is of a command that was interrupted while it
// wrote into a folder that has to be new.
var errHalfWritten = errors.New("a folder was written in part")

type halfWrittenError struct{ error }

func (h halfWrittenError) Unwrap() error      { return h.error }
func (halfWrittenError) Is(target error) bool { return target == errHalfWritten }

// languageOf finds the language before the arguments are parsed, for the help
// is in it too.
func languageOf(args []string) string {
	for i, arg := range args {
		if v, ok := strings.CutPrefix(arg, "--lang="); ok {
			return v
		}
		if arg == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return message.FromEnvironment()
}

// translate puts the texts of the catalogue in place of the names that the
// struct tags give commands and flags. Kong's own variables would do it too,
// in the square of their number: a third of a second for each command.
func translate(parser *kong.Kong, p *message.Printer) error {
	parser.Model.HelpFlag.Help = "help"
	return kong.Visit(parser.Model, func(v kong.Visitable, next kong.Next) error {
		switch v := v.(type) {
		case *kong.Node:
			v.Help = helpText(p, v.Help)
		case *kong.Value:
			v.Help = helpText(p, v.Help)
		}
		return next(nil)
	})
}

// helpText leaves what is no name alone: the description, and Kong's own.
func helpText(p *message.Printer, name string) string {
	if name == "" || strings.Contains(name, " ") {
		return name
	}
	return p.Text("cli.help." + name)
}

// exitCode tells the error, if any, and returns the code for it.
func (a *app) exitCode(err error) int {
	var (
		exit  exitError
		usage usageError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return int(exit)
	case errors.As(err, &usage):
		a.tell(err, a.Text("cli.hint.help"))
		return exitUsage
	default:
		a.tell(err, a.hint(err))
		return exitFailed
	}
}

// tell writes an error, and what to do about it where that is known.
func (a *app) tell(err error, hint string) {
	fmt.Fprintf(a.Err, "amparo: %s: %s\n", a.Text("cli.error"), oneLine(err.Error()))
	if hint != "" {
		fmt.Fprintf(a.Err, "amparo: %s: %s\n", a.Text("cli.hint"), hint)
	}
}

// tuneMemory trades some memory for less work of the collector: a check makes
// garbage at a steady rate and keeps little of it. GOGC wins.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(130)
	}
}
