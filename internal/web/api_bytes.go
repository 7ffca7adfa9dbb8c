package web

import (
	"context"
	"net/http"
	"strconv"

	"github.com/amparo-project/amparo/internal/examine"
)

// bytesBody asks for the bytes of a finding.
type bytesBody struct {
	InFinding
	Body struct {
		Password string `json:"password,omitempty" maxLength:"4096" doc:"of an encrypted backup; kept nowhere"`
		At       *int64 `json:"at,omitempty" minimum:"0" doc:"offset in the file; without it, the place of the finding"`
	}
}

// bytesAnswer is a stretch of a file of the evidence.
type bytesAnswer struct {
	Path     string       `json:"path" doc:"of the file, on the phone"`
	Size     int64        `json:"size" doc:"of the file, decrypted, in bytes"`
	Checked  string       `json:"sha256_checked" doc:"of the stored file, at the check"`
	Now      string       `json:"sha256_now,omitempty" doc:"of the stored file, now; not of a large one"`
	Differs  bool         `json:"differs" doc:"the bytes are not those that the check saw"`
	Offset   int64        `json:"offset" doc:"of the bytes, in the file"`
	Bytes    []byte       `json:"bytes" doc:"those of the place and some around it"`
	Parts    []partAnswer `json:"parts"`
	Versions []rowVersion `json:"versions" doc:"of the row, where there are several"`
}

// partAnswer is one part of the place.
type partAnswer struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset" doc:"in the file"`
	Length int    `json:"length" doc:"in bytes"`
	Value  string `json:"value"`
}

// bytes adds the operation that opens evidence at the place of a finding.
func (a *api) bytes() {
	add(a, ScopeRead, http.MethodPost, "/runs/{run}/findings/{finding}/bytes", "open-bytes", "The bytes of a finding, read from the evidence now",
		func(ctx context.Context, sp *examine.Space, in *bytesBody) (bytesAnswer, error) {
			q := callerOf(ctx).at("run", in.Run, "finding", in.Finding)
			d, whole, run, err := q.bytesData()
			if err != nil {
				return bytesAnswer{}, err
			}
			if d.Private {
				return bytesAnswer{}, invalid{"explain.withheld"}
			}
			at := ""
			if in.Body.At != nil {
				at = strconv.FormatInt(*in.Body.At, 10)
			}
			if err := q.readPlace(&d, whole, run, placeWish{password: in.Body.Password, at: at, program: true}); err != nil {
				return bytesAnswer{}, err
			}
			out := bytesAnswer{
				Path: d.Path, Size: d.Size, Checked: d.Hash.Then, Now: d.Hash.Now, Differs: d.Differs, Offset: d.From, Bytes: d.Bytes,
				Parts: []partAnswer{}, Versions: append([]rowVersion{}, d.Versions...),
			}
			for _, f := range d.Fields {
				out.Parts = append(out.Parts, partAnswer{f.Name, f.Offset, f.Length, f.Value})
			}
			return out, nil
		})
}
