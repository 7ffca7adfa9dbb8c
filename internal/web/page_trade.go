package web

import (
	"errors"
	"io"
	"mime/multipart"
	"slices"
	"strings"

	"github.com/amparo-project/amparo/internal/account"
	"github.com/amparo-project/amparo/internal/account/book"
	"github.com/amparo-project/amparo/internal/account/concern"
	"github.com/amparo-project/amparo/internal/account/trade"
	"github.com/amparo-project/amparo/internal/casework"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/workspace"
)

// tradeData is the register of a case: who sold to whom, on which conditions,
// and what was seen against them.
type tradeData struct {
	Case       workspace.Case
	Held       []heldLine
	Parties    []partyLine
	Deals      []dealLine
	Owners     []ownerLine
	Lists      []trade.ListReport
	Faults     []concern.Fault
	Kinds      []choiceLine // of files
	PartyKinds []choiceLine
	Government []choiceLine
	Certain    []choiceLine
	Form       fields
	OwnerForm  fields
}

// heldLine is a condition of a deal with the events that it was held against.
type heldLine struct {
	Deal, Buyer, Words, Condition, Answer, AnswerText string
	Events                                            []heldEvent
}

type heldEvent struct {
	Person, Since, Answer, AnswerText, Event string
	Elements                                 []elementLine
}

type partyLine struct {
	ID, Name, Aliases, Kind, Country, Certainty, Source string
	Matches                                             []trade.Match
}

type dealLine struct {
	ID, Name, Kind, Between, Product, When, Amount, Certainty, Source string
	Conditions                                                        []pairLine
}

type ownerLine struct{ ID, Operator, Buyer, Certainty, Source string }

func (q *request) tradePage() error {
	d, err := q.tradeData()
	if err != nil {
		return err
	}
	return q.render("trade", q.Text("web.trade.title"), d, inSection("cases"))
}

func (q *request) tradeData() (tradeData, error) {
	c, err := q.theCase()
	if err != nil {
		return tradeData{}, err
	}
	rules, faults, err := q.s.o.Concerns()
	if err != nil {
		return tradeData{}, err
	}
	r, err := casework.TradeReport(q.ctx(), q.space.Workspace, c.ID, rules, q.Printer)
	if err != nil {
		return tradeData{}, err
	}
	d := tradeData{Case: c, Lists: r.Lists, Faults: append(r.Faults, faults...), Form: fields{}, OwnerForm: fields{prefixOfIDs: {"owner-"}}}
	d.Kinds = q.choices("web.trade.form.", append([]string{"register", casework.Inventory}, trade.Forms...))
	for _, k := range account.PartyKinds {
		d.PartyKinds = append(d.PartyKinds, choiceLine{k, strings.ToLower(q.Text("trade." + k))})
	}
	d.Government = q.choices("web.trade.government.", []string{"unknown", "yes", "no"})
	for _, x := range account.Certainties {
		d.Certain = append(d.Certain, choiceLine{string(x), q.Or("web.certainty.", string(x))})
	}
	w, lang := q.words(), q.Lang()
	d.Held = q.held(r.Held, rules)
	for _, p := range r.Parties {
		d.Parties = append(d.Parties, partyLine{
			p.ID, p.Name, strings.Join(p.Aliases, ", "), strings.ToLower(q.Or("trade.", p.Kind)), p.Country, q.Text("facts.certainty." + string(p.Certainty)), w.Sources(p.Sources), p.Matches,
		})
	}
	for _, x := range r.Deals {
		line := dealLine{
			x.ID, x.Name, q.Or("web.trade.kind.", x.Kind), between(x), x.Product, w.Span(x.When),
			x.Amount, q.Text("facts.certainty." + string(x.Certainty)), w.Sources(x.Sources), nil,
		}
		for _, k := range x.Conditions {
			title := k.Rule
			if r := rules.Rule(k.Rule); r != nil {
				title = r.Title.In(lang)
			}
			line.Conditions = append(line.Conditions, pairLine{Name: title, Value: k.Words})
		}
		d.Deals = append(d.Deals, line)
	}
	for _, x := range r.Owners {
		d.Owners = append(d.Owners, ownerLine{x.ID, x.Operator, x.Buyer, q.Text("facts.certainty." + string(x.Certainty)), w.Sources(x.Sources)})
	}
	return d, nil
}

// between is from whom to whom a deal goes, as far as it says.
func between(d *account.Deal) string {
	all := append(append([]string{d.Seller}, d.Through...), d.Buyer)
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " → ")
}

