package ops

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/amparo-project/amparo/internal/fault"
)

// parentVariable names the span that a process was started in, as OpenTelemetry
// has it in environments
// (https://opentelemetry.io/docs/specs/otel/context/env-carriers/).
const parentVariable = "TRACEPARENT"

// Environ is what a process is given beside the environment, so that its spans
// come below that of ctx; nothing where there is none.
func Environ(ctx context.Context) []string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	if carrier["traceparent"] == "" {
		return nil
	}
	return []string{parentVariable + "=" + carrier["traceparent"]}
}

// FromEnviron returns a context below the span that the environment names.
func FromEnviron(ctx context.Context) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": os.Getenv(parentVariable)})
}

// Flush sends the spans that have ended: whoever hears that a process is done
// may end it.
func (w *Watch) Flush(ctx context.Context) {
	if w.flush != nil {
		_ = w.flush(ctx) // the log was told
	}
}

// Variables by which OpenTelemetry is told where its collector is
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
var collectorVariables = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}

// Trace sends traces to the collector that the environment names, over
// OTLP/HTTP. Where it names none nothing is sent, anywhere. What it returns
// sends the rest and ends it. log is told where the collector does not take them.
func (w *Watch) Trace(ctx context.Context, log *slog.Logger, service, version string) (stop func(context.Context) error, err error) {
	asked := false
	for _, name := range collectorVariables {
		asked = asked || os.Getenv(name) != ""
	}
	if !asked || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return func(context.Context) error { return nil }, nil
	}
	out, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, errors.New("traces: the address of the collector cannot be used") // not the error: headers may hold a secret
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.WarnContext(ctx, "traces were not sent", fault.Kind(err))
	}))
	p := sdk.NewTracerProvider(sdk.WithBatcher(out), sdk.WithResource(resource.NewSchemaless(
		attribute.String("service.name", service), attribute.String("service.version", version))))
	w.tracer, w.flush = p.Tracer("github.com/amparo-project/amparo"), p.ForceFlush
	return func(ctx context.Context) error {
		if err := p.Shutdown(ctx); err != nil {
			return fmt.Errorf("traces: %w", err)
		}
		return nil
	}, nil
}
