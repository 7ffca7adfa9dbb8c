package workspacetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/finding"
	"github.com/amparo-project/amparo/internal/seal"
	"github.com/amparo-project/amparo/internal/workspace"
)

// sendAll takes all that is due and answers each with a status.
func sendAll(t *testing.T, w *workspace.Workspace, status int) (sent []workspace.Outgoing) {
	t.Helper()
	for {
		o, err := w.ClaimDelivery(t.Context())
		if errors.Is(err, workspace.ErrNotFound) {
			return sent
		}
		ok(t, err)
		ok(t, w.EndDelivery(t.Context(), &o, status, ""))
		sent = append(sent, o)
	}
}

func kindsOf(list []workspace.Outgoing) (out []string) {
	for i := range list {
		out = append(out, list[i].Event)
	}
	slices.Sort(out)
	return out
}

// testWebhooks makes things happen and reads what is told of them: once each,
// without a word of what people are called or what was found.
func testWebhooks(t *testing.T, f *Fixture) {
	ctx := t.Context()
	const planted = "https://hooks.example.org/planted-token"
	h, secret, err := f.AddWebhook(ctx, workspace.Webhook{URL: planted, Events: workspace.HookEvents, Least: finding.Low})
	ok(t, err)
	if !strings.HasPrefix(secret, "whsec_") || len(secret) < 40 {
		t.Errorf("the secret is %d bytes", len(secret))
	}
	ev := f.Store(f.Folder(map[string]string{"a": "x"}))
	run := f.Check(ev, 2)
	j, err := f.AddJob(ctx, workspace.Job{Case: f.Case.ID, Kind: workspace.JobCheck, Evidence: ev.ID}, workspace.JobPrivate{})
	ok(t, err)
	ok(t, f.CancelJob(ctx, j.ID))
	for range 3 {
		ok(t, f.GatherEvents(ctx))
	}
	sent := sendAll(t, f.Workspace, 204)
	if got := kindsOf(sent); !slices.Equal(got, []string{workspace.EventEvidence, workspace.EventFinding, workspace.EventJob}) {
		t.Fatalf("told: %v", got)
	}
	for i := range sent {
		o := &sent[i]
		if o.URL != planted || len(o.Secret) != 32 || bytes.Contains(o.Body, []byte("heron")) || bytes.Contains(o.Body, []byte("Planted")) {
			t.Errorf("%s", o.Body)
		}
		var b struct {
			Type string
			Data struct {
				Case, Run string
				Findings  map[string]int
			}
		}
		ok(t, json.Unmarshal(o.Body, &b))
		if b.Data.Case != f.Case.ID || b.Type == workspace.EventFinding && (b.Data.Run != run.ID || len(b.Data.Findings) == 0) {
			t.Errorf("%s", o.Body)
		}
	}
	ok(t, f.TellAll(ctx, workspace.EventIndicators, "set 1", map[string]any{"sets": 1}))
	ok(t, f.TellAll(ctx, workspace.EventIndicators, "set 1", map[string]any{"sets": 1}))
	ok(t, f.TestWebhook(ctx, h.ID))
	if got := kindsOf(sendAll(t, f.Workspace, 200)); !slices.Equal(got, []string{workspace.EventIndicators, workspace.EventTest}) {
		t.Errorf("told: %v", got)
	}
	// The address and the secret are in no table.
	for _, table := range []string{"webhook", "webhook_delivery"} {
		if dump := f.dump(table); bytes.Contains(dump, []byte("planted-token")) {
			t.Errorf("%s holds the address in clear", table)
		}
	}
	log, err := f.Deliveries(ctx, h.ID, 100)
	ok(t, err)
	if len(log) != 5 || log[0].State != workspace.Delivered {
		t.Errorf("%+v", log)
	}
	ok(t, f.RemoveWebhook(ctx, h.ID))
	if list, err := f.Webhooks(ctx); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	f.Verify()
}

