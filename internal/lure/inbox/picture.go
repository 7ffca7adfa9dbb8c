package inbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the formats of screenshots
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/amparo-project/amparo/internal/limit"
)

// ErrNoRecogniser says that tesseract, which reads pictures, is not installed.
var ErrNoRecogniser = errors.New("reading pictures needs the program tesseract, which is not installed")

// Limits of a picture.
const (
	maxPicture = 64 * limit.MiB
	maxPixels  = 60_000_000
	maxReading = 2 * time.Minute
)

// openImage has tesseract read a screenshot. Its text is one message, without
// sender and time.
func openImage(ctx context.Context, path string) (*Inbox, error) {
	if err := checkPicture(path); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	program, err := exec.LookPath("tesseract")
	if err != nil {
		return nil, ErrNoRecogniser
	}
	full, err := filepath.Abs(path) // a name that begins with "-" is no option
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxReading)
	defer cancel()
	read, err := run(ctx, program, full, "stdout", "-l", languages(ctx, program), "--psm", "6")
	if err != nil {
		return nil, fmt.Errorf("%s: tesseract: %w", filepath.Base(path), err)
	}
	read = joinLinks(strings.TrimSpace(read))
	var item Item
	item.Text = read
	return &Inbox{Format: Image, Read: read, Program: "tesseract", messages: func(yield func(*Item, error) bool) {
		if read != "" {
			yield(&item, nil)
		}
	}}, nil
}

// checkPicture refuses what would take too much memory to read.
func checkPicture(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > maxPicture {
		return fmt.Errorf("%w: more than %d bytes", limit.ErrLimit, maxPicture)
	}
	c, _, err := image.DecodeConfig(f)
	if err != nil {
		return fmt.Errorf("%w: %w", limit.ErrCorrupt, err)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height {
		return fmt.Errorf("%w: %d by %d pixels", limit.ErrLimit, c.Width, c.Height)
	}
	return nil
}

// languages are those of Spanish and English that are installed.
func languages(ctx context.Context, program string) string {
	list, err := run(ctx, program, "--list-langs")
	if err != nil {
		return "eng"
	}
	have := strings.Fields(list)
	var use []string
	for _, lang := range []string{"spa", "eng"} {
		if slices.Contains(have, lang) {
			use = append(use, lang)
		}
	}
	if len(use) == 0 {
		return "eng"
	}
	return strings.Join(use, "+")
}

// run runs tesseract on one core and returns what it wrote, bounded.
func run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the program that the path names, on a file that the user names
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	var out, errs bounded
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(errs.String()), "\n")
		return "", fmt.Errorf("%w: %s", err, first)
	}
	return strings.ToValidUTF8(out.String(), "\ufffd"), nil
}

// bounded keeps the first MiB of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := limit.MiB - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// joinLinks joins a link that the width of the screen broke: a line that
// begins a link and ends in the middle of it goes on in the next.
func joinLinks(s string) string {
	lines := strings.Split(s, "\n")
	for i := 0; i+1 < len(lines); i++ {
		last := lines[i][strings.LastIndexByte(lines[i], ' ')+1:]
		next := strings.TrimSpace(lines[i+1])
		if strings.Contains(last, "://") && strings.HasSuffix(last, "/") && next != "" && !strings.Contains(next, " ") && !strings.Contains(next, "://") {
			lines[i] += next
			lines = slices.Delete(lines, i+1, i+2)
		}
	}
	return strings.Join(lines, "\n")
}
