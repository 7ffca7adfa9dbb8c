// Package ops is what whoever runs a server watches: metrics in Prometheus'
// form, health and readiness, and traces in OpenTelemetry's, if they name a
// collector of their own. Nothing of it tells of people or evidence: routes,
// kinds, states, sizes and times alone.
//
// Start with New.
package ops

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// A Watch gathers what one process has to tell.
type Watch struct {
	registry *prometheus.Registry
	tracer   trace.Tracer
	flush    func(context.Context) error // of what tracer made; nil: nothing

	requests *prometheus.HistogramVec
	vault    *tally
	jobs     *prometheus.HistogramVec
}

// New returns a Watch of a program of that version.
func New(version string) *Watch {
	w := &Watch{
		registry: prometheus.NewRegistry(),
		tracer:   noop.NewTracerProvider().Tracer(""),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "amparo_http_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"method", "route", "status"}),
		vault: newTally(),
		jobs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "amparo_job_seconds", Help: "Time that a job ran in this process.",
			Buckets: []float64{.1, 1, 5, 15, 60, 300, 900, 3600, 14400},
		}, []string{"kind", "state"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "amparo_build_info", Help: "The version that runs; always 1.", ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	info.Set(1)
	w.registry.MustRegister(w.requests, w.vault, w.jobs, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return w
}

// status remembers what was answered.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader implements http.ResponseWriter.
func (s *status) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
	}
	s.ResponseWriter.WriteHeader(code)
}

// Write implements io.Writer.
func (s *status) Write(b []byte) (int, error) {
	if s.code == 0 {
		s.code = http.StatusOK
	}
	return s.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is below.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// HTTP measures the requests that a handler answers, by the route that took
// them: never by their path, which names cases.
func (w *Watch) HTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := w.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
		r = r.WithContext(ctx)
		s := &status{ResponseWriter: out}
		defer func() {
			if s.code == 0 {
				s.code = http.StatusOK
			}
			route := r.Pattern // set by the mux that took it
			if route == "" {
				route = "none"
			}
			w.requests.WithLabelValues(method(r.Method), route, strconv.Itoa(s.code)).Observe(time.Since(begun).Seconds())
			span.SetName(route)
			span.SetAttributes(attribute.String("http.request.method", method(r.Method)), attribute.String("http.route", route),
				attribute.Int("http.response.status_code", s.code))
			if s.code >= http.StatusInternalServerError {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}()
		next.ServeHTTP(s, r)
	})
}

// method bounds the methods that are told: a client may send any.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// Job begins a job of a kind. What it returns ends it, with its state.
func (w *Watch) Job(ctx context.Context, kind string) (context.Context, func(state string)) {
	begun := time.Now()
	ctx, span := w.tracer.Start(ctx, "job "+kind)
	return ctx, func(state string) {
		w.jobs.WithLabelValues(kind, state).Observe(time.Since(begun).Seconds())
		span.SetAttributes(attribute.String("amparo.job.state", state))
		if state == "failed" {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// readyWait bounds what readiness may take.
const readyWait = 5 * time.Second

// Handler answers /metrics, /healthz (the process lives) and /readyz (ready
// reports no error: the server may get requests). It is for an address that
// only those reach who run the server.
func (w *Watch) Handler(ready func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{Registry: w.registry, ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, _ *http.Request) { answer(out, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(out http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyWait)
		defer cancel()
		if err := ready(ctx); err != nil {
			answer(out, http.StatusServiceUnavailable, "not ready") // why is in the log, not for whoever asks
			return
		}
		answer(out, http.StatusOK, "ready")
	})
	return mux
}

func answer(out http.ResponseWriter, code int, text string) {
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	out.Header().Set("Cache-Control", "no-store")
	out.WriteHeader(code)
	_, _ = out.Write([]byte(text + "\n")) // the client is gone
}
