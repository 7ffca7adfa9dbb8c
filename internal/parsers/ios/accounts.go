package ios

import (
	"context"
	"iter"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/format/keyedarchive"
	"github.com/amparo-project/amparo/internal/format/plist"
)

// accounts reads the accounts that the phone is signed in to.
type accounts struct{}

var accountsInfo = artifact.Info{
	Name:    "ios.accounts",
	Version: 1,
	Summary: "Accounts that the phone is signed in to: Apple, mail, calendars and others, and when they were added.",
	Files:   []string{"**/Accounts3.sqlite", "**/com.apple.accounts.exists.plist"},
	Kinds: []artifact.KindInfo{
		{
			Kind: "account",
			Doc:  "An account; those that belong to another, as mail to iCloud, name it as their parent.",
			Fields: []artifact.FieldInfo{
				{Name: "username", Type: artifact.Text, Doc: "name to sign in with"},
				{Name: "description", Type: artifact.Text, Doc: "name that the owner sees"},
				{Name: "type", Type: artifact.Text, Doc: "kind of account: Gmail, iCloud"},
				{Name: "type_id", Type: artifact.Text, Doc: "the same as an identifier"},
				{Name: "identifier", Type: artifact.Text, Doc: "identifier of the account"},
				{Name: "owner", Type: artifact.Text, Doc: "process or app that added it"},
				{Name: "parent", Type: artifact.Text, Doc: "account that it belongs to"},
				{Name: "active", Type: artifact.Int, Doc: "1 where it is in use"},
				{Name: "authenticated", Type: artifact.Int, Doc: "1 where it is signed in"},
				otherColumns,
			},
			Times: []string{"added", "credential_rejected"},
		},
		{
			Kind: "property",
			Doc:  "A property of an account that names an address, a person or a server.",
			Fields: []artifact.FieldInfo{
				{Name: "entry", Type: artifact.Text, Doc: "name of the property"},
				{Name: "values", Type: artifact.Strings, Doc: "its texts"},
				{Name: "username", Type: artifact.Text, Doc: "name of the account"},
				{Name: "identifier", Type: artifact.Text, Doc: "identifier of the account"},
			},
		},
		{
			Kind: "authorization",
			Doc:  "An app that may use accounts of a kind.",
			Fields: []artifact.FieldInfo{
				{Name: "bundle_id", Type: artifact.Text, Doc: "the app"},
				{Name: "type", Type: artifact.Text, Doc: "kind of account"},
				{Name: "permissions", Type: artifact.Text, Doc: "what it may do"},
			},
		},
		{
			Kind: "credential",
			Doc:  "That a credential is kept; the credential is elsewhere.",
			Fields: []artifact.FieldInfo{
				{Name: "identifier", Type: artifact.Text, Doc: "identifier of the account"},
				{Name: "service", Type: artifact.Text, Doc: "service that it is for"},
				otherColumns,
			},
			Times: []string{"expires"},
		},
		{
			Kind: "count",
			Doc:  "How many accounts of a kind the system counts (com.apple.accounts.exists.plist): more than are listed hints at one that was removed.",
			Fields: []artifact.FieldInfo{
				{Name: "type_id", Type: artifact.Text, Doc: "kind of account: com.apple.account.Google"},
				{Name: "count", Type: artifact.Int, Doc: "accounts of that kind"},
			},
		},
	},
	Caveats: []string{
		"Accounts that were removed are not here.",
		"Of the properties only those are read that name addresses, people or servers.",
	},
	Refs: []string{
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/accountData.py",
		"https://github.com/log2timeline/plaso/blob/main/plaso/parsers/sqlite_plugins/ios_accounts.py",
		"https://github.com/abrignoni/iLEAPP/blob/main/scripts/artifacts/accountConfig.py",
	},
}

// accountProperties are the properties that are read.
var accountProperties = map[string]bool{
	"primaryEmail": true, "vettedPrimaryEmail": true, "appleId": true, "apple-id": true, "appleIDAliases": true,
	"email-address": true, "EmailAddresses": true, "handles": true, "self-handle": true, "firstName": true, "lastName": true,
	"FullUserName": true, "DisplayName": true, "Hostname": true, "SMTPIdentifier": true, "DAAccountHost": true, "DAAccountEmailAddress": true,
}

// accountHosts are those of them that name a server.
var accountHosts = map[string]bool{"Hostname": true, "DAAccountHost": true}

