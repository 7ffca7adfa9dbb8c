package ios

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/amparo-project/amparo/internal/artifact"
	"github.com/amparo-project/amparo/internal/limit"
)

// activationRequestName is the file of the request.
const activationRequestName = "collection_oob_request.txt"

// An activationRequest reads what the phone sent to be activated: lines of
// headers, and one "BODY: {…}" with JSON.
type activationRequest struct{ found bool }

// activationBody is the body of the request, as far as it is of use.
type activationBody struct {
	Serial  any `json:"serial-number"`
	Type    any `json:"productType"`
	Name    any `json:"productName"`
	IMEI    any `json:"imei"`
	MEID    any `json:"meid"`
	Version any `json:"os-version"`
	Build   any `json:"os-build"`
	UDID    any `json:"udid"`
}

func (a *activationRequest) line(r *lineReading) error {
	_, text, ok := strings.Cut(string(r.Line), "BODY:")
	if !ok || a.found {
		return nil
	}
	a.found = true
	var body activationBody
	// What follows the object in its line is not the phone's.
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&body); err != nil {
		return r.Problem(fmt.Errorf("%w: the body is no JSON object", limit.ErrCorrupt))
	}
	rec := r.Start("device")
	for _, f := range []struct {
		field string
		value any
	}{
		{"serial_number", body.Serial},
		{"product_type", body.Type},
		{"product_name", body.Name},
		{"imei", body.IMEI},
		{"meid", body.MEID},
		{"os_version", body.Version},
		{"build", body.Build},
		{"udid", body.UDID},
	} {
		rec.Set(f.field, artifact.TextOrNull(jsonText(f.value)))
	}
	rec.Summary = func(b []byte) []byte {
		return appendSummary(b, "asked to be activated: ", rec.Text("product_type"), " ", rec.Text("build"))
	}
	return r.Give()
}

func (a *activationRequest) last(r *lineReading) error {
	if !a.found && r.Number > 0 {
		return fmt.Errorf("read %s: %w: no body of a request", r.In.Path, limit.ErrCorrupt)
	}
	return nil
}
