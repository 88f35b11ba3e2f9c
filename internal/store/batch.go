package store

import (
	"slices"

	"countersign/identity/policy"
	"countersign/internal/chat"
)

// batch is what one transaction writes for many callers. Each step is a handful
// of statements however many wait: what the writes need is read for all of them
// at once, decided in memory in the order of arrival, and written as lists of
// rows. The head is held, so nothing that was read changes before the commit.
type batch struct {
	sessions map[string]*sessionRow // :: token hash → session, as it stands in this transaction
	logins   map[string]*loginRow   // :: login id → login and its agent
	tokens   []any                  // hashes to be read
	signed   []any                  // login ids to be read

	renewals []*renewal
	threads  []*threadWrite
	openings []*openingWrite
	singles  []*single

	attachings []*attaching
}

func newBatch() *batch {
	return &batch{sessions: map[string]*sessionRow{}, logins: map[string]*loginRow{}}
}

func (b *batch) run(t *tx) error {
	if err := b.readSessions(t); err != nil {
		return err
	}
	if err := b.readLogins(t); err != nil {
		return err
	}
	if err := b.renew(t); err != nil {
		return err
	}
	if err := b.writeThreads(t); err != nil {
		return err
	}
	if err := b.open(t); err != nil {
		return err
	}
	if err := b.attach(t); err != nil {
		return err
	}
	for _, s := range b.singles {
		if s.err = nil; s.write == nil {
			continue
		}
		refusal, err := s.write(t)
		if err != nil {
			return err
		}
		s.err = refusal
	}
	return nil
}

// needSession and needLogin ask for a right to be read with the batch's others.
func (b *batch) needSession(tokenHash []byte) {
	if _, asked := b.sessions[string(tokenHash)]; !asked && len(tokenHash) > 0 {
		b.sessions[string(tokenHash)] = nil
		b.tokens = append(b.tokens, tokenHash)
	}
}

func (b *batch) needLogin(id string) {
	if _, asked := b.logins[id]; !asked && id != "" {
		b.logins[id] = nil
		b.signed = append(b.signed, id)
	}
}

func (b *batch) readSessions(t *tx) error {
	const query = `SELECT ` + sessionColumns + ` FROM ` + sessionTables + ` WHERE s.token_hash IN (`
	return t.lookup(query, 1, b.tokens, `)`, func(row scanner) error {
		r := &sessionRow{}
		if err := r.scan(row); err != nil {
			return err
		}
		b.sessions[string(r.token)] = r
		return nil
	})
}

// session is the live session of a token, or nil.
func (b *batch) session(t *tx, tokenHash []byte) (*sessionRow, *chat.Session) {
	r := b.sessions[string(tokenHash)]
	if r == nil || len(tokenHash) == 0 {
		return nil, nil
	}
	s := r.at(t.now)
	if s.Standing.Ended() != policy.Stands {
		return nil, nil
	}
	return r, &s
}

func (b *batch) readLogins(t *tx) error {
	const query = `SELECT ` + loginColumns + `, ` + agentColumns + ` FROM logins l JOIN agents a ON a.id = l.agent AND a.workspace = l.workspace WHERE l.id IN (`
	return t.lookup(query, 1, b.signed, `)`, func(row scanner) error {
		r := &loginRow{}
		if err := r.scan(row); err != nil {
			return err
		}
		b.logins[r.ID] = r
		return nil
	})
}

// login is the live login of an agent who still holds the right, or nil.
func (b *batch) login(t *tx, id, agent string, right policy.Right) *loginRow {
	r := b.logins[id]
	if r == nil || id == "" || r.Agent != agent || !r.lives(t.now) || !slices.Contains(policy.RightsOf(r.agent.Role), right) {
		return nil
	}
	return r
}

// single is a write of one or two statements that shares a batch's commit. write
// answers with a refusal of its own, having written nothing, or with an error of
// SQL, which is everybody's.
type single struct {
	write func(t *tx) (refusal, err error)
	err   error
}

func (s *single) join(b *batch)  { b.singles = append(b.singles, s) }
func (s *single) refusal() error { return s.err }
