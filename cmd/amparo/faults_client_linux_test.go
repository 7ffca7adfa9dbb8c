package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

type execCmd = exec.Cmd

// journal is what was acknowledged.
type journal struct {
	mu    sync.Mutex
	links map[string]string // guarded by mu; of servers
	acts  map[string]int    // guarded by mu; how many, by kind
	asked int               // guarded by mu; requests
	again int               // guarded by mu; of them, those that were made again
	found int               // guarded by mu; acts whose answer was lost, found in a list

	things []thing             // guarded by mu
	erased []string            // guarded by mu; evidence, and people whose account went with it
	states map[string][]string // guarded by mu; of findings, "run finding": state, notes
	jobs   map[string]string   // guarded by mu; to the evidence
	said   map[string]string   // guarded by mu; facts, to the person
}

// thing is something that there is one of.
type thing struct{ kind, in, mark, id string }

func (j *journal) link(name, link string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.links == nil {
		j.links, j.acts, j.states, j.jobs, j.said = map[string]string{}, map[string]int{}, map[string][]string{}, map[string]string{}, map[string]string{}
	}
	j.links[name] = link
}

func (j *journal) linkOf(name string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.links[name]
}

func (j *journal) add(kind, in, mark, id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.acts[kind]++
	j.things = append(j.things, thing{kind, in, mark, id})
}

func (j *journal) summary() string {
	var list []string
	n := 0
	for kind, count := range j.acts {
		list = append(list, fmt.Sprintf("%d of %s", count, kind))
		n += count
	}
	slices.Sort(list)
	return fmt.Sprintf("%d acts were acknowledged, in %d requests of which %d were made again; the answers to %d were lost: %s", n, j.asked, j.again, j.found, strings.Join(list, ", "))
}

func visit(browser *http.Client, at string, form url.Values) (string, error) {
	var res *http.Response
	var err error
	if form == nil {
		res, err = browser.Get(at) //nolint:noctx // a test's own
	} else {
		res, err = browser.PostForm(at, form) //nolint:noctx // a test's own
	}
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", at, body)
	}
	return string(body), err
}

// client does what a person or a program does, through any server.
type client struct {
	*field
	n    int
	r    *mathrand.Rand
	http *http.Client
	next int // server to ask
	made int // things

	caseID string
	people int // in it
}

func (f *field) client(n int) *client {
	return &client{
		field: f, n: n, r: mathrand.New(mathrand.NewPCG(f.seed, uint64(n))),
		http: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: n == 0, MaxIdleConnsPerHost: 4}},
	}
}

// refusal is an answer that will be the same if one asks again.
type refusal struct {
	status int
	Code   string
	Detail string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.status, r.Code, r.Detail) }

// patience is how long a client asks for one act.
const patience = 3 * time.Minute

// call asks until there is an answer that another try would not change, each
// time another server. A call that makes something is made under one key.
func (c *client) call(method, path string, body any, into any) error {
	key := fmt.Sprintf("%d-%d-%d", c.seed, c.n, c.made)
	c.made++
	data, kind := []byte(nil), "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		data, kind = b, "application/x-tar"
		if method == http.MethodPatch {
			kind = "application/offset+octet-stream"
		}
	default:
		var err error
		if data, err = json.Marshal(b); err != nil {
			return err
		}
	}
	for tries, until := 0, time.Now().Add(patience); ; tries++ {
		c.record.mu.Lock()
		c.record.asked++
		if tries > 0 {
			c.record.again++
		}
		c.record.mu.Unlock()
		err := c.once(method, path, key, kind, data, into)
		var r *refusal
		if err == nil || errors.As(err, &r) && !again(r) {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("asked %d times: %w", tries+1, err)
		}
		time.Sleep(time.Duration(50+c.r.IntN(200)) * time.Millisecond)
	}
}

// again reports whether another try may go better.
func again(r *refusal) bool {
	return r.status == http.StatusMisdirectedRequest || r.status >= http.StatusInternalServerError && r.Code != "internal" || r.status == http.StatusTooManyRequests || r.status == http.StatusRequestTimeout ||
		r.Code == "busy" || r.Code == "key_runs"
}

func (c *client) once(method, path, key, kind string, data []byte, into any) error {
	servers := slices.DeleteFunc(slices.Clone(c.nodes), func(n *node) bool { return n.web == nil })
	c.next++
	web := servers[c.next%len(servers)].web
	q, err := http.NewRequest(method, "http://"+web.addr()+"/api/v1"+path, bytes.NewReader(data)) //nolint:noctx // the client has a limit
	if err != nil {
		return err
	}
	q.Host = web.where() // a server answers to its own name alone
	q.Header.Set("Authorization", "Bearer "+c.token)
	q.Header.Set("Content-Type", kind)
	q.Header.Set("Idempotency-Key", key)
	if method == http.MethodPatch {
		q.Header.Set("Upload-Offset", "0")
	}
	res, err := c.http.Do(q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		r := &refusal{status: res.StatusCode}
		if json.Unmarshal(answer, r) != nil {
			return fmt.Errorf("status %d: %s", res.StatusCode, answer)
		}
		return r
	}
	if into == nil {
		return nil
	}
	if text, ok := into.(*[]byte); ok {
		*text = answer
		return nil
	}
	return json.Unmarshal(answer, into)
}

