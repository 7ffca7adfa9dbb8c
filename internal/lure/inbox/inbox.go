// Package inbox reads messages out of the files in which people bring them:
// tables, e-mails, chats exported from WhatsApp, texts and screenshots.
//
// Everything is streamed and bounded; what cannot be read costs its own row.
// Start with Open.
package inbox

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/amparo-project/amparo/internal/limit"
	"github.com/amparo-project/amparo/internal/lure"
)

// An Item is one message, with where it stood and who received it.
type Item struct {
	lure.Message
	Device string // who or which phone received it, "" where the file does not say
	Line   int    // where it begins, from 1; 0 where the file has no lines
}

// A Problem is a place that could not be read; what follows was.
type Problem struct {
	Place string
	Err   error
}

func (p *Problem) Error() string { return p.Place + ": " + p.Err.Error() }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// The formats of files.
const (
	Text     = "text"
	CSV      = "csv"
	EML      = "eml"
	WhatsApp = "whatsapp"
	Image    = "image"
)

// An Inbox is an opened file of messages.
type Inbox struct {
	Format string
	// Columns says of a table which column was taken for what, "text: Mensaje".
	Columns []string
	// Read is the text that was recognised in a picture, and Program by what.
	Read, Program string

	messages iter.Seq2[*Item, error]
	close    func() error
}

// Messages yields the messages in their order, once. An error is a *Problem
// and the sequence goes on, or it is the last thing yielded.
func (in *Inbox) Messages() iter.Seq2[*Item, error] { return in.messages }

// Close releases the file.
func (in *Inbox) Close() error {
	if in.close == nil {
		return nil
	}
	return in.close()
}

// Limits in bytes.
const (
	maxTotal = 4 * limit.GiB  // of a table or a chat, streamed
	maxRow   = 16 * limit.MiB // of one row
	maxWhole = 32 * limit.MiB // of what is read at once
)

// Open opens a file and says what it is, by its name's ending and, for .txt,
// by its content.
func Open(ctx context.Context, path string) (*Inbox, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png", ".jpg", ".jpeg":
		return openImage(ctx, path)
	case ".zip":
		return openZip(path)
	default:
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		in, err := open(f, ext)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", filepath.Base(path), err), f.Close())
		}
		in.close = f.Close
		return in, nil
	}
}

func open(r io.Reader, ext string) (*Inbox, error) {
	switch ext {
	case ".csv", ".tsv":
		return openTable(r)
	case ".eml":
		return openMail(r)
	}
	return openText(r)
}

// openZip opens the chat in an export of WhatsApp.
func openZip(path string) (*Inbox, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	for _, f := range z.File {
		name := filepath.Base(f.Name)
		if !strings.EqualFold(filepath.Ext(name), ".txt") || !strings.Contains(strings.ToLower(name), "chat") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", name, err), z.Close())
		}
		in, err := openText(r)
		if err != nil {
			return nil, errors.Join(err, r.Close(), z.Close())
		}
		in.close = func() error { return errors.Join(r.Close(), z.Close()) }
		return in, nil
	}
	return nil, errors.Join(fmt.Errorf("%s: %w: no chat exported from WhatsApp is in it", filepath.Base(path), limit.ErrUnsupported), z.Close())
}
