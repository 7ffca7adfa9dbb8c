// Package workspacetest is the suite that every database of a workspace
// passes: the same behaviour, whatever holds the tables.
package workspacetest

import (
	"testing"

	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// Opener opens one database twice, or more often, as several processes do.
type Opener func(t *testing.T) *workspace.DB

// Exercise runs every behaviour. open returns a new, empty database; again
// opens the one of a Fixture once more.
func Exercise(t *testing.T, open Opener, again func(t *testing.T, db *workspace.DB) *workspace.DB) {
	t.Helper()
	seal.WorkFactor = 4 // a passphrase costs a second otherwise
	tests := map[string]func(t *testing.T, f *Fixture){
		// access.go
		"Sealed":  testSealed,
		"Members": testMembers,
		"Pages":   testPages,
		// entry.go
		"Entries":      testEntries,
		"EntryRace":    testEntryRace,
		"EntryConsent": testEntryConsent,
		// evidence.go
		"NoConsentNoEvidence": testConsent,
		"Minor":               testMinor,
		"Withdraw":            testWithdraw,
		"Shared":              testShared,
		"Closed":              testClosed,
		// finding.go
		"Decide":       testDecide,
		"ManyFindings": testManyFindings,
		// hunt.go
		"Hunt": testHunt,
		// links.go
		"Links": testLinks,
		// job.go
		"Jobs":       testJobs,
		"JobsSealed": testJobsSealed,
		"Unfinished": testUnfinished,
		"JobFile":    testJobFile,
		"JobLimits":  testJobLimits,
		"UpdateJob":  testUpdateJob,
		"Schedule":   testSchedule,
		"HuntOrders": testHuntOrders,
		"JobKinds":   testJobKinds,
		"OldProgram": testOldProgram,
		"Workers":    testWorkers,
		"DecideSeen": testDecideSeen,
		"Counts":     testCounts,
		// ledger.go
		"Clock":     testClock,
		"Custody":   testCustody,
		"Tampering": testTampering,
		// lists.go
		"Lists": testLists,
		// roles.go
		"Roles":       testRoles,
		"RoleTable":   testRoleTable,
		"CaseMembers": testCaseMembers,
		"Concerned":   testConcerned,
		"Views":       testViews,
		// share.go
		"Sharing":     testSharing,
		"Purposes":    testPurposes,
		"PrivateHunt": testPrivateHunt,
		"Exports":     testExports,
		// shared.go
		"SharedMembers": testSharedMembers,
		"SharedWorkers": testSharedWorkers,
		"SharedAtOnce":  testSharedAtOnce,
		// webhook.go
		"Webhooks":        testWebhooks,
		"WebhookPool":     testWebhookPool,
		"Kept":            testKept,
		"KeptLinks":       testKeptLinks,
		"WebhookEnds":     testWebhookEnds,
		"WebhookOfOthers": testWebhookOfOthers,
		"Once":            testOnce,
		"Unsaved":         testUnsaved,
		// users.go
		"Sessions":    testSessions,
		"Tokens":      testTokens,
		"Guesses":     testGuesses,
		"Unlock":      testUnlock,
		"Invitations": testInvitations,
		"RaceToJoin":  testRaceToJoin,
		"Remove":      testRemove,
		"WaysIn":      testWaysIn,
		"Ceremonies":  testCeremonies,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			t.Cleanup(func() { _ = db.Close() })
			test(t, New(t, db))
		})
	}
	t.Run("TwoProcesses", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		t.Cleanup(func() { _ = db.Close() })
		testTwoProcesses(t, New(t, db), again)
	})
}
