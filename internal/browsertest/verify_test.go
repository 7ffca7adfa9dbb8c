package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/amparo-project/amparo/internal/ledger/ledgertest"
)

// put sets the text of a field without typing it.
func put(t *testing.T, ctx context.Context, id, text string) {
	t.Helper()
	literal, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	ask[string](t, ctx, `document.getElementById("`+id+`").value = `+string(literal))
}

// verified presses one of the two buttons and returns what the page says.
func verified(t *testing.T, ctx context.Context, what string) (holds, reason string) {
	t.Helper()
	ask[bool](t, ctx, `document.querySelector("#result").hidden = true`)
	run(t, ctx, chromedp.Click(`[data-verify=`+what+`]`, chromedp.ByQuery), chromedp.WaitVisible("#result", chromedp.ByQuery))
	holds = ask[string](t, ctx, `document.querySelector("#result").dataset.holds`)
	return holds, ask[string](t, ctx, `[...document.querySelectorAll("[data-reason]")].filter(e => !e.hidden && !e.parentElement.hidden).map(e => e.dataset.reason).join()`)
}

// TestVerifyInBrowser verifies proofs by the code that is compiled for browsers:
// good ones, ones that were changed, by another key, and a rewritten history.
func TestVerifyInBrowser(t *testing.T) {
	c := aCheck(t)
	s := serve(t, c.home)
	ctx := browser(t)
	quiet(t, ctx, s.base)
	run(t, ctx, chromedp.EmulateViewport(1200, 1500))
	open(t, ctx, s)
	run(t, ctx, chromedp.Navigate(s.base+"/ledger/verify?entry=3"), chromedp.WaitReady("main", chromedp.ByQuery))
	if !ask[bool](t, ctx, `document.querySelector("#verify").dataset.code !== undefined`) {
		if os.Getenv("CI") != "" {
			t.Fatal("built without the code for browsers")
		}
		t.Skip("built without the code for browsers: make module")
	}
	if ask[bool](t, ctx, `performance.getEntriesByType("resource").some(e => e.name.endsWith(".wasm"))`) {
		t.Error("the code is fetched before anybody asks for it")
	}
	proof, key := ask[string](t, ctx, `document.querySelector("#proof").value`), ask[string](t, ctx, `document.querySelector("#key").value`)
	kept := proof[strings.Index(proof, "\n\n")+2:]
	if holds, reason := verified(t, ctx, "proof"); holds != "yes" || reason != "" {
		t.Fatalf("the proof of entry 3: %q, %q: %s", holds, reason, ask[string](t, ctx, `document.querySelector("[data-fact=error]").textContent`))
	}
	if got := ask[string](t, ctx, `document.querySelector("dd[data-fact=entry]").textContent`); got != "3" {
		t.Errorf("entry %q", got)
	}
	if got := ask[float64](t, ctx, `performance.getEntriesByType("resource").filter(e => e.name.endsWith(".wasm")).reduce((n, e) => n + e.encodedBodySize, 0)`); got == 0 || got > 1<<20 {
		t.Errorf("the code weighs %v bytes", got)
	}
	look(t, ctx, "web-verify")
	other := ledgertest.New(t, 30)
	for name, c := range map[string]struct{ key, proof, want string }{
		"another key":        {other.Key, proof, "signature"},
		"another's proof":    {key, string(other.Proof(3)), "signature"},
		"its own":            {other.Key, string(other.Proof(3)), ""},
		"a changed place":    {key, strings.Replace(proof, "index 3", "index 4", 1), "inclusion"},
		"a changed entry":    {key, changed(proof, "extra ", 40), "malformed inclusion"},
		"a changed hash":     {key, changed(proof, "index 3\n", 5), "inclusion"},
		"another's opening":  {other.Key, string(other.ProofWith(3, &other.Opens[4])), "opening"},
		"half":               {key, proof[:len(proof)/2], "malformed"},
		"nothing":            {key, "", "malformed"},
		"no key":             {"key", proof, "key"},
		"what hides in text": {key, "\u202e<script>planted</script>" + proof, "malformed"},
	} {
		put(t, ctx, "key", c.key)
		put(t, ctx, "proof", c.proof)
		holds, reason := verified(t, ctx, "proof")
		if (holds == "yes") != (c.want == "") || !strings.Contains(c.want, reason) {
			t.Errorf("%s: %s, %q", name, holds, reason)
		}
	}
	// History: what was kept, after more was written; and a history of somebody else.
	put(t, ctx, "key", key)
	put(t, ctx, "kept", strings.ReplaceAll(strings.TrimSpace(kept), "\n", "\r\n"))
	if holds, reason := verified(t, ctx, "kept"); holds != "yes" {
		t.Errorf("what was kept: %s, %q", holds, reason)
	}
	accessible(t, ctx, "web-verify, history")
	for name, c := range map[string]struct{ kept, want string }{
		"another ledger": {string(other.Checkpoint()), "signature shorter"},
		"changed":        {changed(kept, "\n", 3), "signature"},
		"more entries":   {string(ledgertest.New(t, 400).Checkpoint()), "shorter"},
		"nothing":        {"", "malformed"},
	} {
		put(t, ctx, "kept", c.kept)
		if holds, reason := verified(t, ctx, "kept"); holds != "no" || !strings.Contains(c.want, reason) {
			t.Errorf("%s: %s, %q", name, holds, reason)
		}
	}
	accessible(t, ctx, "web-verify, refused")
}

// changed changes one letter, so many bytes after a mark: to another letter of
// base64, so that only what it says is wrong.
func changed(s, mark string, n int) string {
	i := strings.Index(s, mark) + len(mark) + n
	b := []byte(s)
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}
