package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/amparo-project/amparo/internal/workspace"
)

// askWait bounds what a scrape asks the database.
const askWait = 3 * time.Second

// Database tells of the connections to a database, and of what waits in it. It
// is called once for a database that is open.
func (w *Watch) Database(db *workspace.DB) {
	w.registry.MustRegister(collectors.NewDBStatsCollector(db.Pool, "workspace"), &queue{
		db:     db,
		jobs:   prometheus.NewDesc("amparo_jobs", "Jobs in the workspace, by kind and state.", []string{"kind", "state"}, nil),
		oldest: prometheus.NewDesc("amparo_job_waiting_seconds", "How long the job that waits longest has waited; 0 where none waits.", nil, nil),
		ledger: prometheus.NewDesc("amparo_ledger_entries", "Acts in the ledger.", nil, nil),
	})
}

type queue struct {
	db                   *workspace.DB
	jobs, oldest, ledger *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (q *queue) Describe(ch chan<- *prometheus.Desc) {
	ch <- q.jobs
	ch <- q.oldest
	ch <- q.ledger
}

// Collect implements prometheus.Collector.
func (q *queue) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askWait)
	defer cancel()
	s, err := workspace.State(ctx, q.db, time.Now())
	if err != nil {
		ch <- prometheus.NewInvalidMetric(q.ledger, err)
		return
	}
	for _, j := range s.Jobs {
		ch <- prometheus.MustNewConstMetric(q.jobs, prometheus.GaugeValue, float64(j.Count), j.Kind, j.State)
	}
	ch <- prometheus.MustNewConstMetric(q.oldest, prometheus.GaugeValue, s.Waiting.Seconds())
	ch <- prometheus.MustNewConstMetric(q.ledger, prometheus.GaugeValue, float64(s.Entries))
}
