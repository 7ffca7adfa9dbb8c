package web

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/amparo-project/amparo/internal/workspace"
)

// operationNeeds says of each operation of the API what it asks of a member,
// beside the scope that it asks of a token. One that is not here is for owners.
var operationNeeds = map[string]need{
	// Of the workspace.
	"add-indicators": teamMay(workspace.ActHunt), "remove-indicators": teamMay(workspace.ActHunt), "create-case": ofTeam, "get-workspace": member, "list-acts": may(workspace.ActSee),
	"list-checkpoints": member, "list-indicators": ofTeam, "list-members": ofTeam, "list-terms": ofTeam, "prove-consistency": member,
	"prove-entry": member, "publish-ledger": member, "read-message": may(workspace.ActLures), "read-messages": may(workspace.ActLures),
	"get-indicators": ofTeam, "list-values": ofTeam, "search-indicators": ofTeam, "sign-checkpoint": ofTeam,
	"add-webhook": ofTeam, "list-deliveries": ofTeam, "list-webhooks": ofTeam, "remove-webhook": ofTeam, "test-webhook": ofTeam,
	"list-settings": ofTeam, "get-settings": ofTeam, "keep-settings": managers, "remove-settings": managers,

	// Of a case, or of what belongs to one.
	"compare-runs": may(workspace.ActSee), "compare-records": may(workspace.ActSee), "count-cases": may(workspace.ActSee), "count-events": may(workspace.ActSee), "explain-finding": may(workspace.ActSee),
	"get-account": whole, "get-case": may(workspace.ActSee), "get-entry": may(workspace.ActSee), "get-evidence": may(workspace.ActSee),
	"get-finding": may(workspace.ActSee), "get-job": may(workspace.ActSee), "get-run": may(workspace.ActSee), "list-cases": may(workspace.ActSee),
	"list-consents": may(workspace.ActSee), "list-custody": may(workspace.ActSee), "list-devices": may(workspace.ActSee),
	"list-due-consents": may(workspace.ActSee), "list-entries": may(workspace.ActSee), "list-events": may(workspace.ActSee),
	"list-evidence": may(workspace.ActSee), "list-exports": may(workspace.ActSee), "list-findings": may(workspace.ActSee),
	"list-jobs": may(workspace.ActSee), "list-people": may(workspace.ActSee), "list-runs": may(workspace.ActSee), "open-bytes": may(workspace.ActSee), "search-records": may(workspace.ActSee),

	"add-consent": may(workspace.ActIntake), "add-device": may(workspace.ActIntake), "add-person": may(workspace.ActIntake),
	"begin-upload": may(workspace.ActIntake), "end-upload": may(workspace.ActIntake), "get-upload": may(workspace.ActIntake),
	"send-files": may(workspace.ActIntake), "send-part": may(workspace.ActIntake), "take-evidence": may(workspace.ActIntake),
	"withdraw-consent": may(workspace.ActWithdraw),
	"cancel-job":       endsJob, "queue-recheck": mayAll(workspace.ActCheck), "queue-hunt": mayAll(workspace.ActHunt), "queue-index": mayAll(workspace.ActCheck),
	"queue-remind": mayAll(workspace.ActAccount), "queue-notice": mayAll(workspace.ActAccount), "queue-exhibit": mayAll(workspace.ActReport), "queue-report": mayAll(workspace.ActReport), "queue-links": mayAll(workspace.ActLinks), "get-job-result": may(workspace.ActReport),
	"check-evidence": may(workspace.ActCheck), "decide": may(workspace.ActDecide),
	"hunt": may(workspace.ActHunt), "list-links": may(workspace.ActLinks), "get-report": may(workspace.ActReport), "get-result": may(workspace.ActReport),

	"add-answer": may(workspace.ActAccount), "add-events": may(workspace.ActAccount), "add-facts": may(workspace.ActAccount),
	"add-found-events": may(workspace.ActAccount), "add-promise": may(workspace.ActAccount), "add-request": may(workspace.ActAccount),
	"share-indicators": teamMay(workspace.ActHunt),
	"queue-update":     teamMay(workspace.ActHunt), "get-update": ofTeam, "get-schedule": ofTeam, "set-schedule": managers, "list-feeds": ofTeam, "switch-feed": managers,
	"list-hunts": teamMay(workspace.ActHunt), "queue-hunts": teamMay(workspace.ActHunt), "order-hunts": mayAll(workspace.ActHunt), "make-exhibit": may(workspace.ActReport),
	"preview-publication": may(workspace.ActPublish), "publish": may(workspace.ActPublish), "publish-documents": may(workspace.ActPublish),
	"retire-entry": may(workspace.ActAccount), "add-register": may(workspace.ActAccount), "ask-to-be-told": may(workspace.ActAccount),
	"decide-concern": may(workspace.ActAccount), "draft-notices": may(workspace.ActAccount), "move-notice": may(workspace.ActAccount),
	"edit-notice": may(workspace.ActAccount), "send-reminders": may(workspace.ActAccount), "draft-letter": may(workspace.ActAccount),
	"put-list": may(workspace.ActAccount), "send-notices": may(workspace.ActAccount),

	"close-case": may(workspace.ActClose), "share-case": may(workspace.ActMembers), "list-case-members": may(workspace.ActMembers),
	"change-role": may(workspace.ActMembers), "remove-case-member": may(workspace.ActMembers),
}

// admitTo is what serve asks for pages, for an operation.
func (c *caller) admitTo(ctx huma.Context) error {
	op := ctx.Operation()
	n, ok := operationNeeds[op.OperationID]
	if !ok {
		n = may(workspace.ActMembers)
	}
	x, err := c.allowed(n, thingIn(op.Path, ctx.Param))
	if err != nil {
		return err
	}
	if !n.looks(op.Method) {
		return nil
	}
	return c.view(x, apiPrefix+op.Path)
}
