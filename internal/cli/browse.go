package cli

import (
	"context"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// browse opens the link in the user's browser. It goes by way of a file that
// only the user can read: the arguments of a program are seen by all users of
// the machine. The file goes when somebody came in by the link, or when what is
// returned is called. Where no browser can be started that is said.
func (a *app) browse(link string, entered <-chan struct{}) (cleanUp func()) {
	name, err := linkFile(link)
	if err != nil {
		a.noBrowser()
		return func() {}
	}
	remove := sync.OnceFunc(func() { _ = os.RemoveAll(filepath.Dir(name)) })
	open, args := opener(name)
	ctx, cancel := context.WithCancel(a.ctx)
	cmd := exec.CommandContext(ctx, open, args...) //nolint:gosec // one of the three of opener
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if err := cmd.Run(); err != nil && ctx.Err() == nil {
			a.noBrowser()
		}
	})
	waiting.Go(func() {
		select {
		case <-entered:
		case <-ctx.Done():
		}
		remove()
	})
	return func() {
		cancel()
		waiting.Wait()
	}
}

// noBrowser says that the link is to be opened by hand.
func (a *app) noBrowser() { fmt.Fprintln(a.Err, "amparo: "+a.Text("web.serve.no_browser")) }

// opener is what opens a file in the program that the user chose for it.
func opener(name string) (program string, args []string) {
	switch runtime.GOOS {
	case "darwin":
		return "open", []string{name}
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", name}
	}
	return "xdg-open", []string{name}
}

// linkFile writes a page that leads to the link, into a folder of its own. On
// Linux that is in the home folder, where there is one: a browser that is a snap,
// as Ubuntu's is, has another /tmp, and sees nothing whose name begins with a dot.
func linkFile(link string) (name string, err error) {
	parent := ""
	if home, err := os.UserHomeDir(); err == nil && runtime.GOOS == "linux" {
		parent = home
		sweepLinkFiles(home)
	}
	dir, err := os.MkdirTemp(parent, linkFolder+"*") //nolint:forbidigo // the link alone, removed once it is used
	if err != nil && parent != "" {
		dir, err = os.MkdirTemp("", linkFolder+"*") //nolint:forbidigo // as above
	}
	if err != nil {
		return "", err
	}
	name = filepath.Join(dir, "open.html")
	page := `<!DOCTYPE html><meta charset="utf-8"><title>Amparo</title><meta http-equiv="refresh" content="0;url=` + html.EscapeString(link) + `">` +
		`<a href="` + html.EscapeString(link) + `">Amparo</a>`
	return name, writeFile(name, func(w io.Writer) error {
		_, err := io.WriteString(w, page)
		return err
	})
}

// linkFolder begins the names of folders that hold a link.
const linkFolder = "amparo-open-"

// sweepLinkFiles removes what a process that was killed left.
func sweepLinkFiles(home string) {
	old, err := filepath.Glob(filepath.Join(home, linkFolder+"*"))
	if err != nil {
		return
	}
	for _, dir := range old {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(filepath.Join(dir, "open.html"))
			_ = os.Remove(dir) // only where nothing else is in it
		}
	}
}
