// Package paper sets letters as PDF: text, headings and footnotes on A4. The
// same text gives the same bytes.
package paper

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"

	"github.com/amparo-project/amparo/internal/glyph"
)

// Measures of a page, in millimetres.
const (
	margin    = 24.0
	width     = 210.0
	textWidth = width - 2*margin
	bottom    = 297.0 - 22
)

// Sizes of type, in points.
const (
	body  = 10.0
	small = 8.0
	big   = 13.0
)

func lineOf(size float64) float64 { return size * 0.3528 * 1.5 }

// Options of a page.
type Options struct {
	Title, Lang string
	Date        time.Time // of the document: not the clock
	Footer      func(page int) string
}

// Page is a PDF that is being written.
type Page struct{ pdf *fpdf.Fpdf }

// New begins a document.
func New(o Options) *Page {
	pdf := fpdf.New("P", "mm", "A4", "")
	// The library writes into the bytes that it is given.
	pdf.AddUTF8FontFromBytes("sans", "", bytes.Clone(dejavusans.TTF))
	pdf.AddUTF8FontFromBytes("sans", "B", bytes.Clone(dejavusansbold.TTF))
	// What is made twice must not differ by the clock or by the order of a map.
	pdf.SetCreationDate(o.Date.UTC())
	pdf.SetModificationDate(o.Date.UTC())
	pdf.SetCatalogSort(true)
	pdf.SetTitle(o.Title, true)
	pdf.SetCreator("Amparo", true)
	pdf.SetProducer("Amparo", true)
	pdf.SetLang(o.Lang)
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(true, 297-bottom)
	p := &Page{pdf}
	if o.Footer != nil {
		pdf.SetFooterFunc(func() {
			pdf.SetY(-14)
			p.font("", small)
			pdf.SetTextColor(95, 95, 95)
			pdf.CellFormat(textWidth, 5, glyph.Printable(o.Footer(pdf.PageNo())), "", 0, "C", false, 0, "")
			pdf.SetTextColor(0, 0, 0)
		})
	}
	pdf.AddPage()
	return p
}

func (p *Page) font(style string, size float64) { p.pdf.SetFont("sans", style, size) }

func (p *Page) write(s string, size, indent float64) {
	p.pdf.SetX(margin + indent)
	p.pdf.MultiCell(textWidth-indent, lineOf(size), glyph.Printable(s), "", "L", false)
}

// Heading writes a heading, and keeps room for what follows.
func (p *Page) Heading(s string) {
	if p.pdf.GetY()+24 > bottom {
		p.pdf.AddPage()
	}
	p.pdf.Ln(3)
	p.font("B", big-2)
	p.write(s, big-2, 0)
	p.pdf.Ln(1)
}

// Title writes the title of the document.
func (p *Page) Title(s string) {
	p.font("B", big+1)
	p.write(s, big+1, 0)
	p.pdf.Ln(2)
}

// Para writes a paragraph.
func (p *Page) Para(s string) {
	p.font("", body)
	p.write(s, body, 0)
	p.pdf.Ln(2.2)
}

// Item writes an item of a list, with what stands before it.
func (p *Page) Item(mark, s string) {
	p.font("", body)
	if p.pdf.GetY()+lineOf(body) > bottom {
		p.pdf.AddPage()
	}
	y := p.pdf.GetY()
	p.pdf.SetX(margin)
	p.pdf.CellFormat(9, lineOf(body), glyph.Printable(mark), "", 0, "L", false, 0, "")
	p.pdf.SetY(y)
	p.write(s, body, 9)
	p.pdf.Ln(1.2)
}

// Small writes small print, indented.
func (p *Page) Small(mark, s string) {
	p.font("", small)
	if p.pdf.GetY()+lineOf(small) > bottom {
		p.pdf.AddPage()
	}
	y := p.pdf.GetY()
	p.pdf.SetX(margin)
	p.pdf.CellFormat(9, lineOf(small), glyph.Printable(mark), "", 0, "L", false, 0, "")
	p.pdf.SetY(y)
	p.write(s, small, 9)
}

// Rule draws a line across.
func (p *Page) Rule() {
	p.pdf.Ln(4)
	y := p.pdf.GetY()
	p.pdf.SetDrawColor(150, 150, 150)
	p.pdf.Line(margin, y, width-margin, y)
	p.pdf.Ln(2)
}

// Space leaves room, in millimetres.
func (p *Page) Space(mm float64) { p.pdf.Ln(mm) }

// Write ends the document and writes it.
func (p *Page) Write(w io.Writer) error {
	if err := p.pdf.Output(w); err != nil {
		return fmt.Errorf("make the PDF: %w", err)
	}
	return nil
}
