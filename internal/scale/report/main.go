// Report takes measurements of make bench-scale into docs/scale.json and writes
// the tables of docs/scale.md, with what a lab of docs/scale-lab.json would need.
//
//	report [-part NAME -command TEXT -load TEXT -log FILE]
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/scale"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run() error {
	docs := flag.String("docs", "docs", "folder with scale.md, scale.json and scale-lab.json")
	taken := scale.Taken{At: time.Now().UTC().Format("2006-01-02 15:04"), Machine: machine()}
	log := flag.String("log", "", "output of a part")
	flag.StringVar(&taken.Part, "part", "", "which")
	flag.StringVar(&taken.Command, "command", "", "that measured it")
	flag.StringVar(&taken.Load, "load", "", "of the machine before")
	flag.Parse()
	costs, err := scale.Load(*docs + "/scale.json")
	if err != nil {
		return err
	}
	if *log != "" {
		f, err := os.Open(*log)
		if err != nil {
			return err
		}
		defer f.Close()
		part, err := scale.Read(f)
		if err != nil {
			return err
		}
		part.Taken = []scale.Taken{taken}
		costs.Add(part)
		if err := costs.Save(*docs + "/scale.json"); err != nil {
			return err
		}
	}
	return write(*docs, costs)
}

func write(docs string, costs scale.Costs) error {
	in, err := scale.LoadInput(docs + "/scale-lab.json")
	if err != nil {
		return err
	}
	name := docs + "/scale.md"
	doc, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	text, err := scale.Fill(string(doc), scale.Tables(costs, in))
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644) //nolint:gosec // a document
}

// machine names the processor, as Linux does, and counts its cores.
func machine() string {
	model := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "model name"); ok {
				model = strings.Trim(name, "\t :")
				break
			}
		}
	}
	return fmt.Sprintf("%d cores, %s", runtime.NumCPU(), model)
}
