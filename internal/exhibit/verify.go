package exhibit

import (
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"github.com/amparo-project/amparo/internal/message"
	"github.com/amparo-project/amparo/internal/workspace"
)

// verification is what VERIFY.md has to speak of.
type verification struct {
	proofs, stamps int
	cosigned       bool
	rows           []row
}

// instructions writes VERIFY.md, or VERIFICAR.md: how to check the bag with
// common programs. Each step is a sentence of the catalogue and a block of
// shell commands, which a test runs.
func (k *maker) instructions(v *verification) error {
	names := map[string]string{"en": "VERIFY.md", "es": "VERIFICAR.md"}
	for _, lang := range k.r.Languages {
		d := &document{Printer: message.New(lang)}
		d.text("export.verify.intro", "Subject", k.r.Subject, "ID", k.m.ID, "Recipient", k.r.Recipient, "File", names[lang])
		d.step("export.verify.bag", bagCommands)
		if v.proofs > 0 {
			d.step("export.verify.lists", k.listCommands())
			d.step("export.verify.key", keyCommands)
			d.step("export.verify.ledger", ledgerCommands)
			d.step("export.verify.custody", k.custodyCommands())
		}
		if v.stamps > 0 {
			d.step("export.verify.timestamps", stampCommands)
		}
		if v.cosigned {
			d.step("export.verify.witnesses", witnessCommands)
		}
		if len(v.rows) > 0 {
			d.step("export.verify.rows", rowCommands(v.rows))
		}
		d.step("export.verify.end", endCommands)
		d.text("export.verify.limits", "Key", k.s.Info().Key)
		if err := k.out.PutBytes(names[lang], []byte(d.b.String())); err != nil {
			return err
		}
	}
	return nil
}

type document struct {
	*message.Printer
	b strings.Builder
	n int
}

func (d *document) text(id string, args ...any) { d.b.WriteString(d.Text(id, args...) + "\n\n") }

func (d *document) step(id, commands string) {
	d.n++
	fmt.Fprintf(&d.b, "## %d. ", d.n)
	d.text(id)
	d.b.WriteString("```sh\n" + strings.TrimSpace(commands) + "\n```\n\n")
}

// The commands are POSIX sh with GNU coreutils, OpenSSL 3 and sqlite3. They
// write to a new temporary folder alone, and note there what does not hold.

const bagCommands = `
T=$(mktemp -d)
wrong() { echo "WRONG: $*"; echo "$*" >> "$T/wrong"; }
sha256sum --strict --quiet -c tagmanifest-sha256.txt || wrong 'tag files'
grep -v -e '%0[AD]' manifest-sha256.txt | sed 's/%25/%/g' | sha256sum --strict --quiet -c - || wrong 'payload'
test "$(find data -type f -exec printf 'x\n' ';' | wc -l)" = "$(wc -l < manifest-sha256.txt)" || wrong 'files that are not listed'
`

const keyCommands = `
KEY=$(cat ledger/ledger.vkey); NAME=${KEY%%+*}
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; printf %s "${KEY#*+*+}" | base64 -d | tail -c 32; } > "$T/key.der"
openssl pkey -pubin -inform DER -in "$T/key.der" -text -noout
`

const ledgerCommands = `
signed() { # a checkpoint: is it signed by the ledger?
  sed '/^$/,$d' "$1" > "$T/text"
  grep -F -e "— $NAME " "$1" | tail -n 1 | cut -d ' ' -f 3 | base64 -d | tail -c 64 > "$T/sig"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$T/key.der" -rawin -in "$T/text" -sigfile "$T/sig" > "$T/out" 2>&1 || wrong "signature of $1"
}
proof() { # the proof of one act
  sed -n 's/^extra //p' "$1" | base64 -d > "$T/extra"
  sqlite3 :memory: "select writefile('$T/entry', json_extract(x, '\$.entry')), writefile('$T/salt', json_extract(x, '\$.opening.salt')),
    writefile('$T/detail', json_extract(x, '\$.opening.detail')) from (select cast(readfile('$T/extra') as text) x)" > "$T/out"
  # the detail is what the entry committed to
  SUM=$({ printf 'amparo-ledger-opening/v1\n'; base64 -d "$T/salt"; cat "$T/detail"; } | sha256sum | cut -c 1-64)
  test "$SUM" = "$(sed -n 4p "$T/entry")" || wrong "detail in $1"
  # the entry leads to the root that the checkpoint signs: RFC 9162, 2.1.3.2
  sed '1,/^$/d' "$1" > "$T/checkpoint"
  signed "$T/checkpoint"
  I=$(sed -n 's/^index //p' "$1"); N=$(($(sed -n 2p "$T/checkpoint") - 1))
  { printf '\000'; cat "$T/entry"; } | openssl dgst -sha256 -binary > "$T/hash"
  for H in $(sed -n '/^index /,/^$/p' "$1" | sed '1d;/^$/d'); do
    printf %s "$H" | base64 -d > "$T/other"
    if [ $((I % 2)) = 1 ] || [ "$I" = "$N" ]; then
      { printf '\001'; cat "$T/other" "$T/hash"; } | openssl dgst -sha256 -binary > "$T/next"
      while [ $((I % 2)) = 0 ] && [ "$I" != 0 ]; do I=$((I / 2)); N=$((N / 2)); done
    else
      { printf '\001'; cat "$T/hash" "$T/other"; } | openssl dgst -sha256 -binary > "$T/next"
    fi
    mv "$T/next" "$T/hash"; I=$((I / 2)); N=$((N / 2))
  done
  test "$(base64 "$T/hash")" = "$(sed -n 3p "$T/checkpoint")" && [ "$N" = 0 ] || wrong "way to the root in $1"
  sed -n '2,3p' "$T/entry" | tr '\n' ' '; cat "$T/detail"; echo
}
for P in ledger/proofs/*.proof; do proof "$P"; done | tee "$T/acts"
`

