package httpapi

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"countersign/identity/policy"
)

// Metrics is what /metrics shows: to this machine itself, and to an API token with the
// scope metrics.read. No label takes a word that an outsider chose:
// each has a closed list of values.
type Metrics struct {
	registry   *prometheus.Registry
	admissions *prometheus.CounterVec
	pings      *prometheus.CounterVec
	posts      *prometheus.CounterVec
	files      *prometheus.CounterVec
	streams    *prometheus.GaugeVec
	requests   *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
}

func newMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		admissions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "countersign_identity_total", Help: "Assertions at the gate, by what became of them and why."},
			[]string{"dialect", "outcome", "reason"}),
		pings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "countersign_pings_total", Help: "Page loads that claim nobody: counted, blocked (the page may not show the messenger), or limited (too many from one network)."},
			[]string{"outcome"}),
		posts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "countersign_posts_total", Help: "Messages written, by the side that wrote them."}, []string{"author"}),
		files: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "countersign_files_total", Help: "Files handed in, by the side that did: pictures made anew, and downloads."}, []string{"author", "kind"}),
		streams: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "countersign_streams", Help: "Live streams open on this node."}, []string{"audience"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "countersign_http_requests_total", Help: "Requests by route and class of status."}, []string{"route", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "countersign_http_seconds", Help: "Time to the end of the answer; of a stream, its life.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"route"}),
	}
	m.registry.MustRegister(m.admissions, m.pings, m.posts, m.files, m.streams, m.requests, m.seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Registry lets other rooms show numbers of their own.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Admitted counts one answer of the gate, in the gate's own words: its verdict
// names a dialect of ours or calls it unknown, whatever the page made up.
func (m *Metrics) Admitted(dialect, outcome, reason string) {
	m.admissions.WithLabelValues(dialect, outcome, reason).Inc()
}

// Limited shows how many refusals had no record of their own, because their network
// had too many.
func (m *Metrics) Limited(n func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "countersign_refusals_limited_total", Help: "Refusals that were only counted, because their network had its share of records."},
		func() float64 { return float64(n()) }))
}

// Pinged counts one page load that claims nobody.
func (m *Metrics) Pinged(counted, blocked bool) {
	outcome := "counted"
	switch {
	case !counted:
		outcome = "limited"
	case blocked:
		outcome = "blocked"
	}
	m.pings.WithLabelValues(outcome).Inc()
}

// Posted counts one message.
func (m *Metrics) Posted(author string) { m.posts.WithLabelValues(author).Inc() }

// HandedIn counts one file that was kept.
func (m *Metrics) HandedIn(author string, picture bool) {
	kind := "download"
	if picture {
		kind = "picture"
	}
	m.files.WithLabelValues(author, kind).Inc()
}

// StreamOpened counts a live stream until the function it returns is called.
func (m *Metrics) StreamOpened(audience string) (closed func()) {
	gauge := m.streams.WithLabelValues(audience)
	gauge.Inc()
	return gauge.Dec
}

// FromThisMachine says that a request came from the machine itself and through no
// proxy on it. What a proxy names in a header, anybody can write, but nobody can take
// away what theirs adds.
func FromThisMachine(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	// Another name was asked of a proxy that adds no header, or of a browser that was lied to.
	if !parseAddr(r.RemoteAddr).IsLoopback() || host != "localhost" && !parseAddr(host).IsLoopback() {
		return false
	}
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return false
		}
	}
	return true
}

// mayReadMetrics: they count refusals by their exact reason, which would tell a
// stranger how near a forged proof came.
func (f *Floor) mayReadMetrics(r *http.Request) bool {
	token, ok := Bearer(r)
	if !ok || f.options.Program == nil {
		return false
	}
	who, err := f.options.Program(r.Context(), token)
	return err == nil && who.May(policy.ReadMetrics)
}

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// meter is one route's counters, looked up once.
type meter struct {
	classes [6]prometheus.Counter
	seconds prometheus.Observer
}

func (m *Metrics) meter(route string) *meter {
	one := &meter{seconds: m.seconds.WithLabelValues(route)}
	for i, class := range []string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		one.classes[i] = m.requests.WithLabelValues(route, class)
	}
	return one
}

func (m *meter) count(status int, took time.Duration) {
	class := status / 100
	if class < 0 || class > 5 {
		class = 0
	}
	m.classes[class].Inc()
	m.seconds.Observe(took.Seconds())
}