// testWebhookEnds follows a receiver that fails for days, and one that is gone.
func testWebhookEnds(t *testing.T, f *Fixture) {
	ctx := t.Context()
	h, _, err := f.AddWebhook(ctx, workspace.Webhook{URL: "https://hooks.example.org/", Events: []string{workspace.EventEnding}})
	ok(t, err)
	ok(t, f.TestWebhook(ctx, h.ID))
	begun, attempts := f.Clock.Now(), 0
	for range 1000 {
		attempts += len(sendAll(t, f.Workspace, 500))
		f.Clock.Add(10 * time.Minute)
		if log, err := f.Deliveries(ctx, h.ID, 1); err != nil || log[0].State == workspace.GivenUp {
			break
		}
	}
	if took := f.Clock.Now().Sub(begun); attempts != 11 || took < 90*time.Hour || took > 120*time.Hour {
		t.Errorf("given up after %d attempts in %v", attempts, took)
	}
	ok(t, f.TestWebhook(ctx, h.ID))
	sendAll(t, f.Workspace, 410)
	if now, err := f.Webhook(ctx, h.ID); err != nil || now.State != workspace.HookOff {
		t.Errorf("gone: %+v, %v", now, err)
	}
	// A process that died while it sent: another sends it when its time is over.
	ok(t, f.TestWebhook(ctx, h.ID))
	first, err := f.ClaimDelivery(ctx)
	ok(t, err)
	_, err = f.ClaimDelivery(ctx)
	is(t, err, workspace.ErrNotFound)
	f.Clock.Add(3 * time.Minute)
	again, err := f.ClaimDelivery(ctx)
	ok(t, err)
	if again.ID != first.ID || again.Attempts != 2 {
		t.Errorf("%+v", again.Delivery)
	}
}

