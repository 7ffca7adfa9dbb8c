package ios

import (
	"fmt"
	"testing"

	oracle "howett.net/plist"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/artifact/artifacttest"
)

const shortcutsPath = "HomeDomain/Library/Shortcuts/Shortcuts.sqlite"

// shortcutsSchema is that of iOS 16, as far as parsers of others name its
// columns (https://docs.mvt.re/en/latest/ios/records/).
const shortcutsSchema = `
CREATE TABLE ZSHORTCUT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZACTIONCOUNT INTEGER, ZHIDDENFROMLIBRARY INTEGER, ZCREATIONDATE TIMESTAMP, ZLASTRUNEVENTDATE TIMESTAMP, ZMODIFICATIONDATE TIMESTAMP, ZACTIONSDESCRIPTION VARCHAR, ZNAME VARCHAR, ZSOURCE VARCHAR, ZWORKFLOWID VARCHAR);
CREATE TABLE ZSHORTCUTACTIONS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZSHORTCUT INTEGER, ZDATA BLOB);
CREATE TABLE ZTRIGGER (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZENABLED INTEGER, ZSHORTCUT INTEGER, ZTRIGGERID VARCHAR, ZDATA BLOB);
`

func shortcutsSamples(tb testing.TB) []artifacttest.Sample {
	tb.Helper()
	actions, err := oracle.Marshal([]any{
		map[string]any{"WFWorkflowActionIdentifier": "is.workflow.actions.url", "WFWorkflowActionParameters": map[string]any{"WFURLActionURL": "https://lure.example.com/x?a=1"}},
		map[string]any{"WFWorkflowActionIdentifier": "is.workflow.actions.downloadurl", "WFWorkflowActionParameters": map[string]any{
			"Nested": []any{map[string]any{"Text": "see https://second.example.com/y"}}, "Number": 7,
		}},
	}, oracle.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	trigger, err := oracle.Marshal(map[string]any{"url": "https://trigger.example.com/z"}, oracle.BinaryFormat)
	if err != nil {
		tb.Fatal(err)
	}
	return []artifacttest.Sample{
		databaseSample(tb, "ios16", shortcutsPath, shortcutsSchema+fmt.Sprintf(`
INSERT INTO ZSHORTCUT VALUES (1, 1, 1, 2, 0, 700000000, 700000200.5, 700000100, 'URL and 1 other action', 'Abrir enlace', 'ShortcutSourceOnDevice', 'A-1'), (2, 1, 1, 0, 1, NULL, NULL, NULL, NULL, 'Vacío', NULL, NULL);
INSERT INTO ZSHORTCUTACTIONS VALUES (1, 2, 1, 1, x'%x');
INSERT INTO ZTRIGGER VALUES (1, 3, 1, 1, 1, 'T-1', x'%x'), (2, 3, 1, 0, 2, 'T-2', x'00');
`, actions, trigger)),
		withBadValues(databaseSample(tb, "bad", shortcutsPath, shortcutsSchema+`
INSERT INTO ZSHORTCUT VALUES (1, 1, 1, 'x', 0, 'yesterday', x'00', 1e300, x'ff', 7, NULL, x'00');
INSERT INTO ZSHORTCUTACTIONS VALUES (1, 2, 1, 'none', 'no list'), (2, 2, 1, 1, x'62706c6973743030');
`)),
	}
}

func TestShortcuts(t *testing.T) {
	t.Parallel()
	artifacttest.Run(t, shortcuts{}, "testdata/shortcuts", shortcutsSamples(t)...)
}

func FuzzShortcuts(f *testing.F) { artifacttest.Fuzz(f, shortcuts{}, shortcutsSamples(f)...) }

func TestShortcutLinks(t *testing.T) {
	t.Parallel()
	recs, _ := artifacttest.Parse(t, shortcuts{}, shortcutsSamples(t)[0])
	compareObserved(t, recs[0], []artifact.Observable{
		{Type: artifact.URL, Value: "https://lure.example.com/x?a=1", Field: "action_urls"},
		{Type: artifact.URL, Value: "https://second.example.com/y", Field: "action_urls"},
	})
}
