package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"countersign/identity/policy"
	"countersign/internal/audit"
	"countersign/internal/trust"
	"countersign/internal/workspace"
)

// What a channel may have of each: most words in these rows are a caller's own.
const (
	mostProvedOrigins   = 200  // a customer with a proof can name any origin
	mostStrangers       = 100  // origins that are neither allowed nor proved
	mostProvedVersions  = 200  // in a day
	mostOtherVersions   = 50   // in a day
	mostCells           = 4000 // combinations in a day; beyond, strangers and versions are Elsewhere
	longestOriginInARow = 256
)

// AddArrivals adds tallies in one transaction.
func (db *DB) AddArrivals(ctx context.Context, tallies []trust.Tally) error {
	byChannel := map[string][]trust.Tally{} // :: channel and day → tallies
	for _, t := range tallies {
		at := fmt.Sprint(t.Channel, "/", t.Day)
		byChannel[at] = append(byChannel[at], t)
	}
	return db.writer.alone(ctx, func(t *tx) error {
		for _, list := range byChannel {
			if err := addArrivals(t, list); err != nil {
				return fmt.Errorf("store: add arrivals: %w", err)
			}
		}
		return nil
	})
}

// addArrivals adds tallies of one channel and day.
func addArrivals(t *tx, tallies []trust.Tally) error {
	known, err := readRegister(t, tallies[0].Cell)
	if err != nil || !known.channel {
		return err // a channel that is not there is nothing to count for
	}
	// Proofs first: an origin or a version that one verified from has its row before
	// what others made up can take the last place.
	slices.SortStableFunc(tallies, func(a, b trust.Tally) int {
		return cmp.Compare(proofLast(a), proofLast(b))
	})
	sums := map[trust.Cell]trust.Tally{}
	for _, tally := range tallies {
		tally.Cell = known.place(tally.Cell, tally.LastAt)
		s, ok := sums[tally.Cell]
		if ok {
			tally.N, tally.Marks = tally.N+s.N, append(s.Marks, tally.Marks...)
			if s.LastAt.After(tally.LastAt) {
				tally.LastAt = s.LastAt
			}
		}
		sums[tally.Cell] = tally
	}
	if err := known.write(t); err != nil {
		return err
	}
	return writeArrivals(t, sums)
}

func proofLast(t trust.Tally) int {
	if t.Outcome == trust.CameVerified {
		return 0
	}
	return 1
}

// register is what of a channel's words have a row of their own.
type register struct {
	of       trust.Cell // workspace, channel, day
	channel  bool
	allowed  []string
	domains  map[string]domain // :: origin → what is known of it
	changed  map[string]domain
	gone     []string         // origins that gave their line up to another
	versions map[version]bool // :: version → whether a proof came from it
	cells    int
}

type domain struct{ proved, seen, ignored time.Time }

type version struct {
	platform policy.Platform
	text     string
}

func readRegister(t *tx, of trust.Cell) (*register, error) {
	k := &register{of: of, domains: map[string]domain{}, changed: map[string]domain{}, versions: map[version]bool{}}
	var err error
	if k.channel, err = t.found(`SELECT origins FROM channels WHERE id = $1 AND workspace = $2`, []any{of.Channel, of.Workspace}, document{&k.allowed}); err != nil || !k.channel {
		return k, err
	}
	err = t.rows(`SELECT origin, proved_at, seen_at, ignored_at FROM domains WHERE channel = $1`, []any{of.Channel}, func(row scanner) error {
		var origin string
		var d domain
		err := row.Scan(&origin, stamp{&d.proved}, stamp{&d.seen}, stamp{&d.ignored})
		k.domains[origin] = d
		return err
	})
	if err != nil {
		return nil, err
	}
	const query = `SELECT platform, version, MAX(CASE WHEN outcome = 'verified' THEN 1 ELSE 0 END), COUNT(*)
	FROM arrivals WHERE channel = $1 AND day = $2 GROUP BY platform, version`
	err = t.rows(query, []any{of.Channel, of.Day}, func(row scanner) error {
		var v version
		var proved, n int
		err := row.Scan(&v.platform, &v.text, &proved, &n)
		k.versions[v] = proved > 0
		k.cells += n
		return err
	})
	return k, err
}

