package report

import (
	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/message"
)

// Recovered is recovered for those who show a place by themselves.
func Recovered(p *message.Printer, at *finding.Provenance) string { return recovered(p, at) }

// recovered says of a finding in a row that is no longer in its table where
// the row was found, and how sure it is that it was one; "" for any other. A
// state that the catalogue does not know, of a later version or a forged result,
// stands for itself.
func recovered(p *message.Printer, at *finding.Provenance) string {
	if at.Confidence == 0 {
		return ""
	}
	id := "recovered." + at.State
	if !p.Has(id) {
		return short(at.State, 60)
	}
	return p.Text(id, "Confidence", at.Confidence, "Frame", at.Frame)
}

// withRecovered puts that behind a title.
func withRecovered(p *message.Printer, title string, at *finding.Provenance) string {
	if s := recovered(p, at); s != "" {
		return title + " (" + s + ")"
	}
	return title
}

// recoveredStep is the step from a file to a row that no query shows.
func recoveredStep(at *finding.Provenance, p *message.Printer) pair {
	row := p.Text("explain.recovered_norow", "Table", visible(at.Table))
	if at.RowID != nil {
		row = p.Text("explain.recovered_row", "Table", visible(at.Table), "RowID", *at.RowID)
	}
	if at.Frame > 0 {
		row += ". " + p.Text("explain.frame", "Frame", at.Frame, "Path", visible(at.Path))
	}
	return pair{row + ". " + p.Text("explain.recovered", "How", recovered(p, at)), ""}
}
