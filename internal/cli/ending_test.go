package cli

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amparo-project/amparo/internal/account/notice/smtptest"
	"github.com/amparo-project/amparo/internal/testevidence"
	"github.com/amparo-project/amparo/internal/vault"
	"github.com/amparo-project/amparo/internal/workspace/postgres/postgrestest"
)

// onEach runs a test with a workspace of its own on each database: a folder, and
// PostgreSQL where there is one. heron is a person of its case who consents.
func onEach(t *testing.T, test func(t *testing.T, dir, caseID string)) {
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("AMPARO_HOME", dir)
			t.Setenv("AMPARO_PASSPHRASE", "a long passphrase")
			if name == "postgres" {
				t.Setenv(workspaceVariable, postgrestest.Database(t))
			}
			run1(t, 0, "workspace", "init", "--name", "ana")
			c := firstLine(run1(t, 0, "case", "create", "a case"))
			for name, text := range map[string]string{"heron.json": `{"reach": ["mailto:heron@example.net"]}`, "name.txt": "heron", "form.pdf": "a form"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			run1(t, 0, "person", "add", c, "--pseudonym", "heron", "--private", filepath.Join(dir, "heron.json"))
			run1(t, 0, "consent", "add", c, "heron", "--purpose", "analysis", "--until", "2099-12-31", "--given-by", filepath.Join(dir, "name.txt"),
				"--form", filepath.Join(dir, "form.pdf"), "--share", "evidence:court")
			test(t, dir, c)
		})
	}
}

func firstLine(s string) string { line, _, _ := strings.Cut(s, "\n"); return line }