// place finds the row of a cell.
func (k *register) place(c trust.Cell, at time.Time) trust.Cell {
	full := k.cells+len(k.changed) >= mostCells
	c.Origin = k.originOf(c, at, full)
	c.Version = k.versionOf(c, full)
	return c
}

func (k *register) originOf(c trust.Cell, at time.Time, full bool) string {
	if c.Origin == "" || c.Origin == trust.Elsewhere {
		return c.Origin
	}
	d, ok := k.domains[c.Origin]
	proves := c.Outcome == trust.CameVerified
	proved, strangers := k.count()
	switch {
	case slices.Contains(k.allowed, c.Origin):
	case ok && !d.proved.IsZero():
	case proves && proved < mostProvedOrigins:
	case len(c.Origin) > longestOriginInARow, full:
		return trust.Elsewhere
	case ok, !proves && (strangers < mostStrangers || k.makesRoom(at)):
	default:
		return trust.Elsewhere
	}
	if at.After(d.seen) {
		d.seen = at
	}
	if proves && at.After(d.proved) {
		d.proved = at
	}
	k.domains[c.Origin], k.changed[c.Origin] = d, d
	return c.Origin
}

func (k *register) count() (proved, strangers int) {
	for origin, d := range k.domains {
		switch {
		case !d.proved.IsZero():
			proved++
		case k.strange(origin, d):
			strangers++
		}
	}
	return proved, strangers
}

// strange: a domain that neither a proof, nor the channel, nor an operator knows.
func (k *register) strange(origin string, d domain) bool {
	return d.proved.IsZero() && d.ignored.IsZero() && !slices.Contains(k.allowed, origin)
}

// makesRoom takes the line of the stranger that was not seen for longest, if that is a day
// or more: who once made up as many as there is room for must not hide every new page for
// as long as counts are kept.
func (k *register) makesRoom(at time.Time) bool {
	oldest := ""
	for origin, d := range k.domains {
		if k.strange(origin, d) && (oldest == "" || d.seen.Before(k.domains[oldest].seen)) {
			oldest = origin
		}
	}
	if oldest == "" || at.Sub(k.domains[oldest].seen) < day {
		return false
	}
	delete(k.domains, oldest)
	delete(k.changed, oldest)
	k.gone = append(k.gone, oldest)
	return true
}

func (k *register) versionOf(c trust.Cell, full bool) string {
	v, proves := version{c.Platform, c.Version}, c.Outcome == trust.CameVerified
	if before, ok := k.versions[v]; c.Version == "" || ok {
		k.versions[v] = before || proves
		return c.Version
	}
	proved, others := 0, 0
	for _, p := range k.versions {
		if p {
			proved++
		} else {
			others++
		}
	}
	if full || proves && proved >= mostProvedVersions || !proves && others >= mostOtherVersions {
		return trust.Elsewhere
	}
	k.versions[v] = proves
	return c.Version
}

func (k *register) write(t *tx) error {
	const head = `INSERT INTO domains (workspace, channel, origin, proved_at, seen_at, ignored_at) VALUES `
	const tail = ` ON CONFLICT (channel, origin) DO UPDATE SET proved_at = excluded.proved_at, seen_at = excluded.seen_at`
	const drop = `DELETE FROM domains WHERE channel = $1 AND origin = $2 AND proved_at = 0 AND ignored_at = 0`
	for _, origin := range k.gone {
		if _, err := t.exec(drop, k.of.Channel, origin); err != nil {
			return err
		}
	}
	var args []any
	for origin, d := range k.changed {
		args = append(args, k.of.Workspace, k.of.Channel, origin, micros(d.proved), micros(d.seen), 0)
	}
	return t.insert(head, 6, args, tail)
}

