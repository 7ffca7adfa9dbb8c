package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// passwordVariable names the environment variable that may hold the password
// of a backup. A flag's value would be seen by every user of the machine.
const passwordVariable = "AMPARO_PASSWORD"

// errNoPassword says that a password is needed and nobody can be asked.
var errNoPassword = errors.New("the backup is encrypted and no password was given")

// maxPassword bounds a password file's first line, in bytes.
const maxPassword = 64 << 10

// password returns the function that a source calls when it needs the
// password of the backup at path: from the file, the environment, or a person.
func (a *app) password(file, path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		if file != "" {
			return passwordFrom(file)
		}
		if p, ok := os.LookupEnv(passwordVariable); ok {
			return p, nil
		}
		if a.Ask == nil {
			return "", errNoPassword
		}
		return a.Ask(a.Text("cli.password_prompt", "Path", safe(path)))
	}
}

// passwordFrom reads the first line of a file, without its line end.
func passwordFrom(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("password file: %w", err)
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, maxPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("password file: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
