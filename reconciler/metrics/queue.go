package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/util/workqueue"
)

// queueMetrics measure work queues under the names that every Kubernetes controller uses.
type queueMetrics struct {
	depth, unfinished, longest *prometheus.GaugeVec
	adds, retries              *prometheus.CounterVec
	waited, worked             *prometheus.HistogramVec
}

func newQueueMetrics() *queueMetrics {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"name"})
	}
	buckets := prometheus.ExponentialBuckets(10e-9, 10, 12)
	return &queueMetrics{
		depth:      gauge("workqueue_depth", "Items that wait in the work queue."),
		unfinished: gauge("workqueue_unfinished_work_seconds", "How long all work together has been under way; large values tell of workers that are stuck."),
		longest:    gauge("workqueue_longest_running_processor_seconds", "How long the worker that is at it longest has been."),
		adds:       counter("workqueue_adds_total", "Items added to the work queue.", "name"),
		retries:    counter("workqueue_retries_total", "Items that were added again after a while.", "name"),
		waited:     histogram("workqueue_queue_duration_seconds", "How long in seconds an item waits in the work queue.", buckets, "name"),
		worked:     histogram("workqueue_work_duration_seconds", "How long in seconds an item is worked on.", buckets, "name"),
	}
}

func (q *queueMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{q.depth, q.unfinished, q.longest, q.adds, q.retries, q.waited, q.worked}
}

// The methods of workqueue.MetricsProvider.

func (q *queueMetrics) NewDepthMetric(name string) workqueue.GaugeMetric {
	return q.depth.WithLabelValues(name)
}

func (q *queueMetrics) NewAddsMetric(name string) workqueue.CounterMetric {
	return q.adds.WithLabelValues(name)
}

func (q *queueMetrics) NewLatencyMetric(name string) workqueue.HistogramMetric {
	return q.waited.WithLabelValues(name)
}

func (q *queueMetrics) NewWorkDurationMetric(name string) workqueue.HistogramMetric {
	return q.worked.WithLabelValues(name)
}

func (q *queueMetrics) NewUnfinishedWorkSecondsMetric(name string) workqueue.SettableGaugeMetric {
	return q.unfinished.WithLabelValues(name)
}

func (q *queueMetrics) NewLongestRunningProcessorSecondsMetric(name string) workqueue.SettableGaugeMetric {
	return q.longest.WithLabelValues(name)
}

func (q *queueMetrics) NewRetriesMetric(name string) workqueue.CounterMetric {
	return q.retries.WithLabelValues(name)
}
