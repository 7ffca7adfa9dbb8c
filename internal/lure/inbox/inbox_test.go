package inbox

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/amparo-project/amparo/internal/limit"
)

// put writes a file and returns its path.
func put(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// drain reads all messages as "sender|name|time|device|text|links".
func drain(t testing.TB, path string) (in *Inbox, got []string, problems int) {
	t.Helper()
	in, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for m, err := range in.Messages() {
		if err != nil {
			problems++
			continue
		}
		at := ""
		if !m.Time.IsZero() {
			at = m.Time.Format("2006-01-02 15:04:05")
		}
		got = append(got, strings.Join([]string{m.Sender, m.SenderName, at, m.Device, m.Text, strings.Join(m.Links, " ")}, "|"))
	}
	return in, got, problems
}

const spanish = "Fecha;Número;Mensaje;Dispositivo\n2016-08-01 10:00:00;+525511112222;\"Murió mi papá;\nver http://x.example/a\";Ana\n;55;;Ana\n01/08/2016 11:00;55;hola;Beto\n"

var spanishWant = []string{
	"+525511112222||2016-08-01 10:00:00|Ana|Murió mi papá;\nver http://x.example/a|http://x.example/a",
	"55||2016-08-01 11:00:00|Beto|hola|",
}

func utf16LE(s string, mark bool) string {
	var b bytes.Buffer
	if mark {
		b.WriteString("\xff\xfe")
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.String()
}

func latin1(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// TestTables reads one table in every way in which people save it.
func TestTables(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"utf8": spanish, "bom": "\ufeff" + spanish, "utf16": utf16LE(spanish, true), "utf16_no_mark": utf16LE(spanish, false),
		"latin1": latin1(spanish), "crlf": strings.ReplaceAll(spanish, "\n", "\r\n"),
		"tabs": strings.NewReplacer(";\n", ";\n", ";", "\t").Replace(spanish),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, got, problems := drain(t, put(t, "m.csv", text))
			if diff := cmp.Diff(spanishWant, got); diff != "" || problems != 0 {
				t.Errorf("%d problems (-want +got):\n%s", problems, diff)
			}
			if diff := cmp.Diff([]string{"text = Mensaje", "sender = Número", "time = Fecha", "device = Dispositivo"}, in.Columns); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTableWithoutHeader(t *testing.T) {
	t.Parallel()
	in, got, _ := drain(t, put(t, "m.csv", "+525511112222,2016-08-01 10:00,Your parcel is held at customs\n+525511112223,2016-08-02 10:00,Hello there my friend\n"))
	if diff := cmp.Diff([]string{"+525511112222||2016-08-01 10:00:00||Your parcel is held at customs|", "+525511112223||2016-08-02 10:00:00||Hello there my friend|"}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"text = 3", "sender = 1", "time = 2"}, in.Columns); diff != "" {
		t.Error(diff)
	}
	if _, err := Open(context.Background(), put(t, "n.csv", "1,2\n3,4\n")); !errors.Is(err, limit.ErrUnsupported) {
		t.Errorf("a table without text: %v", err)
	}
	if _, err := Open(context.Background(), put(t, "e.csv", "")); !errors.Is(err, limit.ErrUnsupported) {
		t.Errorf("an empty table: %v", err)
	}
}

// TestChats has the beginnings of lines as exports of both systems have them,
// in English and Spanish.
func TestChats(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"android_us":     {"12/31/20, 11:59 PM - Messages are encrypted.\n12/31/20, 11:59 PM - Ana: hello\n", "|Ana|2020-12-31 23:59:00||hello|"},
		"android_us_nb":  {"1/2/23, 9:05\u202fAM - Ana: hello\n1/13/23, 9:05\u202fAM - Ana: bye\n", "|Ana|2023-01-02 09:05:00||hello|"},
		"android_es":     {"31/12/20 23:59 - Ana: hola\n", "|Ana|2020-12-31 23:59:00||hola|"},
		"android_es_pm":  {"31/12/2020, 11:59 p.\u00a0m. - Ana: hola\n", "|Ana|2020-12-31 23:59:00||hola|"},
		"android_number": {"2/1/21 0:10 - +52\u00a01\u00a055\u00a01234\u00a05678: hola\n", "+52 1 55 1234 5678||2021-01-02 00:10:00||hola|"},
		"ios_us":         {"[12/31/20, 11:59:58 PM] Ana: hello\n", "|Ana|2020-12-31 23:59:58||hello|"},
		"ios_es":         {"\u200e[31/12/20 23:59:58] Ana López: hola\nsegunda línea\n", "|Ana López|2020-12-31 23:59:58||hola\nsegunda línea|"},
		"ios_es_pm":      {"[31/12/20, 11:59:58\u202fp.\u00a0m.] ~\u202fAna: hola\n", "|Ana|2020-12-31 23:59:58||hola|"},
		"iso":            {"[2020-12-31, 23:59:58] Ana: hola\n", "|Ana|2020-12-31 23:59:58||hola|"},
		"dots":           {"31.12.20, 23:59 - Ana: hola\n", "|Ana|2020-12-31 23:59:00||hola|"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, got, _ := drain(t, put(t, "WhatsApp Chat.txt", tt.text))
			if in.Format != WhatsApp || len(got) == 0 || got[0] != tt.want {
				t.Errorf("%s: got %q, want %q", in.Format, got, tt.want)
			}
		})
	}
}

func TestZippedChat(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"photo.txt": "x", "_chat.txt": "[31/12/20 23:59:58] Ana: hola\n"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, got, _ := drain(t, put(t, "export.zip", b.String())); len(got) != 1 || !strings.Contains(got[0], "hola") {
		t.Errorf("got %q", got)
	}
	if _, err := Open(context.Background(), put(t, "broken.zip", "PK\x03\x04")); err == nil {
		t.Error("a broken archive was opened")
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	in, got, _ := drain(t, put(t, "m.txt", "  Murió mi papá\nhttp://x.example\n"))
	if in.Format != Text || len(got) != 1 || got[0] != "||||Murió mi papá\nhttp://x.example|" {
		t.Errorf("%s %q", in.Format, got)
	}
}

const letter = "From: =?UTF-8?Q?Embajada_de_M=C3=A9xico?= <visas@example.net>\r\nTo: ana@example.org\r\nDate: Mon, 01 Aug 2016 10:00:00 +0200\r\n" +
	"Subject: =?ISO-8859-1?Q?Su_visa_tiene_un_problema=2C_acci=F3n?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDetalles aqu=ED: http://a.example/1\r\n" +
	"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n"

func TestMail(t *testing.T) {
	t.Parallel()
	page := base64.StdEncoding.EncodeToString([]byte(`<html><script>var x="http://no.example"</script><a href="https://b.example/2">banco.mx</a></html>`))
	_, got, problems := drain(t, put(t, "m.eml", fmt.Sprintf(letter, page)))
	want := "visas@example.net|Embajada de México|2016-08-01 08:00:00|ana@example.org|Su visa tiene un problema, acción\nDetalles aquí: http://a.example/1|https://b.example/2 http://a.example/1"
	if len(got) != 1 || got[0] != want || problems != 0 {
		t.Errorf("%d problems\n got %q\nwant %q", problems, got, want)
	}
}

// TestHostile has what would take time or memory without end.
func TestHostile(t *testing.T) {
	t.Parallel()
	nested := strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 2000)
	for name, text := range map[string]string{
		"nested.eml":   "From: a@b.example\r\n" + nested,
		"parts.eml":    "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 5000),
		"boundary.eml": "From: a@b.example\r\nContent-Type: multipart/mixed\r\n\r\nx",
		"base64.eml":   "From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
		"quote.csv":    "text,sender\n\"" + strings.Repeat("a\n", maxRow),
		"columns.csv":  "text" + strings.Repeat(",", 1<<20) + "\nhello" + strings.Repeat(",", 1<<20),
		"lines.txt":    "31/12/20 23:59 - Ana: hola\n" + strings.Repeat("x\n", 4<<20),
		"chat.txt":     "31/12/20 23:59 - Ana: hola\n" + strings.Repeat("x", 2*maxRow) + "\n31/12/20 23:59 - Ana: fin\n",
	} {
		started := time.Now()
		in, err := Open(context.Background(), put(t, name, text))
		if err != nil {
			continue
		}
		for m, err := range in.Messages() {
			if err == nil && len(m.Text) > 2*maxWhole {
				t.Errorf("%s: a text of %d bytes", name, len(m.Text))
			}
		}
		in.Close()
		if took := time.Since(started); took > time.Minute {
			t.Errorf("%s took %s", name, took)
		}
	}
	if _, err := Open(context.Background(), put(t, "m.eml", "no header")); !errors.Is(err, limit.ErrCorrupt) {
		t.Errorf("no e-mail: %v", err)
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	if _, err := Open(context.Background(), put(t, "a.png", "no picture")); !errors.Is(err, limit.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	img := image.NewGray(image.Rect(0, 0, 64, 32))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: 255}.Y
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	in, err := Open(context.Background(), put(t, "a.png", b.String()))
	if errors.Is(err, ErrNoRecogniser) {
		t.Skip(err)
	}
	if err != nil || in.Format != Image || in.Read != "" {
		t.Errorf("an empty picture: %+v, %v", in, err)
	}
	if got := joinLinks("Ver http://x.example/\n1234567s/\notra línea aquí"); got != "Ver http://x.example/1234567s/\notra línea aquí" {
		t.Errorf("got %q", got)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(".csv", spanish)
	f.Add(".csv", utf16LE(spanish, true))
	f.Add(".eml", letter)
	f.Add(".txt", "[31/12/20, 11:59:58\u202fp.\u00a0m.] ~\u202fAna: hola\n")
	f.Fuzz(func(t *testing.T, ext, text string) {
		in, err := open(strings.NewReader(text), ext)
		if err != nil {
			return
		}
		for range in.Messages() {
		}
	})
}

func BenchmarkTable(b *testing.B) {
	text := "time;sender;text\n" + strings.Repeat("2016-08-01 10:00:00;+525511112222;Buenos días, nos vemos mañana en la oficina a las diez\n", 10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		in, err := openTable(strings.NewReader(text))
		if err != nil {
			b.Fatal(err)
		}
		for range in.Messages() {
		}
	}
}