func writeArrivals(t *tx, sums map[trust.Cell]trust.Tally) error {
	const head = `INSERT INTO arrivals (workspace, channel, day, platform, origin, version, dialect, outcome, reason, n, last_at) VALUES `
	const tail = ` ON CONFLICT (channel, day, platform, origin, version, dialect, outcome, reason) DO UPDATE SET n = arrivals.n + excluded.n,
	last_at = CASE WHEN excluded.last_at > arrivals.last_at THEN excluded.last_at ELSE arrivals.last_at END`
	var args []any
	crowds := map[crowd]map[int64]bool{}
	var of trust.Cell
	for c, s := range sums {
		of = c
		args = append(args, c.Workspace, c.Channel, c.Day, string(c.Platform), c.Origin, c.Version, c.Dialect, string(c.Outcome), string(c.Reason), s.N, micros(s.LastAt))
		in := crowd{c.Platform, c.Origin, c.Class()}
		if crowds[in] == nil {
			crowds[in] = map[int64]bool{}
		}
		for _, mark := range s.Marks {
			crowds[in][mark] = true
		}
	}
	if err := t.insert(head, 11, args, tail); err != nil {
		return err
	}
	return writeNetworks(t, of, crowds)
}

// crowd is what networks are counted apart for.
type crowd struct {
	platform policy.Platform
	origin   string
	class    trust.Class
}

func writeNetworks(t *tx, of trust.Cell, crowds map[crowd]map[int64]bool) error {
	const head = `INSERT INTO networks (workspace, channel, day, platform, origin, class, mark) VALUES `
	const query = `SELECT platform, origin, class, mark FROM networks WHERE channel = $1 AND day = $2`
	there := map[crowd]map[int64]bool{}
	err := t.rows(query, []any{of.Channel, of.Day}, func(row scanner) error {
		var in crowd
		var mark int64
		err := row.Scan(&in.platform, &in.origin, &in.class, &mark)
		if there[in] == nil {
			there[in] = map[int64]bool{}
		}
		there[in][mark] = true
		return err
	})
	if err != nil {
		return err
	}
	var args []any
	for in, marks := range crowds {
		n := len(there[in])
		for mark := range marks {
			if n >= trust.MostNetworks || there[in][mark] {
				continue
			}
			n++
			args = append(args, of.Workspace, of.Channel, of.Day, string(in.platform), in.origin, string(in.class), mark)
		}
	}
	return t.insert(head, 7, args, ` ON CONFLICT DO NOTHING`)
}

// PruneArrivals forgets what is older than it is kept.
func (db *DB) PruneArrivals(ctx context.Context, now time.Time) error {
	return db.writer.alone(ctx, func(t *tx) error {
		for _, old := range []struct {
			query string
			arg   any
		}{
			{`DELETE FROM arrivals WHERE day < $1`, trust.DayOf(now.Add(-trust.ArrivalsKept))},
			{`DELETE FROM networks WHERE day < $1`, trust.DayOf(now.Add(-trust.NetworksKept))},
			{`DELETE FROM domains WHERE seen_at < $1 AND ignored_at = 0`, micros(now.Add(-trust.ArrivalsKept))},
		} {
			if _, err := t.exec(old.query, old.arg); err != nil {
				return fmt.Errorf("store: prune arrivals: %w", err)
			}
		}
		return nil
	})
}

// Arrivals of a channel since a day, summed over the days.
func (db *DB) Arrivals(ctx context.Context, of, channel string, since int64) ([]trust.Tally, error) {
	const query = `SELECT platform, origin, version, dialect, outcome, reason, CAST(SUM(n) AS BIGINT), MAX(last_at) FROM arrivals
	WHERE channel = $1 AND workspace = $2 AND day >= $3 GROUP BY platform, origin, version, dialect, outcome, reason`
	return db.arrivals(ctx, of, channel, query, channel, of, since)
}

// ArrivedAfter are the rows that grew after a time, newest first, a few.
func (db *DB) ArrivedAfter(ctx context.Context, of, channel string, after time.Time) ([]trust.Tally, error) {
	const query = `SELECT platform, origin, version, dialect, outcome, reason, n, last_at FROM arrivals
	WHERE channel = $1 AND workspace = $2 AND day >= $3 AND last_at > $4 ORDER BY last_at DESC LIMIT 50`
	return db.arrivals(ctx, of, channel, query, channel, of, trust.DayOf(after), micros(after))
}

