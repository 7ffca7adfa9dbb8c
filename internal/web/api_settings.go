package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/amparo-project/amparo/internal/examine"
	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/settings"
	"github.com/amparo-project/amparo/internal/workspace"
)

// errUnseen says that a program changes a file without saying which it read.
var errUnseen = errors.New("neither If-Match nor If-None-Match says which file was read")

// InFile names a file of settings.
type InFile struct {
	File string `path:"file" enum:"feeds.yaml,institutions.yaml,notices.yaml,terms.yaml"`
}

// seenFile is a change of a file that says which one was read.
type seenFile struct {
	InFile
	Match  string `header:"If-Match" maxLength:"100" doc:"the ETag of the file that was read"`
	NoFile string `header:"If-None-Match" maxLength:"100" doc:"*: there was none"`
}

// wish is what the call asks for.
func (in *seenFile) wish() (settings.Wish, error) {
	w := settings.Wish{Far: true}
	switch hash, quoted := strings.CutPrefix(in.Match, `"`); {
	case in.NoFile == "*" && in.Match == "":
		w.Seen = settings.None
	case quoted && in.NoFile == "" && strings.HasSuffix(hash, `"`) && len(hash) > 1:
		w.Seen = strings.TrimSuffix(hash, `"`)
	default:
		return w, errUnseen
	}
	return w, nil
}

func (a *api) settings() {
	add(a, ScopeRead, http.MethodGet, "/settings", "list-settings", "The files of settings that the workspace keeps for all its servers and workers",
		func(ctx context.Context, sp *examine.Space, _ *nothing) ([]workspace.SharedFile, error) {
			return sp.SharedList(ctx)
		})
	hand(a, ScopeRead, http.MethodGet, "/settings/{file}", "get-settings", "One of them as it is, with its ETag", settings.MediaType,
		func(ctx context.Context, sp *examine.Space, in *InFile) (string, func(io.Writer) error, error) {
			data, _, err := sp.Shared(ctx, in.File)
			if err == nil {
				callerOf(ctx).w.Header().Set("ETag", `"`+settings.SHA256(data)+`"`)
			}
			return settings.MediaType, func(w io.Writer) error { _, err := w.Write(data); return err }, err
		})
	receive(a, ScopeManage, http.MethodPut, "/settings/{file}", "keep-settings",
		"Keep a file in place of the one on each machine: If-Match says which was read, If-None-Match: * that there was none. It names no other files and variables of the machines than that",
		settings.MediaType,
		func(ctx context.Context, sp *examine.Space, in *seenFile) (workspace.SharedFile, error) {
			wish, err := in.wish()
			if err != nil {
				return workspace.SharedFile{}, err
			}
			c := callerOf(ctx)
			data, err := limit.ReadAll(http.MaxBytesReader(c.w, c.stream, settings.MaxSize), settings.MaxSize)
			if err != nil {
				return workspace.SharedFile{}, err
			}
			if err := settings.Keep(ctx, sp.Workspace, in.File, data, wish); err != nil {
				return workspace.SharedFile{}, err
			}
			return keptFile(ctx, sp, in.File)
		})
	add(a, ScopeManage, http.MethodDelete, "/settings/{file}", "remove-settings", "Remove a file: each machine goes by its own again. If-Match says which was read",
		func(ctx context.Context, sp *examine.Space, in *seenFile) (nothing, error) {
			wish, err := in.wish()
			if err != nil {
				return nothing{}, err
			}
			return nothing{}, settings.Remove(ctx, sp.Workspace, in.File, wish)
		})
	a.OpenAPI().Paths["/settings/{file}"].Get.Responses["200"].Headers = map[string]*huma.Param{
		"ETag": {Description: "its SHA-256, in quotes: for If-Match", Schema: &huma.Schema{Type: "string"}},
	}
}

// keptFile is a file as the list has it.
func keptFile(ctx context.Context, sp *examine.Space, name string) (workspace.SharedFile, error) {
	list, err := sp.SharedList(ctx)
	if err != nil {
		return workspace.SharedFile{}, err
	}
	i := slices.IndexFunc(list, func(f workspace.SharedFile) bool { return f.Name == name })
	if i < 0 { // removed at this moment
		return workspace.SharedFile{}, fmt.Errorf("%s: %w", name, workspace.ErrNotFound)
	}
	return list[i], nil
}
