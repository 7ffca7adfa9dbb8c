// Mkbackup writes a synthetic backup of an iPhone, indicators that find what
// is planted in it, or a large file of random indicators.
//
//	mkbackup -out DIR [-messages N] [-seed S] [-plant] [-decoys] [-wal] [-partial]
//	         [-encrypted [-password-file FILE] [-iterations N]] [-truth FILE]
//	         [-dump DIR [-sparse N]]
//	mkbackup -indicators DIR
//	mkbackup -indicator-file FILE -indicator-count N
//	mkbackup -androidqf DIR [-indicators DIR] [-copies N]
//	mkbackup -bugreport FILE [-bugreport-size BYTES] [-seed S]
//	mkbackup -demo DIR
//	mkbackup -sysdiagnose FILE -sysdiagnose-size BYTES
//
// A password file that is not there yet is written, with the password of the
// demonstration in it. Exit status: 0 done, 1 failed, 2 wrong use.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/testevidence"
)

// demoPassword protects nothing: what it opens is synthetic.
const demoPassword = "amparo demo"

type command struct {
	demo                                                string
	options                                             testevidence.Options
	out, passwordFile, indicators, indicatorFile, truth string
	indicatorCount, sparse, copies                      int
	dump, sysdiagnose, androidQF, bugreport, chats      string
	sysdiagnoseSize, bugreportSize                      int64
}

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	var c command
	if err := c.parse(args, stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "mkbackup:", err)
		}
		return 2
	}
	if err := c.do(); err != nil {
		fmt.Fprintln(stderr, "mkbackup:", err)
		return 1
	}
	return 0
}

func (c *command) parse(args []string, stderr io.Writer) error {
	f := flag.NewFlagSet("mkbackup", flag.ContinueOnError)
	f.SetOutput(stderr)
	o := &c.options
	f.StringVar(&c.out, "out", "", "empty or new folder of the backup")
	f.IntVar(&o.Messages, "messages", 2000, "messages of sms.db; the rest is in proportion")
	f.Uint64Var(&o.Seed, "seed", 1, "chooses the content")
	f.BoolVar(&o.Encrypted, "encrypted", false, "encrypt as iTunes does")
	f.StringVar(&c.passwordFile, "password-file", "", "file whose first line is the password; written if it is not there")
	f.IntVar(&o.Iterations, "iterations", 0, "rounds of the password's derivation (default 1000)")
	f.BoolVar(&o.Plant, "plant", false, "plant published traces")
	f.BoolVar(&o.Decoys, "decoys", false, "add what resembles them")
	f.BoolVar(&o.WAL, "wal", false, "leave messages in a write-ahead log")
	f.BoolVar(&o.Partial, "partial", false, "leave out the content of files that no parser reads")
	f.StringVar(&c.indicators, "indicators", "", "folder for indicators of what is planted")
	f.StringVar(&c.truth, "truth", "", "file for what is planted where")
	f.StringVar(&c.indicatorFile, "indicator-file", "", "file for random indicators")
	f.IntVar(&c.indicatorCount, "indicator-count", 30_000, "how many of them")
	f.StringVar(&c.dump, "dump", "", "new folder for the same phone's file system")
	f.IntVar(&c.sparse, "sparse", 0, "further files in the dump, of 256 KiB that take no room on the disk")
	f.StringVar(&c.sysdiagnose, "sysdiagnose", "", "new file for a sysdiagnose, as .tar.gz")
	f.StringVar(&c.chats, "android-chats", "", "new folder for what chat apps keep on an Android phone")
	f.StringVar(&c.androidQF, "androidqf", "", "new folder for an acquisition of an Android phone")
	f.IntVar(&c.copies, "copies", 0, "copies of apps in it, of 50 MiB that take no room on the disk")
	f.StringVar(&c.bugreport, "bugreport", "", "new file for a bugreport of an Android phone, as .zip")
	f.Int64Var(&c.bugreportSize, "bugreport-size", 0, "size of its text in bytes, at least")
	f.StringVar(&c.demo, "demo", "", "folder for the phones of amparo demo")
	f.Int64Var(&c.sysdiagnoseSize, "sysdiagnose-size", 300<<20, "its size in bytes, at least")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	case c.out == "" && c.indicators == "" && c.indicatorFile == "" && c.sysdiagnose == "" && c.androidQF == "" && c.bugreport == "" && c.chats == "" && c.demo == "":
		return errors.New("nothing to write: give -out, -indicators, -indicator-file, -sysdiagnose, -androidqf or -bugreport")
	case c.dump != "" && (c.out == "" || o.Encrypted):
		return errors.New("-dump is of a plain backup: give -out, and no -encrypted")
	case c.sparse != 0 && c.dump == "" || c.sparse < 0:
		return errors.New("-sparse is how many files more -dump has")
	case c.out == "" && c.truth != "":
		return errors.New("-truth is of a backup: give -out")
	}
	return nil
}

func (c *command) do() error {
	if c.indicators != "" {
		if err := testevidence.WriteIndicators(c.indicators); err != nil {
			return err
		}
	}
	if c.indicatorFile != "" {
		if err := testevidence.WriteIndicatorFile(c.indicatorFile, c.indicatorCount, c.options.Seed); err != nil {
			return err
		}
	}
	if c.sysdiagnose != "" {
		if err := testevidence.WriteSysdiagnose(c.sysdiagnose, c.sysdiagnoseSize, c.options.Seed); err != nil {
			return err
		}
	}
	if c.chats != "" {
		if _, err := testevidence.WriteAndroidChats(c.chats); err != nil {
			return err
		}
	}
	if c.androidQF != "" {
		if err := c.android(); err != nil {
			return err
		}
	}
	if c.bugreport != "" {
		if _, err := testevidence.WriteBugReport(c.bugreport, testevidence.BugReport{Seed: c.options.Seed, Size: c.bugreportSize}); err != nil {
			return err
		}
	}
	if c.demo != "" {
		if err := testevidence.WriteDemoPhones(c.demo); err != nil {
			return err
		}
	}
	if c.out == "" {
		return nil
	}
	return c.backup()
}

// android writes an acquisition and, beside other indicators, those that find
// what is planted in it.
func (c *command) android() error {
	if c.indicators != "" {
		if err := testevidence.WriteAndroidIndicators(c.indicators); err != nil {
			return err
		}
	}
	_, err := testevidence.WriteAndroidQF(c.androidQF, "")
	if err == nil && c.copies > 0 {
		err = testevidence.WriteAndroidCopies(c.androidQF, c.copies, 50<<20)
	}
	return err
}

func (c *command) backup() error {
	if c.options.Encrypted {
		var err error
		if c.options.Password, err = password(c.passwordFile); err != nil {
			return err
		}
	}
	truth, err := testevidence.WriteIOSBackup(c.out, c.options)
	if err == nil && c.dump != "" {
		err = testevidence.WriteDump(c.dump, c.out)
	}
	if err == nil && c.sparse > 0 {
		err = testevidence.WriteSparse(c.dump, c.sparse, 256<<10)
	}
	if err != nil || c.truth == "" {
		return err
	}
	return truth.WriteFile(c.truth)
}

// password returns the first line of the file, or writes it.
func password(file string) (string, error) {
	if file == "" {
		return demoPassword, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return "", err
		}
		return demoPassword, os.WriteFile(file, []byte(demoPassword+"\n"), 0o600)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSuffix(line, "\r"), err
}
