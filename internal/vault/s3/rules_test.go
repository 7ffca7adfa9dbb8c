package s3_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/vault/s3"
)

// TestRules reads the lifecycle of a bucket in the words of
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html.
// The server of the other tests knows none.
func TestRules(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	const ours, month = "<Filter><Prefix>lab/</Prefix></Filter>", "<Expiration><Days>30</Days></Expiration>"
	rule := func(id, status, rest string) string {
		return "<Rule><ID>" + id + "</ID><Status>" + status + "</Status>" + rest + "</Rule>"
	}
	ends := func(days int) string {
		return fmt.Sprintf("<AbortIncompleteMultipartUpload><DaysAfterInitiation>%d</DaysAfterInitiation></AbortIncompleteMultipartUpload>", days)
	}
	for name, c := range map[string]struct {
		code int
		text string
		want s3.Rules
	}{
		"none":       {http.StatusNotFound, "NoSuchLifecycleConfiguration", s3.Rules{Known: true}},
		"unknown":    {http.StatusNotImplemented, "NotImplemented", s3.Rules{}},
		"not told":   {http.StatusForbidden, "AccessDenied", s3.Rules{}},
		"strange":    {http.StatusBadRequest, "InvalidRequest", s3.Rules{}},
		"switched":   {200, rule("r", "Disabled", ours+month), s3.Rules{Known: true}},
		"elsewhere":  {200, rule("r", "Enabled", "<Filter><Prefix>logs/</Prefix></Filter>"+month), s3.Rules{Known: true}},
		"old form":   {200, rule("r", "Enabled", "<Prefix>lab/segments/</Prefix>"+month), s3.Rules{Known: true, Removes: []string{"r"}}},
		"on a day":   {200, rule("r", "Enabled", ours+"<Expiration><Date>2027-01-01T00:00:00Z</Date></Expiration>"), s3.Rules{Known: true, Removes: []string{"r"}}},
		"below ours": {200, rule("r", "Enabled", "<Filter><And><Prefix>lab/segments/ab</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>"+month), s3.Rules{Known: true, Removes: []string{"r"}}},
		"archive": {
			200, rule("cold", "Enabled", "<Filter></Filter><Transition><Days>90</Days><StorageClass>GLACIER</StorageClass></Transition>"),
			s3.Rules{Known: true, Moves: []string{"cold"}},
		},
		"as it should be": {
			200, rule("a", "Enabled", "<Filter></Filter>"+ends(7)) + rule("b", "Enabled", ours+ends(2)+
				"<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>"),
			s3.Rules{Known: true, EndsUploads: 48 * time.Hour},
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				switch {
				case q.Has("location"):
					fmt.Fprint(w, `<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></LocationConstraint>`)
				case q.Has("lifecycle") && c.code == 200:
					fmt.Fprintf(w, `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</LifecycleConfiguration>`, c.text)
				case q.Has("lifecycle"):
					w.WriteHeader(c.code)
					fmt.Fprintf(w, `<Error><Code>%s</Code><Message>m</Message></Error>`, c.text)
				}
			}))
			defer srv.Close()
			p, err := s3.ParsePlace("s3://bucket/lab?region=us-east-1&endpoint=" + srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			b, err := s3.Open(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			got, err := b.Rules(t.Context())
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}