// held puts the events of each condition together: it is against what was seen
// where any event is.
func (q *request) held(list []concern.Held, rules *concern.Set) []heldLine {
	var out []heldLine
	answers, links := map[string]account.Truth{}, q.sourceLinks()
	for i := range list {
		h := &list[i]
		key := h.Deal + "\x00" + h.Condition
		now, seen := answers[key]
		if !seen {
			line := heldLine{Deal: h.Deal, Buyer: h.Buyer, Words: h.Words, Condition: h.Condition}
			if line.Words == "" {
				line.Words = rules.Rule(h.Condition).Title.In(q.Lang())
			}
			out, now = append(out, line), h.Answer.Answer
		}
		answers[key] = now.Or(h.Answer.Answer)
		at := slices.IndexFunc(out, func(l heldLine) bool { return l.Deal == h.Deal && l.Condition == h.Condition })
		line := &out[at]
		line.Answer, line.AnswerText = answers[key].String(), q.Text("trade.observed."+answers[key].String())
		line.Events = append(line.Events, heldEvent{
			h.Person, h.Since.String(), h.Answer.Answer.String(), q.Text("trade.observed." + h.Answer.Answer.String()), h.Event,
			q.concernLine(rules.Rule(h.Condition), &h.Answer, nil, links).Elements,
		})
	}
	return out
}

// addParty writes a party to the trade down, or what an operator is attributed to.
func (q *request) addParty() error {
	f, files, err := q.readForm()
	if err != nil {
		return err
	}
	d, err := q.tradeData()
	if err != nil {
		return err
	}
	r := new(book.Register)
	b, _, err := basisOf(f, files)
	switch {
	case err != nil:
	case f.get("operator") != "":
		r.Attributions = []*account.Attribution{{Operator: f.get("operator"), Buyer: f.get("buyer"), Basis: b}}
	default:
		p := &account.Party{Kind: f.get("kind"), Name: f.get("name"), Aliases: listOf(f.get("aliases")), Country: f.get("country"), Basis: b}
		p.Government = map[string]account.Truth{"yes": account.Yes, "no": account.No}[f.get("government")]
		r.Parties = []*account.Party{p}
	}
	if err == nil {
		_, err = book.PutRegister(q.ctx(), q.space.Workspace, d.Case.ID, r)
	}
	if err != nil {
		if d.Form = f; f.get("operator") != "" {
			f[prefixOfIDs] = d.OwnerForm[prefixOfIDs]
			d.Form, d.OwnerForm = fields{}, f
		}
		return q.again(err, "trade", q.Text("web.trade.title"), d, inSection("cases"))
	}
	return q.done("/cases/"+d.Case.ID+"/trade", q.Text("web.trade.added"))
}

// maxTradeFile bounds a file of a list, in bytes: the largest in use has 40 MB.
const maxTradeFile = 128 << 20

// importTrade takes in a register, an inventory, or a list as it is published.
func (q *request) importTrade() error {
	d, err := q.tradeData()
	if err != nil {
		return err
	}
	f := fields{}
	var files [][]byte
	err = q.parts(maxTradeFile, f, func(p *multipart.Part) error {
		data, err := limit.ReadAll(io.Reader(p), maxTradeFile)
		if err == nil && len(data) > 0 {
			files = append(files, data)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = invalid{"web.trade.no_file"}
	}
	said := ""
	if err == nil {
		said, err = q.takeTrade(d.Case.ID, f.get("form"), files)
	}
	if errors.Is(err, trade.ErrForm) || errors.Is(err, account.ErrInvalid) || errors.Is(err, casework.ErrOneFile) {
		err = errors.Join(invalid{"web.trade.not_read"}, err)
	}
	if err != nil {
		return q.again(err, "trade", q.Text("web.trade.title"), d, inSection("cases"))
	}
	return q.done("/cases/"+d.Case.ID+"/trade", said)
}

func (q *request) takeTrade(caseID, form string, files [][]byte) (string, error) {
	if form == "register" {
		var all []*book.Register
		for _, data := range files {
			list, err := book.Decode[book.Register](data)
			if err != nil {
				return "", err
			}
			all = append(all, list...)
		}
		ids, err := casework.PutRegisters(q.ctx(), q.space.Workspace, caseID, all)
		return q.Count("web.trade.written", int64(len(ids))), err
	}
	done, err := casework.Import(q.ctx(), q.space.Workspace, caseID, form, files, q.s.o.Now())
	if form == casework.Inventory {
		return q.Count("web.trade.written", int64(len(done.Parties))), err
	}
	return q.Count("web.trade.list_taken", int64(done.Entries)), err
}