// testWebhookOfOthers tells a member nothing of cases that are not theirs.
func testWebhookOfOthers(t *testing.T, f *Fixture) {
	ctx := t.Context()
	id, err := seal.NewIdentity()
	ok(t, err)
	_, err = f.AddMember(ctx, "luz", id.Recipient())
	ok(t, err)
	luz, err := workspace.Open(ctx, f.DB, workspace.Options{Identity: id, Now: f.Clock.Now})
	ok(t, err)
	theirs, _, err := luz.AddWebhook(ctx, workspace.Webhook{URL: "https://hooks.example.org/", Events: workspace.HookEvents, Least: finding.Low})
	ok(t, err)
	ev := f.Store(f.Folder(map[string]string{"a": "x"}))
	f.Check(ev, 2)
	ok(t, f.GatherEvents(ctx)) // whoever gathers
	if sent := sendAll(t, luz, 200); len(sent) != 0 {
		t.Errorf("told of a case of somebody else: %s", sent[0].Body)
	}
	is(t, f.TestWebhook(ctx, theirs.ID), workspace.ErrNotFound)
	is(t, f.RemoveWebhook(ctx, theirs.ID), workspace.ErrNotFound)
	if log, err := f.Deliveries(ctx, theirs.ID, 10); err != nil || len(log) != 0 {
		t.Errorf("%+v, %v", log, err)
	}
	for name, bad := range map[string]workspace.Webhook{
		"no events": {URL: "https://x.example"}, "no address": {Events: []string{workspace.EventJob}}, "another event": {URL: "https://x.example", Events: []string{"x"}},
	} {
		if _, _, err := f.AddWebhook(ctx, bad); !errors.Is(err, workspace.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// testOnce makes calls under keys.
func testOnce(t *testing.T, f *Fixture) {
	ctx := t.Context()
	o := &workspace.Once{Key: "planted key", Request: [32]byte{1}}
	had, err := f.BeginOnce(ctx, o)
	ok(t, err)
	if had != nil {
		t.Error("answered before it was asked")
	}
	_, err = f.BeginOnce(ctx, o)
	is(t, err, workspace.ErrRuns)
	ok(t, f.EndOnce(ctx, o, nil)) // it failed: it may be made again
	_, err = f.BeginOnce(ctx, o)
	ok(t, err)
	ok(t, f.EndOnce(ctx, o, []byte("planted answer")))
	had, err = f.BeginOnce(ctx, o)
	ok(t, err)
	if string(had) != "planted answer" {
		t.Errorf("%s", had)
	}
	_, err = f.BeginOnce(ctx, &workspace.Once{Key: "planted key", Request: [32]byte{2}})
	is(t, err, workspace.ErrKeyUsed)
	if dump := f.dump("api_once"); bytes.Contains(dump, []byte("planted")) {
		t.Error("the table holds the key or the answer in clear")
	}
	f.Clock.Add(25 * time.Hour)
	had, err = f.BeginOnce(ctx, o)
	ok(t, err)
	if had != nil {
		t.Error("an answer is kept for more than a day")
	}
	testOnceLost(t, f)
}

// testOnceLost loses the ends of calls: a call that wrote its act is not made
// again, one that did not is, and an attempt that was taken over writes nothing.
func testOnceLost(t *testing.T, f *Fixture) {
	ctx := t.Context()
	call := func() *workspace.Once { return &workspace.Once{Key: "lost", Request: [32]byte{3}} }
	cases := func() int {
		l, err := f.Cases(ctx, "", workspace.Page{})
		ok(t, err)
		return len(l.Items)
	}
	before := cases()
	dead := call()
	_, err := f.BeginOnce(ctx, dead)
	ok(t, err)
	_, err = f.BeginOnce(ctx, call())
	is(t, err, workspace.ErrRuns) // it may live
	f.Clock.Add(2 * time.Minute)
	next := call()
	_, err = f.BeginOnce(ctx, next)
	ok(t, err)
	_, err = f.CreateCase(dead.Makes(ctx), "of the one that was taken for dead")
	is(t, err, workspace.ErrRuns)
	ok(t, f.EndOnce(ctx, dead, nil)) // it ends nothing but its own
	_, err = f.CreateCase(next.Makes(ctx), "once")
	ok(t, err)
	ok(t, f.EndOnce(ctx, next, nil)) // its commit seemed to fail
	f.Clock.Add(2 * time.Minute)
	_, err = f.BeginOnce(ctx, call())
	is(t, err, workspace.ErrDid)
	if got := cases(); got != before+1 {
		t.Errorf("%d cases were made, not one", got-before)
	}
}

// dump returns all that a table holds.
func (f *Fixture) dump(table string) []byte {
	f.T.Helper()
	rows, err := f.DB.Pool.QueryContext(f.T.Context(), "SELECT * FROM "+table)
	ok(f.T, err)
	defer rows.Close()
	columns, err := rows.Columns()
	ok(f.T, err)
	var out bytes.Buffer
	for rows.Next() {
		values, dst := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range values {
			dst[i] = &values[i]
		}
		ok(f.T, rows.Scan(dst...))
		for _, v := range values {
			out.Write(v)
			out.WriteByte('\n')
		}
	}
	ok(f.T, rows.Err())
	if out.Len() == 0 {
		f.T.Errorf("%s is empty", table)
	}
	return out.Bytes()
}

// testWebhookPool lets workers send what members were to be told, with the key
// of the workers alone, as long as they are the workers.
func testWebhookPool(t *testing.T, f *Fixture) {
	ctx := t.Context()
	const planted = "https://hooks.example.org/planted-token"
	add := func() workspace.Webhook {
		h, _, err := f.AddWebhook(ctx, workspace.Webhook{URL: planted, Events: []string{workspace.EventEvidence}})
		ok(t, err)
		return h
	}
	first := add() // before there are workers
	pool, err := seal.NewIdentity()
	ok(t, err)
	_, err = workspace.OpenHooks(ctx, f.DB, f.Clock.Now, pool)
	is(t, err, workspace.ErrNotWorker)
	ok(t, f.SetWorkers(ctx, pool.Recipient()))
	second := add()
	hooks, err := workspace.OpenHooks(ctx, f.DB, f.Clock.Now, pool)
	ok(t, err)
	f.Store(f.Folder(map[string]string{"a": "x"}))
	ok(t, hooks.GatherEvents(ctx))
	told := map[string]int{}
	for {
		o, err := hooks.ClaimDelivery(ctx)
		if errors.Is(err, workspace.ErrNotFound) {
			break
		}
		ok(t, err)
		if o.URL != planted || len(o.Secret) != 32 || !bytes.Contains(o.Body, []byte(f.Case.ID)) {
			t.Errorf("%+v", o)
		}
		told[o.Hook]++
		if o.Attempts == 1 && o.Hook == first.ID {
			f.Clock.Add(3 * time.Minute) // its process died: another takes it
			continue
		}
		ok(t, hooks.EndDelivery(ctx, &o, 204, ""))
	}
	if told[first.ID] != 2 || told[second.ID] != 1 {
		t.Errorf("told: %v", told)
	}
	if dump := f.dump("webhook"); bytes.Contains(dump, []byte("planted-token")) {
		t.Error("the address lies in clear")
	}

	next, err := seal.NewIdentity()
	ok(t, err)
	ok(t, f.SetWorkers(ctx, next.Recipient()))
	ok(t, f.TestWebhook(ctx, first.ID))
	_, err = hooks.ClaimDelivery(ctx) // they are the workers no more
	is(t, err, workspace.ErrNotFound)
	later, err := workspace.OpenHooks(ctx, f.DB, f.Clock.Now, next)
	ok(t, err)
	o, err := later.ClaimDelivery(ctx)
	ok(t, err)
	ok(t, later.EndDelivery(ctx, &o, 500, ""))
	f.Clock.Add(time.Hour)
	ok(t, f.RemoveWorkers(ctx))
	_, err = later.ClaimDelivery(ctx)
	is(t, err, workspace.ErrNotFound)
	if sent := sendAll(t, f.Workspace, 204); len(sent) != 1 || sent[0].ID != o.ID || sent[0].Attempts != 2 {
		t.Errorf("members send what workers did not: %+v", sent)
	}
}
