package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// committer is the one goroutine that writes.
//
//	callers ──▶ queue ──▶ a batch: one transaction for all that wait and can share
//	                      └─ the batch fails in SQL: each of it again, alone
//	                  ──▶ each rare write: a transaction of its own
type committer struct {
	db        *DB
	link      *link // nil after it broke
	chain     atomic.Pointer[Sealer]
	names     atomic.Pointer[Names]
	committed func(seq int64)
	queue     chan *job
	quit      chan struct{} // closed by close
	stopped   chan struct{} // closed when nothing will be written any more
	once      sync.Once
}

const (
	queueLength = 1024
	batchLength = 256 // of writes in one transaction
)

// operation is a write that shares its transaction with others. A refusal that
// concerns it alone stands in it; an error of SQL is the batch's.
type operation interface {
	// join puts the operation into the batch, as if it had never been in one.
	join(b *batch)
	// refusal is why this one was not written, after the batch committed.
	refusal() error
}

// job is a caller who waits. Either operation or alone is set.
type job struct {
	ctx       context.Context
	operation operation
	alone     func(t *tx) error
	result    chan error // one slot: nobody need be there to take it
}

// brokenError: the transaction did not fail on its rows; trying each row again
// would fail as well, or might write what is written already.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

func newCommitter(db *DB, first *link, options Options) *committer {
	c := &committer{
		db: db, link: first, committed: options.Committed,
		queue: make(chan *job, queueLength), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	if options.Chain != nil {
		c.chain.Store(&options.Chain)
	}
	if options.Names != nil {
		c.names.Store(&options.Names)
	}
	return c
}

// share commits an operation together with whatever else waits.
func (c *committer) share(ctx context.Context, o operation) error {
	return c.do(&job{ctx: ctx, operation: o, result: make(chan error, 1)})
}

// alone runs a rare write in a transaction of its own. An error rolls it back.
func (c *committer) alone(ctx context.Context, write func(t *tx) error) error {
	return c.do(&job{ctx: ctx, alone: write, result: make(chan error, 1)})
}

// leave hands over an operation that nobody waits for; it may be dropped.
func (c *committer) leave(o operation) {
	select {
	case c.queue <- &job{ctx: context.Background(), operation: o, result: make(chan error, 1)}:
	default:
	}
}

func (c *committer) do(j *job) error {
	select {
	case <-c.quit:
		return ErrClosed
	default:
	}
	select {
	case c.queue <- j:
	case <-j.ctx.Done():
		return context.Cause(j.ctx)
	case <-c.quit:
		return ErrClosed
	}
	select {
	case err := <-j.result:
		return err
	case <-j.ctx.Done():
		return context.Cause(j.ctx)
	case <-c.stopped:
	}
	select {
	case err := <-j.result:
		return err
	default:
		return ErrClosed
	}
}

func (c *committer) close() {
	c.once.Do(func() { close(c.quit) })
	<-c.stopped
}

func (c *committer) run() {
	defer close(c.stopped)
	defer func() {
		if c.link != nil {
			c.link.close()
		}
	}()
	jobs := make([]*job, 0, batchLength)
	for {
		select {
		case j := <-c.queue:
			runtime.Gosched()
			jobs = c.gather(append(jobs[:0], j))
			c.commit(jobs)
		case <-c.quit:
			if jobs = c.gather(jobs[:0]); len(jobs) == 0 {
				return
			}
			c.commit(jobs)
		}
	}
}

// gather takes what waits, then lets those run who were about to ask: callers
// whom the last commit woke come back one by one, and without this turn each
// would find the committer gone with the first of them alone. It waits for nobody.
func (c *committer) gather(jobs []*job) []*job {
	for {
		before := len(jobs)
		jobs = c.take(jobs)
		if len(jobs) == before || len(jobs) == batchLength {
			return jobs
		}
		runtime.Gosched()
	}
}

func (c *committer) take(jobs []*job) []*job {
	for len(jobs) < batchLength {
		select {
		case j := <-c.queue:
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

// commit writes the jobs. Whoever gave up before this began is not written; whoever
// gives up later only does not hear of it.
func (c *committer) commit(jobs []*job) {
	var shared, alone []*job
	for _, j := range jobs {
		switch {
		case j.ctx.Err() != nil:
			j.result <- context.Cause(j.ctx)
		case j.operation != nil:
			shared = append(shared, j)
		default:
			alone = append(alone, j)
		}
	}
	c.together(shared)
	for _, j := range alone {
		j.result <- c.transact(j.alone)
	}
}

// together commits jobs in one transaction; if they fail as one, each alone.
func (c *committer) together(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	err := c.transact(func(t *tx) error {
		b := newBatch()
		for _, j := range jobs {
			j.operation.join(b)
		}
		return b.run(t)
	})
	var broken *brokenError
	if err != nil && len(jobs) > 1 && !errors.As(err, &broken) {
		for _, j := range jobs {
			c.together([]*job{j})
		}
		return
	}
	for _, j := range jobs {
		if err == nil {
			j.result <- j.operation.refusal()
		} else {
			j.result <- err
		}
	}
}

// transact runs one transaction to its commit.
func (c *committer) transact(write func(t *tx) error) error {
	t, err := c.begin()
	if err != nil {
		return &brokenError{fmt.Errorf("store: begin: %w", err)}
	}
	defer t.cancel()
	before := t.seq
	commit := func() {}
	if err = write(t); err == nil {
		commit, err = t.finish(c.sealer())
	}
	if err != nil {
		c.rollback(t)
		return fmt.Errorf("store: %w", err)
	}
	if _, err := t.link.conn.ExecContext(t.ctx, `COMMIT`); err != nil {
		// Nobody knows whether it is written. A chain that went on from here could
		// collide with entries that are; it begins again under another name.
		if chain := c.sealer(); chain != nil && len(t.drafts) > 0 {
			chain.Fork()
		}
		c.rollback(t)
		return &brokenError{fmt.Errorf("store: commit: %w", err)}
	}
	commit()
	if c.committed != nil && t.seq > before {
		c.committed(t.seq)
	}
	return nil
}

// begin starts a transaction; if the connection turns out to be gone, once more
// on a new one.
func (c *committer) begin() (*tx, error) {
	reused := c.link != nil
	t, err := c.start()
	if err != nil && reused && c.link == nil {
		return c.start()
	}
	return t, err
}

func (c *committer) start() (*tx, error) {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if c.db.engine.patience > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.db.engine.patience)
	}
	if c.link == nil {
		next, err := newLink(ctx, c.db.write, c.db.engine)
		if err != nil {
			cancel()
			return nil, err
		}
		c.link = next
	}
	t := &tx{ctx: ctx, cancel: cancel, link: c.link, names: c.namer()}
	if err := t.begin(c.db.engine); err != nil {
		c.rollback(t)
		cancel()
		return nil, err
	}
	return t, nil
}

// rollback ends a failed transaction. A connection that cannot even do that, nor
// anything else, is given up.
func (c *committer) rollback(t *tx) {
	if _, err := t.link.conn.ExecContext(t.ctx, `ROLLBACK`); err == nil {
		return
	}
	var one int
	if t.link.conn.QueryRowContext(t.ctx, `SELECT 1`).Scan(&one) != nil {
		t.link.discard()
		c.link = nil
	}
}

func (c *committer) sealer() Sealer {
	if chain := c.chain.Load(); chain != nil {
		return *chain
	}
	return nil
}

func (c *committer) namer() Names {
	if names := c.names.Load(); names != nil {
		return *names
	}
	return nil
}
