package sqlite_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/amparo-project/amparo/internal/workspace/sqlite"
	"github.com/amparo-project/amparo/internal/workspace/workspacetest"
)

// devices is how many devices a hunt is measured with: AMPARO_BENCH_DEVICES.
func devices() int {
	if n, err := strconv.Atoi(os.Getenv("AMPARO_BENCH_DEVICES")); err == nil {
		return n
	}
	return 20
}

func BenchmarkHunt(b *testing.B) {
	db, err := sqlite.Open(b.Context(), b.TempDir(), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	workspacetest.Hunting(b, db, devices())
}

func BenchmarkViews(b *testing.B) {
	db, err := sqlite.Open(b.Context(), b.TempDir(), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	workspacetest.Looking(b, db)
}

func BenchmarkHuntOfMany(b *testing.B) {
	db, err := sqlite.Open(b.Context(), b.TempDir(), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	workspacetest.HuntingMany(b, db, devices())
}