func (db *DB) arrivals(ctx context.Context, of, channel, query string, args ...any) ([]trust.Tally, error) {
	var list []trust.Tally
	err := db.rows(ctx, query, args, func(row scanner) error {
		t := trust.Tally{Cell: trust.Cell{Workspace: of, Channel: channel}}
		err := row.Scan(&t.Platform, &t.Origin, &t.Version, &t.Dialect, &t.Outcome, &t.Reason, &t.N, stamp{&t.LastAt})
		list = append(list, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: arrivals: %w", err)
	}
	return list, nil
}

// Domains of a channel that have a row of their own.
func (db *DB) Domains(ctx context.Context, of, channel string) ([]trust.Domain, error) {
	var list []trust.Domain
	err := db.rows(ctx, `SELECT origin, proved_at, seen_at, ignored_at FROM domains WHERE channel = $1 AND workspace = $2`, []any{channel, of}, func(row scanner) error {
		var d trust.Domain
		err := row.Scan(&d.Origin, stamp{&d.ProvedAt}, stamp{&d.SeenAt}, stamp{&d.IgnoredAt})
		list = append(list, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: domains: %w", err)
	}
	return list, nil
}

// Crowds counts distinct networks since a day, for each platform, origin and class, and
// under the origin trust.Everywhere over all origins.
func (db *DB) Crowds(ctx context.Context, of, channel string, since int64) ([]trust.Crowd, error) {
	const query = `SELECT platform, origin, class, COUNT(DISTINCT mark) FROM networks WHERE channel = $1 AND workspace = $2 AND day >= $3 GROUP BY platform, origin, class
	UNION ALL SELECT platform, '*', class, COUNT(DISTINCT mark) FROM networks WHERE channel = $1 AND workspace = $2 AND day >= $3 GROUP BY platform, class`
	var list []trust.Crowd
	err := db.rows(ctx, query, []any{channel, of, since}, func(row scanner) error {
		var c trust.Crowd
		err := row.Scan(&c.Platform, &c.Origin, &c.Class, &c.Networks)
		list = append(list, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: networks: %w", err)
	}
	return list, nil
}

// LiveUnproved counts the sessions that enforcing the platform would end: claimed ones,
// and, under a minimum tier, anonymous ones; and on how many origins they are.
func (db *DB) LiveUnproved(ctx context.Context, channel workspace.Channel, platform policy.Platform, now time.Time) (sessions, domains int, err error) {
	const query = `SELECT COUNT(*), COUNT(DISTINCT origin) FROM sessions
	WHERE ended_at = 0 AND key_id = '' AND channel = $1 AND tier IN ('claimed', $2) AND expires_at > $3 AND platform = $4 AND workspace = $5`
	tier := string(policy.Claimed)
	if len(under(channel.MinimumTier)) > 0 {
		tier = string(policy.Anonymous)
	}
	if err := db.row(ctx, query, []any{channel.ID, tier, micros(now), string(platform), channel.Workspace}, &sessions, &domains); err != nil {
		return 0, 0, fmt.Errorf("store: live unproved sessions: %w", err)
	}
	return sessions, domains, nil
}

// IgnoreDomain marks an origin as seen by an operator, or takes the mark away. Nobody's
// right hangs on it.
func (db *DB) IgnoreDomain(ctx context.Context, of, channel, origin string, at time.Time, draft audit.Draft) error {
	const update = `UPDATE domains SET ignored_at = $1 WHERE channel = $2 AND workspace = $3 AND origin = $4`
	return db.writer.change(ctx, []audit.Draft{draft}, func(t *tx) error {
		n, err := t.exec(update, micros(at), channel, of, origin)
		if err != nil {
			return fmt.Errorf("ignore domain: %w", err)
		}
		if n == 0 {
			return workspace.ErrNotFound
		}
		t.record(draft)
		return nil
	})
}
