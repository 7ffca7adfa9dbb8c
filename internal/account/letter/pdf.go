package letter

import (
	"io"
	"strconv"
	"strings"

	"github.com/amparo-project/amparo/internal/account/paper"
	"github.com/amparo-project/amparo/internal/message"
)

// superscripts are the digits that footnotes are marked with.
var superscripts = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// WritePDF writes a letter as PDF, with its notes at the end.
func (l *Letter) WritePDF(w io.Writer) error {
	words := message.New(l.Lang)
	p := paper.New(paper.Options{
		Title: l.Title, Lang: l.Lang, Date: l.Date,
		Footer: func(page int) string { return words.Text("pdf.page", "Page", strconv.Itoa(page)) },
	})
	for _, s := range l.Head {
		p.Para(s)
	}
	p.Space(4)
	p.Title(l.Title)
	var notes []string
	item := 0
	for _, b := range l.Blocks {
		text := b.Text
		for i, n := range b.Notes {
			notes = append(notes, n)
			if i > 0 {
				text += "\u202f"
			}
			text += superscripts.Replace(strconv.Itoa(len(notes)))
		}
		switch b.Kind {
		case Heading:
			item = 0
			p.Heading(text)
		case Item:
			item++
			p.Item(strconv.Itoa(item)+".", text)
		case SubItem:
			p.Item("   –", text)
		default:
			p.Para(text)
		}
	}
	if len(notes) > 0 {
		p.Rule()
		for i, n := range notes {
			p.Small(strconv.Itoa(i+1), n)
		}
	}
	return p.Write(w)
}