// TestWorkerEnds tells a worker to end while it sends a mail: it is not ready any
// more, brings that to its end or gives the job back, and ends with 0; another
// does the rest, and the mail goes out once.
func TestWorkerEnds(t *testing.T) {
	onEach(t, func(t *testing.T, dir, c string) {
		taken, release := make(chan struct{}, 8), make(chan struct{})
		s, err := smtptest.Start(smtptest.Options{Fault: smtptest.Works, Dir: dir, Took: func() { taken <- struct{}{}; <-release }})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		config := fmt.Sprintf("from: help@example.org\nhelpline: {name: H, reach: {en: x}}\nsmtp: {host: 127.0.0.1, port: %d, ca_file: %s, timeout: 60s}\n", s.Port, s.CA)
		if err := os.WriteFile(filepath.Join(dir, "notices.yaml"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if os.Getenv(workspaceVariable) != "" {
			run1(t, 0, "workspace", "file", "set", "notices.yaml", filepath.Join(dir, "notices.yaml"))
		}
		run1(t, 0, "notice", "ask", c, "heron", "--channel", "mail", "--since", "2017-01-01")
		subject := filepath.Join(dir, "subject")
		if err := os.WriteFile(subject, []byte("contracts"), 0o600); err != nil {
			t.Fatal(err)
		}
		for round, patience := range []string{"60s", "0s"} {
			run1(t, 0, "request", "add", c, "--kind", "access", "--authority", "PGR", "--country", "mx", "--sent", fmt.Sprintf("2017-06-2%d", round), "--subject", subject, "--source", "x")
			var list []struct{ ID string }
			if err := json.Unmarshal([]byte(run1(t, 0, "notice", "due", c, "--json")), &list); err != nil || len(list) != 1 {
				t.Fatal(err, list)
			}
			run1(t, 0, "notice", "approve", list[0].ID)
			job := firstLine(run1(t, 0, "job", "add", "notice", c))
			w := begin(t, "worker", "--patience", patience, "--ops-addr", "127.0.0.1:0")
			<-taken
			if got := w.ready(); got != http.StatusOK {
				t.Errorf("it works, and says %d", got)
			}
			w.end()
			if got := w.ready(); got != http.StatusServiceUnavailable {
				t.Errorf("told to end, it says %d", got)
			}
			release <- struct{}{}
			w.ended(0)
			next := begin(t, "worker")
			run1(t, 0, "job", "wait", job, "--timeout", "60s")
			next.end()
			next.ended(0)
			if n := len(s.Messages()); n != round+1 {
				t.Errorf("with a patience of %s: %d mails", patience, n)
			}
		}
	})
}

// served is a server with a token for its API.
type served struct {
	*command
	base, token string
}

// serveHere starts a server; token "" makes one, as its member does in a browser.
func serveHere(t *testing.T, token, patience string) *served {
	t.Helper()
	s := &served{command: begin(t, "serve", "--no-open", "--addr", "127.0.0.1:0", "--patience", patience), token: token}
	link := regexp.MustCompile(`http://\S+/enter/\S+`)
	s.until("it serves", func() bool { return link.MatchString(s.out.String()) })
	u, err := url.Parse(link.FindString(s.out.String()))
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + u.Host
	if token != "" {
		return s
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	for _, form := range []struct {
		at   string
		what url.Values
	}{
		{u.Path, nil},
		{"/unlock", url.Values{"passphrase": {"a long passphrase"}}},
		{"/tokens", url.Values{"name": {"test"}, "days": {"1"}, "scope": {"read", "intake", "export"}}},
	} {
		method := http.MethodPost
		if form.what == nil {
			method = http.MethodGet
		}
		r, err := http.NewRequestWithContext(t.Context(), method, s.base+form.at, strings.NewReader(form.what.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(res.Body)
		if res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v", form.at, res.StatusCode, err)
		}
		s.token = regexp.MustCompile(`amparo_[\w-]{43}`).FindString(string(page))
	}
	return s
}

// call calls the API. The caller closes the body.
func (s *served) call(method, at string, body io.Reader, head map[string]string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+"/api/v1"+at, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	for k, v := range head {
		r.Header.Set(k, v)
	}
	return http.DefaultClient.Do(r)
}

// asks is call with an answer that is read whole.
func (s *served) asks(method, at string, body io.Reader, head map[string]string, into any) {
	s.t.Helper()
	res, err := s.call(method, at, body, head)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 == 2 {
		err = json.Unmarshal(text, into)
	}
	if err != nil || res.StatusCode/100 != 2 {
		s.t.Fatalf("%s %s: %d %v: %s", method, at, res.StatusCode, err, text)
	}
}

// TestUploadPastTheEnd tells a server to end in the middle of a part, whose
// sender then says nothing more: what is whole of it is stored, and the upload
// goes on at another server. The file is the same.
func TestUploadPastTheEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("it moves some 160 MiB")
	}
	onEach(t, func(t *testing.T, _, c string) {
		device := firstLine(run1(t, 0, "device", "add", c, "heron", "phone"))
		data := make([]byte, 2*vault.SegmentSize+1<<20)
		_, _ = rand.Read(data[:1<<20]) // never fails
		part := func(from, to int) (io.Reader, map[string]string) {
			return bytes.NewReader(data[from:to]), map[string]string{"Content-Type": "application/offset+octet-stream", "Upload-Offset": fmt.Sprint(from)}
		}
		first := serveHere(t, "", "1s")
		var up struct{ Evidence string }
		first.asks(http.MethodPost, "/cases/"+c+"/uploads", strings.NewReader(fmt.Sprintf(`{"device":%q,"name":"phone.bin","files":1,"bytes":%d}`, device, len(data))),
			map[string]string{"Content-Type": "application/json"}, &up)
		at := fmt.Sprintf("/uploads/%s?path=phone.bin&size=%d", up.Evidence, len(data))
		var f struct {
			Offset int
			SHA256 string
		}
		// One segment and a half are sent; then the server is told to end, and the
		// sender is silent until the server has ended.
		body, head := part(0, 3*vault.SegmentSize/2)
		silent, given := make(chan struct{}), make(chan struct{})
		go func() { // a client waits for what it sends, also where nobody takes it any more
			defer close(given)
			res, err := first.call(http.MethodPatch, at, io.MultiReader(body, readerFunc(func([]byte) (int, error) {
				first.end()
				<-silent
				return 0, io.ErrUnexpectedEOF
			})), head)
			if err == nil {
				res.Body.Close()
			}
		}()
		first.ended(0)
		close(silent)
		<-given

		second := serveHere(t, first.token, "60s")
		var state struct{ Files []struct{ Offset int } }
		second.asks(http.MethodGet, "/uploads/"+up.Evidence, nil, nil, &state)
		if len(state.Files) != 1 || state.Files[0].Offset != vault.SegmentSize {
			t.Fatalf("after the end of the server: %+v", state)
		}
		body, head = part(state.Files[0].Offset, len(data))
		second.asks(http.MethodPatch, at, body, head, &f)
		if sum := sha256.Sum256(data); f.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("the hash is %s", f.SHA256)
		}
		second.end()
		second.ended(0)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestFetchPastTheEnd tells a server to end while somebody fetches an exhibit:
// they get all of it, and then the server ends.
func TestFetchPastTheEnd(t *testing.T) {
	onEach(t, func(t *testing.T, dir, c string) {
		device := firstLine(run1(t, 0, "device", "add", c, "heron", "phone"))
		backup := filepath.Join(dir, "backup")
		if _, err := testevidence.WriteIOSBackup(backup, testevidence.Options{Messages: 100}); err != nil {
			t.Fatal(err)
		}
		large := make([]byte, 8<<20) // more than what lies in the buffers of a connection
		_, _ = rand.Read(large)      // never fails
		if err := os.WriteFile(filepath.Join(backup, "large"), large, 0o600); err != nil {
			t.Fatal(err)
		}
		lines := strings.Fields(run1(t, 0, "evidence", "add", c, device, backup))
		evidence := lines[0]
		job := firstLine(run1(t, 0, "job", "add", "export", c, "--subject", evidence, "--for", "court", "--amount", "all", "--report", "json"))
		w := begin(t, "worker", "--kinds", "export")
		run1(t, 0, "job", "wait", job, "--timeout", "60s")
		w.end()
		w.ended(0)

		s := serveHere(t, "", "60s")
		res, err := s.call(http.MethodGet, "/jobs/"+job+"/result", nil, nil)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(err, res)
		}
		defer res.Body.Close()
		var got bytes.Buffer
		if _, err := io.CopyN(&got, res.Body, 1<<10); err != nil {
			t.Fatal(err)
		}
		s.end()
		if _, err := io.Copy(&got, res.Body); err != nil || got.Len() < len(large) {
			t.Fatalf("after %d bytes: %v", got.Len(), err)
		}
		if _, err := zip.NewReader(bytes.NewReader(got.Bytes()), int64(got.Len())); err != nil {
			t.Errorf("what was fetched is not whole: %v", err)
		}
		s.ended(0)
	})
}
