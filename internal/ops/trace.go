package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Variables by which OpenTelemetry is told where its collector is
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
var collectorVariables = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"}

// Trace sends traces to the collector that the environment names, over
// OTLP/HTTP. Where it names none nothing is sent, anywhere. What it returns
// sends the rest and ends it.
func (w *Watch) Trace(ctx context.Context, service, version string) (stop func(context.Context) error, err error) {
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
	p := sdk.NewTracerProvider(sdk.WithBatcher(out), sdk.WithResource(resource.NewSchemaless(
		attribute.String("service.name", service), attribute.String("service.version", version))))
	w.tracer = p.Tracer("github.com/amparo-project/amparo")
	return func(ctx context.Context) error {
		if err := p.Shutdown(ctx); err != nil {
			return fmt.Errorf("traces: %w", err)
		}
		return nil
	}, nil
}