const stampCommands = `
for S in ledger/timestamps/*.tsr; do
  C=${S##*/}; C=ledger/checkpoints/${C%%-*}
  signed "$C"
  openssl ts -verify -data "$T/text" -in "$S" -CAfile "${S%.tsr}.roots.pem" > "$T/out" 2>&1 || wrong "timestamp $S"
  openssl ts -reply -in "$S" -text 2> "$T/out" | grep '^Time stamp:'
done
`

const witnessCommands = `
for C in ledger/checkpoints/*; do
  while IFS= read -r W; do
    WITNESS=${W%%+*}
    grep -F -e "— $WITNESS " "$C" | cut -d ' ' -f 3 | base64 -d > "$T/line"
    test -s "$T/line" || continue
    { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; printf %s "${W#*+*+}" | base64 -d | tail -c 32; } > "$T/witness.der"
    SINCE=$((0x$(od -A n -t x1 -j 4 -N 8 "$T/line" | tr -d ' \n')))
    { printf 'cosignature/v1\ntime %d\n' "$SINCE"; sed '/^$/,$d' "$C"; } > "$T/text"
    tail -c 64 "$T/line" > "$T/sig"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$T/witness.der" -rawin -in "$T/text" -sigfile "$T/sig" > "$T/out" 2>&1 ||
      wrong "cosignature of $WITNESS under $C"
    echo "$C: $WITNESS, $(date -u -d "@$SINCE" +%Y-%m-%dT%H:%M:%SZ)"
  done < ledger/witnesses.vkeys
done
`

const endCommands = `
if [ -e "$T/wrong" ]; then cat "$T/wrong"; echo 'NOT ALL OF IT HOLDS'; else echo; echo 'ALL OF IT HOLDS'; fi
rm -r "$T"
`

// listCommands check the lists of files: the files that are here, by name.
func (k *maker) listCommands() string {
	var b strings.Builder
	for i := range k.plan.parts {
		p := &k.plan.parts[i]
		if p.Most >= workspace.ShareEvidence && k.r.Evidence != None {
			b.WriteString(listCommand("data/evidence/" + p.id()))
		}
		if p.Most >= workspace.ShareFindings && k.plan.finding == "" {
			for j := range p.runs {
				b.WriteString(listCommand("data/runs/" + p.runs[j].ID))
			}
		}
	}
	if b.Len() == 0 {
		return ":"
	}
	return b.String()
}

// listCommand holds the files of a folder to their list. A list may name files
// that were left out.
func listCommand(dir string) string {
	return fmt.Sprintf("if [ -d %[1]s ]; then (cd %[1]s && sha256sum --strict --quiet --ignore-missing -c ../%[2]s.sha256) || wrong %[1]s; fi\n", dir, path.Base(dir))
}

// custodyCommands hold each list to the hash that the ledger has of it.
func (k *maker) custodyCommands() string {
	var b strings.Builder
	told := func(file, id, field string) {
		fmt.Fprintf(&b, "grep -e '\"%s\"' \"$T/acts\" | grep -q -F -e \"\\\"%s\\\":\\\"$(sha256sum < %s | cut -c 1-64)\\\"\" || wrong '%s'\n", id, field, file, file)
	}
	for i := range k.plan.parts {
		p := &k.plan.parts[i]
		if p.Most >= workspace.ShareEvidence && k.r.Evidence != None {
			told("data/evidence/"+p.id()+".sha256", p.id(), "manifest_sha256")
		}
		if p.Most >= workspace.ShareFindings && k.plan.finding == "" {
			for j := range p.runs {
				told("data/runs/"+p.runs[j].ID+".sha256", p.runs[j].ID, "result_sha256")
			}
		}
	}
	told("manifest-sha256.txt", k.m.ID, "sha256")
	return b.String()
}

// rowCommands walk findings to their bytes.
func rowCommands(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		file := shellQuote(r.File)
		fmt.Fprintf(&b, "# %s\n", r.Finding)
		fmt.Fprintf(&b, "test \"$(tail -c +%d %s | head -c %d | od -A n -v -t x1 | tr -d ' \\n')\" = %s || wrong %s\n",
			r.Offset+1, file, len(r.Bytes), hex.EncodeToString(r.Bytes), r.Finding)
		if r.Table != "" {
			query := fmt.Sprintf(`select * from "%s" where rowid = %d`, strings.ReplaceAll(r.Table, `"`, `""`), r.RowID)
			uri := "file:" + uriEscaper.Replace(r.File) + "?immutable=1"
			fmt.Fprintf(&b, "sqlite3 -line %s %s > \"$T/row\" && test -s \"$T/row\" && tr -d '\\000-\\010\\013-\\037\\177' < \"$T/row\" | grep -v ' = $' || wrong 'row of %s'\n", shellQuote(uri), shellQuote(query), r.Finding)
		}
	}
	return b.String()
}

var uriEscaper = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23")

// shellQuote makes one word for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