// Info implements artifact.Parser.
func (accounts) Info() artifact.Info { return accountsInfo }

// Parse implements artifact.Parser.
func (accounts) Parse(ctx context.Context, in *artifact.Input) iter.Seq2[*artifact.Record, error] {
	if strings.HasSuffix(in.Path, ".plist") {
		return readPropertyList(ctx, in, readAccountCounts)
	}
	return readDatabase(ctx, in, readAccounts)
}

// readAccountCounts reads the list of how many accounts of each kind there are.
func readAccountCounts(r *listReading) error {
	for key, v := range r.root.All() {
		kind, ok := strings.CutSuffix(key, ".count")
		if !ok {
			continue // ".exists" says no more than a count above 0
		}
		rec := r.start("count", key, v)
		rec.Set("type_id", artifact.TextValue(r.Cut(kind)))
		value, err := plist.Any(v, treeLimits)
		if err != nil {
			if err := r.problem(key, err); err != nil {
				return err
			}
		}
		if n, ok := v.Int(); ok {
			rec.Set("count", artifact.IntValue(n))
		} else {
			rec.Set("count", artifact.TreeValue(value))
		}
		rec.Summary = func(b []byte) []byte { return appendSummary(b, "accounts of the kind ", rec.Text("type_id")) }
		if err := r.Give(); err != nil {
			return err
		}
	}
	return nil
}

// An accountName names an account for its parts and properties.
type accountName struct{ username, description, identifier string }

// An accountReader reads accounts with their types.
type accountReader struct {
	r        *reading
	types    map[int64]string // what people call the kind
	typeIDs  map[int64]string
	accounts map[int64]accountName
}

