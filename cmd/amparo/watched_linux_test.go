package main

import (
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// TestWatchedWorker has a worker check evidence, which a process of its own
// reads, and asks for its metrics and traces: what that process did is in them,
// and its spans are below that of the job.
func TestWatchedWorker(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	ev := d.evidence()
	var mu sync.Mutex
	parents, job := map[string][]string{}, "" // of spans by name; the span of the job
	traces := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var got collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &got) != nil {
			t.Errorf("what came is no trace: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range got.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					parents[s.GetName()] = append(parents[s.GetName()], hex.EncodeToString(s.GetParentSpanId()))
					if s.GetName() == "job check" {
						job = hex.EncodeToString(s.GetSpanId())
					}
				}
			}
		}
	}))
	t.Cleanup(traces.Close)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := ln.Addr().String()
	ln.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	d.background([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + traces.URL, "OTEL_BSP_SCHEDULE_DELAY=100"}, "worker", "--ops-addr", at)
	d.must("job", "wait", d.must("job", "add", "check", "--evidence", ev), "--timeout", "120s")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`amparo_vault_operation_seconds_count\{operation="read",result="ok"\} [1-9]`, `amparo_vault_operation_seconds_count\{operation="write",result="ok"\} [1-9]`,
		`amparo_vault_bytes_total\{direction="read"\} [1-9]`, `amparo_vault_bytes_total\{direction="written"\} [1-9]`,
	} {
		if !regexp.MustCompile(want).Match(body) {
			t.Errorf("no %s in the metrics of the worker", want)
		}
	}
	d.until("the spans of the job and of what it read came", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return job != "" && slices.Contains(parents["vault open"], job)
	})
}
