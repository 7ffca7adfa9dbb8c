package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/parsers"
)

// artifactsCmd is "amparo artifacts".
type artifactsCmd struct {
	List artifactsListCmd `cmd:"" default:"withargs" help:"artifacts_list"`
	Show artifactsShowCmd `cmd:"" help:"artifacts_show"`
}

type artifactsListCmd struct {
	JSON     bool `name:"json" help:"json"`
	Markdown bool `hidden:""`
}

// Run lists the parsers.
func (c *artifactsListCmd) Run(a *app) error {
	switch {
	case c.JSON:
		return writeJSON(a.Out, infos())
	case c.Markdown:
		return markdown(a.Out)
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, info := range infos() {
		fmt.Fprintf(w, "%s\t%s\n", info.Name, summary(a.Printer, &info))
	}
	return w.Flush()
}

type artifactsShowCmd struct {
	Name string `arg:"" help:"artifacts_name"`
	JSON bool   `name:"json" help:"json"`
}

// Run shows one parser.
func (c *artifactsShowCmd) Run(a *app) error {
	for _, info := range infos() {
		if info.Name != c.Name {
			continue
		}
		if c.JSON {
			return writeJSON(a.Out, info)
		}
		return a.showArtifact(&info)
	}
	return usageError{fmt.Errorf("no artifact is called %q", c.Name)}
}

func infos() []artifact.Info {
	var list []artifact.Info
	for _, p := range parsers.All() {
		list = append(list, p.Info())
	}
	return list
}

// summary is the parser's sentence in the user's language.
func summary(p *message.Printer, info *artifact.Info) string {
	if id := "artifact." + info.Name; p.Has(id) {
		return p.Text(id)
	}
	return info.Summary
}

func (a *app) showArtifact(info *artifact.Info) error {
	fmt.Fprintf(a.Out, "%s (version %d)\n%s\n", info.Name, info.Version, summary(a.Printer, info))
	a.section("cli.artifact_reads", info.Files)
	a.section("cli.artifact_companions", info.Companions)
	for _, k := range info.Kinds {
		fmt.Fprintf(a.Out, "\n%s: %s\n  %s\n", a.Text("cli.artifact_kinds"), k.Kind, k.Doc)
		w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
		for _, f := range k.Fields {
			fmt.Fprintf(w, "    %s\t%s\t%s\n", f.Name, f.Type, f.Doc)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if len(k.Times) > 0 {
			fmt.Fprintf(a.Out, "  %s: %s\n", a.Text("cli.artifact_times"), strings.Join(k.Times, ", "))
		}
	}
	a.section("cli.artifact_caveats", info.Caveats)
	a.section("cli.artifact_refs", info.Refs)
	return nil
}

func (a *app) section(id string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(a.Out, "\n%s\n", a.Text(id))
	for _, l := range lines {
		fmt.Fprintf(a.Out, "  %s\n", l)
	}
}

// markdown writes docs/artifacts.md, which a test compares with the parsers.
func markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# Artifacts\n\nMade by `make docs` from the parsers; a test holds the two together.\n")
	for _, info := range infos() {
		fmt.Fprintf(&b, "\n## %s\n\n%s Version %d.\n\nReads:\n\n", info.Name, info.Summary, info.Version)
		bullets(&b, info.Files)
		if len(info.Companions) > 0 {
			b.WriteString("\nMay consult:\n\n")
			bullets(&b, info.Companions)
		}
		for _, k := range info.Kinds {
			fmt.Fprintf(&b, "\n### %s: `%s`\n\n%s\n", info.Name, k.Kind, k.Doc)
			if len(k.Times) > 0 {
				fmt.Fprintf(&b, "\nTimes: `%s`.\n", strings.Join(k.Times, "`, `"))
			}
			b.WriteString("\n| field | type | meaning |\n|---|---|---|\n")
			for _, f := range k.Fields {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, f.Type, strings.ReplaceAll(f.Doc, "|", `\|`))
			}
		}
		if len(info.Caveats) > 0 {
			b.WriteString("\nWhat it cannot tell:\n\n")
			for _, c := range info.Caveats {
				fmt.Fprintf(&b, "- %s\n", c)
			}
		}
		if len(info.Refs) > 0 {
			b.WriteString("\nSources:\n\n")
			for _, r := range info.Refs {
				fmt.Fprintf(&b, "- %s\n", r)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func bullets(b *strings.Builder, list []string) {
	for _, l := range list {
		fmt.Fprintf(b, "- `%s`\n", l)
	}
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