func readAccounts(r *reading) error {
	t, err := r.table("ZACCOUNT")
	if err != nil {
		return err
	}
	a := &accountReader{r: r, accounts: map[int64]accountName{}}
	if a.types, err = r.optional("ZACCOUNTTYPE").texts("ZACCOUNTTYPEDESCRIPTION"); err != nil {
		return err
	}
	if a.typeIDs, err = r.optional("ZACCOUNTTYPE").texts("ZIDENTIFIER"); err != nil {
		return err
	}
	if err := a.names(t); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		read func(*table) error
	}{
		{"ZACCOUNT", a.readAccount},
		{"ZACCOUNTPROPERTY", a.readProperties},
		{"ZAUTHORIZATION", a.readAuthorizations},
		{"ZCREDENTIALITEM", a.readCredentials},
	} {
		if t := r.optional(part.name); t != nil {
			if err := part.read(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// names reads what accounts are called.
func (a *accountReader) names(t *table) error {
	username, description, identifier := t.find("ZUSERNAME"), t.find("ZACCOUNTDESCRIPTION"), t.find("ZIDENTIFIER")
	err := t.each(func() error {
		n := accountName{t.text(username), t.text(description), t.text(identifier)}
		a.accounts[t.rowID()] = n
		return t.hold(n.username, n.description, n.identifier)
	})
	return a.r.unjoined(err)
}

func (a *accountReader) readAccount(t *table) error {
	username, identifier, owner := t.take("ZUSERNAME"), t.take("ZIDENTIFIER"), t.take("ZOWNINGBUNDLEID")
	kind, parent := t.take("ZACCOUNTTYPE"), t.take("ZPARENTACCOUNT")
	added, rejected := t.take("ZDATE"), t.take("ZLASTCREDENTIALRENEWALREJECTIONDATE")
	description := t.take("ZACCOUNTDESCRIPTION")
	t.fields(map[string]string{"ZACTIVE": "active", "ZAUTHENTICATED": "authenticated"})
	t.hide("Z_PK", "Z_ENT", "Z_OPT")
	t.seal(accountsInfo.Kinds[0])
	return t.each(func() error {
		rec := t.start("account")
		rec.Set("username", artifact.TextOrNull(t.plain(username)))
		rec.Set("description", artifact.TextOrNull(t.plain(description)))
		rec.Set("type", artifact.TextOrNull(a.types[t.key(kind)]))
		rec.Set("type_id", artifact.TextOrNull(a.typeIDs[t.key(kind)]))
		rec.Set("identifier", artifact.TextOrNull(t.plain(identifier)))
		rec.Set("owner", artifact.TextOrNull(t.plain(owner)))
		if p, ok := a.accounts[t.key(parent)]; ok {
			rec.Set("parent", artifact.TextOrNull(firstText(p.username, p.description, p.identifier)))
		}
		t.set(rec)
		observeAddress(rec, rec.Text("username"), "username")
		observeAddress(rec, rec.Text("description"), "description")
		rec.Observe(artifact.AppID, rec.Text("owner"), "owner")
		rec.Observe(artifact.Process, rec.Text("owner"), "owner")
		rec.When("added", artifact.MacSeconds, t.number(added))
		rec.When("credential_rejected", artifact.MacSeconds, t.number(rejected))
		rec.Summary = a.summarize
		return t.give()
	})
}

func (a *accountReader) readProperties(t *table) error {
	owner, key, value := t.find("ZOWNER"), t.find("ZKEY"), t.find("ZVALUE")
	return t.each(func() error {
		name := t.text(key)
		if !accountProperties[name] {
			return nil
		}
		rec := t.start("property")
		texts, err := a.texts(t.bytes(value))
		if err != nil {
			return a.r.ProblemAt(t.location(), err)
		}
		rec.Set("entry", artifact.TextValue(name))
		rec.Set("values", artifact.StringsValue(texts))
		if n, ok := a.accounts[t.key(owner)]; ok {
			rec.Set("username", artifact.TextOrNull(n.username))
			rec.Set("identifier", artifact.TextOrNull(n.identifier))
		}
		for _, s := range texts {
			observeAddress(rec, s, "values")
			if accountHosts[name] {
				rec.Observe(artifact.Domain, s, "values")
			}
		}
		rec.Summary = a.summarize
		return t.give()
	})
}

// texts returns the text in an archive, or those in a list of them.
func (a *accountReader) texts(data []byte) ([]string, error) {
	root, err := plist.Parse(data)
	if err != nil {
		return nil, err
	}
	archive, err := keyedarchive.Open(root)
	if err != nil {
		return nil, err
	}
	o := archive.Root()
	if s, ok := o.Str(); ok {
		return []string{a.r.Cut(s)}, nil
	}
	var texts []string
	for item := range o.Items() {
		if s, ok := item.Str(); ok && len(texts) < maxList {
			texts = append(texts, a.r.Cut(s))
		}
	}
	return texts, o.Err()
}

func (a *accountReader) readAuthorizations(t *table) error {
	app, kind, permissions := t.find("ZBUNDLEID"), t.find("ZACCOUNTTYPE"), t.find("ZGRANTEDPERMISSIONS")
	return t.each(func() error {
		rec := t.start("authorization")
		rec.Set("bundle_id", artifact.TextOrNull(t.plain(app)))
		rec.Set("type", artifact.TextOrNull(firstText(a.types[t.key(kind)], a.typeIDs[t.key(kind)])))
		rec.Set("permissions", artifact.TextOrNull(t.plain(permissions)))
		rec.Observe(artifact.AppID, rec.Text("bundle_id"), "bundle_id")
		rec.Summary = a.summarize
		return t.give()
	})
}

func (a *accountReader) readCredentials(t *table) error {
	identifier, service, expires := t.take("ZACCOUNTIDENTIFIER"), t.take("ZSERVICENAME"), t.take("ZEXPIRATIONDATE")
	t.hide("Z_PK", "Z_ENT", "Z_OPT")
	t.seal(accountsInfo.Kinds[3])
	return t.each(func() error {
		rec := t.start("credential")
		rec.Set("identifier", artifact.TextOrNull(t.plain(identifier)))
		rec.Set("service", artifact.TextOrNull(t.plain(service)))
		t.set(rec)
		rec.When("expires", artifact.MacSeconds, t.number(expires))
		rec.Summary = a.summarize
		return t.give()
	})
}

func (a *accountReader) summarize(b []byte) []byte {
	rec := &a.r.Rec
	switch rec.Kind {
	case "property":
		return appendSummary(b, "property ", rec.Text("entry"), " of account ", firstText(rec.Text("username"), rec.Text("identifier")))
	case "authorization":
		return appendSummary(b, rec.Text("bundle_id"), " may use accounts: ", rec.Text("type"))
	case "credential":
		return appendSummary(b, "credential of account ", rec.Text("identifier"), " for ", rec.Text("service"))
	}
	return appendSummary(b, "account ", firstText(rec.Text("type"), rec.Text("type_id")), ": ", firstText(rec.Text("username"), rec.Text("description"), rec.Text("identifier")))
}