// work does acts until ctx ends. It ends with what it began.
func (c *client) work(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.story(ctx); err != nil {
			c.t.Errorf("client %d: %v", c.n, err)
			return
		}
	}
}

func (c *client) mark(kind string) string {
	c.made++
	return fmt.Sprintf("%s-%d-%d", kind, c.n, c.made)
}

// named is an answer with an id.
type named struct{ ID string }

// make makes something that there shall be one of.
func (c *client) make(kind, path, mark string, body any) (string, error) {
	var out named
	err := c.call(http.MethodPost, path, body, &out)
	if did(err) {
		out.ID, err = c.find(strings.ReplaceAll(lists[kind], "CASE", c.caseID), mark)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", kind, err)
	}
	c.record.add(kind, c.caseID, mark, out.ID)
	return out.ID, nil
}

// did reports whether a call was made, and its answer lost.
func did(err error) bool { return code(err) == "key_did" }

// code is that of a refusal; "" of another error.
func code(err error) string {
	if r := new(refusal); errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// find is the id of the one thing in a list that holds a text.
func (c *client) find(path, mark string) (id string, err error) {
	c.record.mu.Lock()
	c.record.found++
	c.record.mu.Unlock()
	var list struct{ Items []json.RawMessage }
	if err := c.call(http.MethodGet, path, nil, &list); err != nil {
		return "", err
	}
	for _, item := range list.Items {
		var x named
		if !bytes.Contains(item, []byte(`"`+mark+`"`)) || json.Unmarshal(item, &x) != nil {
			continue
		}
		if id != "" {
			return "", fmt.Errorf("%s is there twice", mark)
		}
		id = x.ID
	}
	if id == "" {
		err = fmt.Errorf("the call was made, and %s is not in %s", mark, path)
	}
	return id, err
}

// story is one person: from their consent to what was found on their phone,
// and perhaps to the end of that consent.
func (c *client) story(ctx context.Context) error {
	if c.caseID == "" || c.people > 5 {
		c.caseID, c.people = "", 0
		title := c.mark("case")
		id, err := c.make("case", "/cases", title, map[string]any{"title": title})
		if err != nil {
			return err
		}
		c.caseID = id
		if c.n == 0 { // where is hunted in after each news
			if err := c.call(http.MethodPut, "/cases/"+id+"/hunts", map[string]any{"on": true}, nil); err != nil {
				return fmt.Errorf("hunts: %w", err)
			}
			if err := c.ask(); err != nil {
				return err
			}
		}
	}
	c.people++
	at := "/cases/" + c.caseID
	person, label, given := c.mark("person"), c.mark("device"), c.mark("consent")
	if _, err := c.make("person", at+"/people", person, map[string]any{"pseudonym": person, "name": "Planted Name"}); err != nil {
		return err
	}
	device, err := c.make("device", at+"/devices", label, map[string]any{"person": person, "label": label})
	if err != nil {
		return err
	}
	consent, err := c.make("consent", at+"/consents", given, map[string]any{
		"person": person, "purposes": []string{"analysis", "hunting", "linking"}, "until": "2999-01-01", "given_by": given, "form_sha256": strings.Repeat("0", 64),
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	evidence, job, err := c.upload(device)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if err := c.more(person, evidence); err != nil {
		return err
	}
	if err := c.decide(ctx, evidence, job); err != nil || c.r.IntN(4) > 0 {
		return err
	}
	if err := c.call(http.MethodPost, at+"/consents/"+consent+"/withdraw", map[string]any{}, nil); err != nil {
		return fmt.Errorf("withdraw: %w", err)
	}
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.acts["withdrawal"]++
	c.record.erased = append(c.record.erased, evidence, person)
	return nil
}

// upload sends evidence, small files together, and a large one in a part.
func (c *client) upload(device string) (evidence, job string, err error) {
	files := c.files()
	if c.r.IntN(8) == 0 {
		large := make([]byte, 9<<20)
		mathrand.NewChaCha8([32]byte{byte(c.n)}).Read(large)
		files["large.bin"] = large
	}
	var size int64
	var pack bytes.Buffer
	t := tar.NewWriter(&pack)
	for name, data := range files {
		size += int64(len(data))
		if len(data) > 8<<20 {
			continue
		}
		if err := t.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
			return "", "", err
		}
		if _, err := t.Write(data); err != nil {
			return "", "", err
		}
	}
	if err := t.Close(); err != nil {
		return "", "", err
	}
	var up struct{ Evidence string }
	if err := c.call(http.MethodPost, "/cases/"+c.caseID+"/uploads", map[string]any{"device": device, "name": "phone", "files": len(files), "bytes": size}, &up); err != nil {
		return "", "", fmt.Errorf("upload: %w", err)
	}
	if err := c.call(http.MethodPost, "/uploads/"+up.Evidence+"/files", pack.Bytes(), nil); err != nil {
		return "", "", fmt.Errorf("files: %w", err)
	}
	if large := files["large.bin"]; large != nil {
		err := c.call(http.MethodPatch, "/uploads/"+up.Evidence+"?path=large.bin&size="+fmt.Sprint(len(large)), large, nil)
		if err != nil && code(err) != "offset" { // it is stored, and the answer was lost
			return "", "", fmt.Errorf("part: %w", err)
		}
	}
	var done struct {
		Evidence struct{ ID string }
		Job      struct{ ID string }
	}
	if err := c.call(http.MethodPost, "/uploads/"+up.Evidence+"/done", map[string]any{"files": len(files), "bytes": size, "check": true}, &done); err != nil {
		return "", "", fmt.Errorf("done: %w", err)
	}
	c.record.add("evidence", device, up.Evidence, done.Evidence.ID)
	c.queued("check", up.Evidence, done.Job.ID)
	return up.Evidence, done.Job.ID, nil
}

func (c *client) queued(kind, evidence, id string) {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.acts["job of kind "+kind]++
	c.record.jobs[id] = evidence
}

// more are acts beside the story.
func (c *client) more(person, evidence string) error {
	switch c.r.IntN(7) {
	case 0:
		var j named
		err := c.call(http.MethodPost, "/evidence/"+evidence+"/check", map[string]any{}, &j)
		if did(err) {
			return nil // it is the second of this evidence, and listed as such
		}
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		c.queued("check", evidence, j.ID)
	case 1:
		value := fmt.Sprintf("domain-%d.com", c.r.IntN(1000))
		if err := c.call(http.MethodPost, "/hunt", map[string]any{"value": value}, nil); err != nil {
			return fmt.Errorf("hunt: %w", err)
		}
		c.record.mu.Lock()
		c.record.acts["hunt"]++
		c.record.mu.Unlock()
	case 2:
		var text []byte
		if err := c.call(http.MethodPost, "/ledger/checkpoint", map[string]any{}, &text); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		var signed struct{ Checkpoint string }
		if err := json.Unmarshal(text, &signed); err != nil || signed.Checkpoint == "" {
			return fmt.Errorf("checkpoint: %s", text)
		}
		c.record.add("checkpoint", "", "", "")
		return os.WriteFile(c.path("checkpoint-"+c.mark("c")), []byte(signed.Checkpoint), 0o600)
	case 3:
		kind := []string{"recheck", "hunt", "remind"}[c.r.IntN(3)]
		if kind == "recheck" { // as if a parser's version had moved; where the database is away there is nothing to check again
			_, _ = c.db.ExecContext(c.t.Context(), `UPDATE run SET summary = REPLACE(summary, '"ios.sms":', '"ios.sms":9') WHERE case_id = $1`, c.caseID)
		}
		if r := c.run(0, "job", "add", kind, c.caseID); r.failed == nil { // one that failed acknowledged nothing
			c.queued(kind, "", r.out)
		}
	case 4:
		text := c.mark("fact")
		var out struct{ IDs []string }
		err := c.call(http.MethodPost, "/cases/"+c.caseID+"/facts", map[string]any{"facts": []any{map[string]any{
			"person": person, "kind": "role", "value": "journalist", "note": text, "certainty": "certain", "sources": []any{map[string]any{"title": text}},
		}}}, &out)
		if did(err) {
			out.IDs = []string{""}
			out.IDs[0], err = c.find("/cases/"+c.caseID+"/entries?limit=10000", text)
		}
		if err != nil {
			return fmt.Errorf("fact: %w", err)
		}
		c.record.add("fact", c.caseID, text, strings.Join(out.IDs, " "))
		c.record.mu.Lock()
		defer c.record.mu.Unlock()
		c.record.said[text] = person
	case 5, 6:
		return c.ask()
	}
	return nil
}

// decide waits a little for the check, and decides on something that it found.
func (c *client) decide(ctx context.Context, evidence, job string) error {
	var j struct {
		Ended string
		Runs  []string
	}
	for range 5 {
		if ctx.Err() != nil {
			return nil
		}
		if err := c.call(http.MethodGet, "/jobs/"+job+"?wait=3", nil, &j); err != nil {
			return fmt.Errorf("job: %w", err)
		}
		if j.Ended != "" {
			break
		}
	}
	if len(j.Runs) == 0 {
		return nil
	}
	var found struct {
		Items []struct{ ID, Run, Decided string }
	}
	if err := c.call(http.MethodGet, "/findings?run="+j.Runs[0]+"&limit=10", nil, &found); err != nil {
		return fmt.Errorf("findings: %w", err)
	}
	if len(found.Items) == 0 {
		return nil
	}
	x := found.Items[c.r.IntN(len(found.Items))]
	state, note := []string{"confirmed", "dismissed"}[c.r.IntN(2)], c.mark("note")
	err := c.call(http.MethodPost, "/runs/"+x.Run+"/findings/"+x.ID, map[string]any{"state": state, "note": note, "seen": x.Decided}, nil)
	if err != nil && code(err) != "conflict" { // its answer was lost: it is decided
		return fmt.Errorf("decision: %w", err)
	}
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.acts["decision"]++
	c.record.states[x.Run+" "+x.ID] = []string{state, note}
	return nil
}
