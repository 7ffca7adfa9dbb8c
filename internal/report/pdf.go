package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-fonts/dejavu/dejavusansmono"

	"github.com/amparo-project/amparo/internal/glyph"
	"github.com/amparo-project/amparo/internal/message"
)

// PDF writes the report for paper and for files of a court, in one language.
// It says what the HTML page says, with the picture of activity. The same
// result folder gives the same bytes.
//
// Characters that its fonts lack (emoji, Chinese) are named by their number,
// so that nothing is left out unseen; scripts that join their letters stand
// unjoined, in the order in which they are written.
func PDF(w io.Writer, res *Result, o Options) error {
	rules, err := rulesOf(&res.Run)
	if err != nil {
		return err
	}
	v := newView(res, message.New(o.Lang), rules)
	p, err := newPaper(v)
	if err != nil {
		return err
	}
	p.verdict()
	p.section(v.T("html.device"))
	p.pairs(v.Facts)
	p.help()
	p.course()
	p.findings()
	p.activity()
	p.coverage()
	p.proof()
	if err := p.pdf.Output(w); err != nil {
		return fmt.Errorf("make the PDF: %w", err)
	}
	return nil
}

// Measures of a page of A4, in millimetres.
const (
	margin     = 18.0
	pageWidth  = 210.0
	textWidth  = pageWidth - 2*margin
	nameWidth  = 42.0
	pageBottom = 297.0 - margin
)

// Sizes of type, in points.
const (
	bodySize  = 9.5
	smallSize = 8.0
	codeSize  = 6.6
)

// lineOf is the height of a line of the size, in millimetres.
func lineOf(size float64) float64 { return size * 0.3528 * 1.45 }

// paper is a PDF that is being written.
type paper struct {
	pdf *fpdf.Fpdf
	v   *view
}

func newPaper(v *view) (*paper, error) {
	pdf := fpdf.New("P", "mm", "A4", "")
	// The library writes into the bytes that it is given.
	pdf.AddUTF8FontFromBytes("sans", "", bytes.Clone(dejavusans.TTF))
	pdf.AddUTF8FontFromBytes("sans", "B", bytes.Clone(dejavusansbold.TTF))
	pdf.AddUTF8FontFromBytes("mono", "", bytes.Clone(dejavusansmono.TTF))
	// What a reader repeats must not differ by the clock or by the order of a map.
	pdf.SetCreationDate(v.res.Run.Ended.UTC())
	pdf.SetModificationDate(v.res.Run.Ended.UTC())
	pdf.SetCatalogSort(true)
	pdf.SetTitle(v.T("html.title"), true)
	pdf.SetCreator("Amparo "+v.res.Run.Version, true)
	pdf.SetProducer("Amparo", true)
	pdf.SetLang(v.Lang())
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(true, margin)
	p := &paper{pdf: pdf, v: v}
	pdf.SetFooterFunc(p.footer)
	pdf.AddPage()
	p.font("sans", "B", 17)
	p.text(v.T("html.title"), 0)
	p.soft(v.T("html.subtitle"))
	if err := pdf.Error(); err != nil {
		return nil, fmt.Errorf("start the PDF: %w", err)
	}
	return p, nil
}

func (p *paper) footer() {
	p.pdf.SetY(-12)
	p.font("sans", "", smallSize)
	p.pdf.SetTextColor(95, 95, 95)
	p.pdf.CellFormat(textWidth, 5, p.v.Text("pdf.page", "Page", strconv.Itoa(p.pdf.PageNo())), "", 0, "C", false, 0, "")
	p.pdf.SetTextColor(0, 0, 0)
}

func (p *paper) font(family, style string, size float64) { p.pdf.SetFont(family, style, size) }

// text writes a paragraph in the font of now, indented.
func (p *paper) text(s string, indent float64) {
	size, _ := p.pdf.GetFontSize()
	p.pdf.SetX(margin + indent)
	p.pdf.MultiCell(textWidth-indent, lineOf(size), printable(s), "", "L", false)
}

// para writes a paragraph of the body, with a little room after it.
func (p *paper) para(s string) {
	p.font("sans", "", bodySize)
	p.text(s, 0)
	p.pdf.Ln(1.2)
}

func (p *paper) soft(s string) {
	p.font("sans", "", smallSize)
	p.pdf.SetTextColor(80, 80, 80)
	p.text(s, 0)
	p.pdf.SetTextColor(0, 0, 0)
}

// section begins one, with a line above it.
func (p *paper) section(title string) {
	p.room(30)
	p.pdf.Ln(3)
	y := p.pdf.GetY()
	p.pdf.SetDrawColor(180, 180, 180)
	p.pdf.Line(margin, y, pageWidth-margin, y)
	p.pdf.Ln(2)
	p.font("sans", "B", 12.5)
	p.text(title, 0)
	p.pdf.Bookmark(printable(title), 0, -1)
	p.pdf.Ln(1)
}

func (p *paper) heading(title string) {
	p.room(18)
	p.pdf.Ln(1.5)
	p.font("sans", "B", 10)
	p.text(title, 0)
	p.pdf.Ln(0.5)
}

// room begins a new page where less than the millimetres are left on this one.
func (p *paper) room(needed float64) {
	if p.pdf.GetY()+needed > pageBottom {
		p.pdf.AddPage()
	}
}

// pairs writes names and values in two columns.
func (p *paper) pairs(list []pair) {
	for _, row := range list {
		p.font("sans", "", smallSize)
		p.room(lineOf(smallSize) * 2)
		y, page := p.pdf.GetY(), p.pdf.PageNo()
		p.pdf.SetTextColor(80, 80, 80)
		p.pdf.MultiCell(nameWidth-2, lineOf(smallSize), printable(row.Name), "", "L", false)
		p.pdf.SetTextColor(0, 0, 0)
		under := p.pdf.GetY()
		if p.pdf.PageNo() == page {
			p.pdf.SetY(y)
		}
		p.text(row.Value, nameWidth)
		if p.pdf.PageNo() == page && p.pdf.GetY() < under {
			p.pdf.SetY(under)
		}
	}
}

// bullets writes a list.
func (p *paper) bullets(list []string) {
	for _, item := range list {
		p.font("sans", "", smallSize+0.5)
		y := p.pdf.GetY()
		if y+lineOf(smallSize) > pageBottom {
			p.pdf.AddPage()
			y = p.pdf.GetY()
		}
		p.pdf.SetX(margin + 1)
		p.pdf.CellFormat(4, lineOf(smallSize+0.5), "•", "", 0, "L", false, 0, "")
		p.pdf.SetY(y)
		p.text(item, 5)
	}
}

// code writes lines of bytes or commands as they are.
func (p *paper) code(s string) {
	p.font("mono", "", codeSize)
	p.pdf.SetFillColor(244, 245, 247)
	p.pdf.SetX(margin + 5)
	p.pdf.MultiCell(textWidth-5, lineOf(codeSize), printable(s), "", "L", true)
	p.pdf.Ln(0.6)
}

// printable names the characters that the fonts lack.
func printable(s string) string { return glyph.Printable(s) }
