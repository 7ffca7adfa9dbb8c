package workspace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Role is what a member is in one case.
type Role string

// Roles.
const (
	RoleOwner   Role = "owner"   // answers for the case: everything, and who its members are
	RoleAnalyst Role = "analyst" // takes evidence, checks it and decides
	RoleCounsel Role = "counsel" // tells the case to authorities and to the public
	RoleReader  Role = "reader"  // sees
	RolePerson  Role = "person"  // the person concerned: sees what is theirs, and nothing else
)

// Roles lists them all.
var Roles = []Role{RoleOwner, RoleAnalyst, RoleCounsel, RoleReader, RolePerson}

// A Deed is what somebody may be allowed to do in a case. (What was done is an
// Act, in the ledger.)
type Deed string

// Deeds.
const (
	ActSee      Deed = "see"      // people, devices, consent, evidence, findings, the account, custody
	ActIntake   Deed = "intake"   // add people, devices, consent and evidence
	ActWithdraw Deed = "withdraw" // withdraw a consent
	ActCheck    Deed = "check"    // check evidence, and check it again
	ActDecide   Deed = "decide"   // confirm and dismiss findings, and note
	ActHunt     Deed = "hunt"     // set indicators against what was observed
	ActLures    Deed = "lures"    // read messages for what they pretend to be
	ActLinks    Deed = "links"    // set people against each other
	ActReport   Deed = "report"   // take reports and exhibits away
	ActAccount  Deed = "account"  // facts, concerns, promises, requests, letters, notices
	ActPublish  Deed = "publish"  // make a page of the case public
	ActMembers  Deed = "members"  // see, add, change and remove its members
	ActClose    Deed = "close"    // end it
)

// extent is how far a role may go with a deed.
type extent int

const (
	none extent = iota
	own         // what is of the one person that the role is for
	all         // of the case
)

// table says which role may do what. It is the one place.
var table = map[Deed]map[Role]extent{
	ActSee:      {RoleOwner: all, RoleAnalyst: all, RoleCounsel: all, RoleReader: all, RolePerson: own},
	ActIntake:   {RoleOwner: all, RoleAnalyst: all},
	ActWithdraw: {RoleOwner: all, RoleAnalyst: all, RolePerson: own},
	ActCheck:    {RoleOwner: all, RoleAnalyst: all},
	ActDecide:   {RoleOwner: all, RoleAnalyst: all},
	ActHunt:     {RoleOwner: all, RoleAnalyst: all},
	ActLures:    {RoleOwner: all, RoleAnalyst: all},
	ActLinks:    {RoleOwner: all, RoleAnalyst: all},
	ActReport:   {RoleOwner: all, RoleAnalyst: all, RoleCounsel: all, RolePerson: own},
	ActAccount:  {RoleOwner: all, RoleCounsel: all},
	ActPublish:  {RoleOwner: all, RoleCounsel: all},
	ActMembers:  {RoleOwner: all},
	ActClose:    {RoleOwner: all},
}

// entryDeeds are the deeds that writing an entry of the account is, by its
// kind; all others are ActAccount.
var entryDeeds = map[string]Deed{"publication": ActPublish}

// ownEntries are the kinds of entries that the person concerned sees, where
// they tell of nobody else: what they asked to be told, and what they were.
// Facts and letters are the team's words.
var ownEntries = []string{"notice", "wish"}

// ownRows says of each table which rows are a person's.
var ownRows = map[string]string{
	"person":   "id = $?",
	"device":   "person_id = $?",
	"consent":  "person_id = $?",
	"evidence": "device_id IN (" + ownDevices + ")",
	"run":      "evidence_id IN (" + ownEvidence + ")",
	"finding":  "run_id IN (SELECT id FROM run WHERE evidence_id IN (" + ownEvidence + "))",
	"job":      "(device_id IN (" + ownDevices + ") OR evidence_id IN (" + ownEvidence + "))",
	"export":   "id IN (SELECT export_id FROM export_evidence WHERE evidence_id IN (" + ownEvidence + "))",
	"account_entry": "kind IN (" + quoted(ownEntries) + ") AND n IN (SELECT entry_n FROM account_person WHERE person_id = $?) " +
		"AND n NOT IN (SELECT entry_n FROM account_person WHERE person_id <> $?)",
	"ledger_entry": "(subject = $? OR subject IN (" + ownDevices + ") OR subject IN (" + ownEvidence + "))",
}

const (
	ownDevices  = "SELECT id FROM device WHERE person_id = $?"
	ownEvidence = "SELECT id FROM evidence WHERE device_id IN (" + ownDevices + ")"
)

// May reports whether a role may do something, be it only with what is the
// person's own. Pages ask it what to show; the methods of Workspace decide.
func (r Role) May(d Deed) bool { return table[d][r] != none }

// MayAll reports whether a role may do something with all of a case.
func (r Role) MayAll(d Deed) bool { return table[d][r] == all }

// ParseRole reads the name of a role. The error wraps ErrInvalid.
func ParseRole(name string) (Role, error) {
	if r := Role(name); slices.Contains(Roles, r) {
		return r, nil
	}
	return "", fmt.Errorf("%w: role %q is none of %s", ErrInvalid, name, joined(Roles, ", "))
}

// rolesFor lists the roles that may do something with all of a case, as SQL
// takes a list.
func rolesFor(d Deed) string {
	var list []Role
	for _, r := range Roles {
		if r.MayAll(d) {
			list = append(list, r)
		}
	}
	return quoted(list)
}

// quoted writes words of this file as SQL takes a list of them.
func quoted[T ~string](words []T) string { return "'" + joined(words, "', '") + "'" }

// namedAtOnce bounds how many values one query names.
const namedAtOnce = 500

// named appends values to the arguments of a query, and writes the list by which
// SQL names them.
func named(args []any, values []string) (list string, all []any) {
	marks := make([]string, len(values))
	for i, v := range values {
		args = append(args, v)
		marks[i] = "$" + strconv.Itoa(len(args))
	}
	return strings.Join(marks, ", "), args
}

func joined[T ~string](words []T, by string) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, by)
}
