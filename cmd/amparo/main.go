// Amparo finds traces of mercenary spyware in phone evidence.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/amparo-project/amparo/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], cli.Standard())
	stop()
	os.Exit(code)
}
