package shop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// benchPatience is how long one run of one attack may take.
const benchPatience = 30 * time.Second

// pace keeps a run under the rate at which Countersign begins to sum refusals up
// in its record instead of writing each down.
const pace = 120 * time.Millisecond

// Verdict is what an attack came to. What is worse comes later, and the verdict
// of a run is the worst of its steps.
type Verdict string

const (
	Skipped      Verdict = "skipped"      // something it needs was not given to the shop
	LetIn        Verdict = "let_in"       // the honest customer, as it should be
	Harmless     Verdict = "harmless"     // answered, and nothing of the victim was in it
	Refused      Verdict = "refused"      // turned away
	NotVerified  Verdict = "not_verified" // a session that says it proved nothing and sees nothing of the victim
	Inconclusive Verdict = "inconclusive" // no answer that would say anything
	KeptOut      Verdict = "kept_out"     // the honest customer was refused: nothing else means much
	GotThrough   Verdict = "got_through"  // something of the victim was read, written, or taken for proved
)

var severity = []Verdict{Skipped, LetIn, Harmless, Refused, NotVerified, Inconclusive, KeptOut, GotThrough}

func worst(a, b Verdict) Verdict {
	if slices.Index(severity, a) >= slices.Index(severity, b) {
		return a
	}
	return b
}

// Result is one attack, run once.
type Result struct {
	Name     string     `json:"name"`
	Title    string     `json:"title"`
	Tries    string     `json:"tries"`
	Verdict  Verdict    `json:"verdict"`
	Finding  string     `json:"finding"`
	Reasons  []string   `json:"reasons"` // as the operator reads them
	Steps    []*Step    `json:"steps"`
	Operator []Sighting `json:"operator"`
	Note     string     `json:"operator_note,omitempty"`
	At       time.Time  `json:"at"`
}

// Step is one request of an attack. Everything in it is already shortened.
type Step struct {
	Does    string   `json:"does"`
	Request Sent     `json:"request"`
	Answer  Received `json:"answer"`
	Verdict Verdict  `json:"verdict"`
	Finding string   `json:"finding"`
}

// Sent is a request for reading.
type Sent struct {
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	Headers []string `json:"headers,omitempty"`
	Body    string   `json:"body,omitempty"`
}

// Received is an answer for reading.
type Received struct {
	Status  int      `json:"status"`
	Text    string   `json:"text"`
	Code    string   `json:"code,omitempty"`
	Headers []string `json:"headers,omitempty"`
	Body    string   `json:"body,omitempty"`
}

// Summary counts the results of a run.
type Summary struct {
	OK           bool `json:"ok"` // nothing got through, the honest customer did, and nothing is unknown
	Total        int  `json:"total"`
	HeldOff      int  `json:"held_off"`     // refused, harmless or not verified
	NotVerified  int  `json:"not_verified"` // of these: a session, but not a verified one
	GotThrough   int  `json:"got_through"`
	Inconclusive int  `json:"inconclusive"`
	Skipped      int  `json:"skipped"`
	Untried      int  `json:"untried"`
	HonestLetIn  bool `json:"honest_let_in"`
}

func summarise(results []Result) Summary {
	summary := Summary{Total: len(results), Untried: len(attacks()) - len(results)}
	for _, result := range results {
		switch result.Verdict {
		case LetIn:
			summary.HonestLetIn = true
		case Refused, Harmless, NotVerified:
			summary.HeldOff++
			if result.Verdict == NotVerified {
				summary.NotVerified++
			}
		case GotThrough:
			summary.GotThrough++
		case Skipped:
			summary.Skipped++
		default:
			summary.Inconclusive++
		}
	}
	summary.OK = summary.HonestLetIn && summary.GotThrough == 0 && summary.Inconclusive == 0 && summary.Untried == 0
	return summary
}

// honest is the name of the one attack that is none.
const honest = "honest"

// attack is one button.
type attack struct {
	name  string
	title string
	tries string // one sentence
	run   func(context.Context, *trial) error
}

// bench runs attacks, one at a time, and remembers how each came out last.
type bench struct {
	shop    *Shop
	auditor auditor
	attacks []attack
	pace    time.Duration

	running sync.Mutex        // one attack at a time: the record is read by "what is new"
	signed  map[string]string // :: customer id → session with a true proof
	sent    time.Time         // the last request of an attack

	mu   sync.Mutex
	last map[string]Result
}

func newBench(s *Shop) *bench {
	return &bench{
		shop:    s,
		auditor: auditor{client: s.client, token: string(s.config.AuditToken)},
		attacks: attacks(),
		pace:    pace,
		signed:  make(map[string]string),
		last:    make(map[string]Result),
	}
}

// results are the last ones, in the order of the page.
func (b *bench) results() []Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	var results []Result
	for _, one := range b.attacks {
		if result, ok := b.last[one.name]; ok {
			results = append(results, result)
		}
	}
	return results
}

func (b *bench) result(name string) (Result, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	result, ok := b.last[name]
	return result, ok
}

func (b *bench) find(name string) (attack, bool) {
	for _, one := range b.attacks {
		if one.name == name {
			return one, true
		}
	}
	return attack{}, false
}

// runAll tries everything in order.
func (b *bench) runAll(ctx context.Context, site string) []Result {
	results := make([]Result, 0, len(b.attacks))
	for _, one := range b.attacks {
		results = append(results, b.run(ctx, one, site))
	}
	return results
}

// run tries one attack. Whatever stops it on the way is a result too, and never
// a good one.
func (b *bench) run(ctx context.Context, one attack, site string) Result {
	b.running.Lock()
	defer b.running.Unlock()
	ctx, cancel := context.WithTimeout(ctx, benchPatience)
	defer cancel()

	t := &trial{bench: b, site: site, verdict: Skipped}
	err := t.meet(ctx)
	seen := b.auditor.mark(ctx) // after the honest sessions that the bench needs for itself
	if err == nil {
		err = one.run(ctx, t)
	}
	result := Result{
		Name: one.name, Title: one.title, Tries: one.tries, At: b.shop.now(),
		Verdict: t.verdict, Steps: t.steps, Finding: t.finding,
	}
	if err != nil {
		result.Verdict = worst(result.Verdict, one.stoppedBy(err))
		result.Finding = "The bench could not finish: " + shorten(err.Error()) + "."
	}
	result.Operator, result.Note = b.auditor.since(ctx, seen, t.records)
	result.Reasons = reasonsOf(result.Operator)
	if err == nil || result.Verdict == GotThrough || result.Verdict == KeptOut {
		result.Finding = conclude(result)
	}
	b.mu.Lock()
	b.last[one.name] = result
	b.mu.Unlock()
	return result
}

// stoppedBy is the verdict of an attack that could not be finished. That honest
// people are turned away before it begins is what the honest one is there to say.
func (a attack) stoppedBy(err error) Verdict {
	var refusal refusedError
	if a.name == honest && errors.As(err, &refusal) && refusal.status/100 == 4 && refusal.status != http.StatusTooManyRequests {
		return KeptOut
	}
	return Inconclusive
}

// trial is one run of one attack: it sends, writes down and judges.
type trial struct {
	bench   *bench
	site    string // the shop's own origin, as its visitors see it
	me      Customer
	victim  Customer
	prey    prey
	steps   []*Step
	verdict Verdict
	finding string
	records int // entries that the operator should find
}

// tellingLength is how long a message must be before nobody else writes the same.
const tellingLength = 24

// prey is what must never be seen by anybody else.
type prey struct {
	conversation string
	texts        []string
}

// meet gathers both sides: the victim's own conversation, read with her own
// proof, so that a leak can be recognised.
func (t *trial) meet(ctx context.Context) error {
	t.me, _ = customerByID(attackerID)
	t.victim, _ = customerByID(victimID)
	session, rows, err := t.bench.honest(ctx, t.victim)
	if err != nil {
		return fmt.Errorf("the victim could not open her own session: %w", err)
	}
	if len(rows) == 0 {
		id, err := t.bench.shop.write(ctx, session, "bench-"+t.victim.ID, stories()[len(stories())-1].texts)
		if err != nil {
			return fmt.Errorf("the victim could not write: %w", err)
		}
		rows = []conversationRow{{ID: id}}
	}
	t.prey.conversation = rows[len(rows)-1].ID
	texts, err := t.bench.texts(ctx, session, t.prey.conversation)
	if err != nil {
		return fmt.Errorf("the victim could not read her own conversation: %w", err)
	}
	t.prey.texts = texts
	_, _, err = t.bench.honest(ctx, t.me)
	if err != nil {
		return fmt.Errorf("the attacker could not open a session of her own: %w", err)
	}
	return nil
}

// honest is a session with a true proof, opened once and kept while it lives,
// and the conversations it sees.
func (b *bench) honest(ctx context.Context, customer Customer) (string, []conversationRow, error) {
	if session, ok := b.signed[customer.ID]; ok {
		if rows, err := b.shop.conversations(ctx, session); err == nil {
			return session, rows, nil
		}
		delete(b.signed, customer.ID)
	}
	session, rows, err := b.shop.historyOf(ctx, customer.ID)
	if err != nil {
		return "", nil, err
	}
	b.signed[customer.ID] = session
	return session, rows, nil
}

func (b *bench) texts(ctx context.Context, session, conversation string) ([]string, error) {
	got, err := b.shop.client.do(ctx, call{Method: http.MethodGet, Path: messagesPath(conversation), Bearer: session})
	if err != nil {
		return nil, err
	}
	if !got.ok() {
		return nil, refusedError{got.Status, got.problem()}
	}
	var list messageList
	if err := got.decode(&list); err != nil {
		return nil, err
	}
	var texts []string
	for _, message := range list.Messages {
		// The team may send the same words to many; only her own give a leak away.
		if message.Author.Kind == "visitor" && len(message.Text) >= tellingLength {
			texts = append(texts, message.Text)
		}
	}
	return texts, nil
}

// hash is a true proof for an id, as the shop would sign it.
func (t *trial) hash(id string) string { return userHash(t.bench.shop.config.Secret, id) }

// send makes one request, not faster than the pace, and writes it down. The step
// is judged by the caller.
func (t *trial) send(ctx context.Context, does string, one call) (answer, *Step, error) {
	if err := t.wait(ctx); err != nil {
		return answer{}, nil, err
	}
	got, err := t.bench.shop.client.do(ctx, one)
	if err != nil {
		return answer{}, nil, err
	}
	return got, t.note(does, one, got), nil
}

func (t *trial) wait(ctx context.Context) error {
	pause := time.NewTimer(t.bench.pace - time.Since(t.bench.sent))
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-pause.C:
		t.bench.sent = time.Now()
		return nil
	}
}

func (t *trial) note(does string, one call, got answer) *Step {
	step := &Step{Does: does, Request: sent(one), Answer: received(got)}
	t.steps = append(t.steps, step)
	return step
}

// judge settles a step, and with it the trial's verdict so far.
func (t *trial) judge(step *Step, verdict Verdict, finding string) {
	step.Verdict, step.Finding = verdict, finding
	t.verdict = worst(t.verdict, verdict)
}

// openSession asks for a session with an assertion.
func (t *trial) openSession(ctx context.Context, does string, assertion any, headers http.Header) (answer, *Step, error) {
	return t.send(ctx, does, call{
		Method: http.MethodPost, Path: sessionsPath, Headers: headers,
		Body: opening{Channel: t.bench.shop.config.Channel, Platform: "web", Origin: t.site, Assertion: assertion},
	})
}

// impersonate tries an assertion that names the victim and must not verify.
func (t *trial) impersonate(ctx context.Context, does string, assertion any, headers http.Header) error {
	got, step, err := t.openSession(ctx, does, assertion, headers)
	if err != nil {
		return err
	}
	t.records++
	return t.judgeOpening(ctx, got, step)
}

// judgeOpening looks at the answer to a false proof, and if a session came of it,
// at what that session sees.
func (t *trial) judgeOpening(ctx context.Context, got answer, step *Step) error {
	session, ok := t.opened(got, step)
	if !ok {
		return nil
	}
	switch {
	case session.Tier == "verified":
		t.judge(step, GotThrough, "A verified session for somebody who proved nothing.")
	case t.leaks(got, true):
		t.judge(step, GotThrough, "The answer tells something about the victim.")
	default:
		t.judge(step, NotVerified, "A session of the tier “"+session.Tier+"”: it says of itself that nothing was proved. What does it see?")
	}
	return t.lookAround(ctx, session.Session)
}

// opened is the session of an answer. Where there is none the step is judged.
func (t *trial) opened(got answer, step *Step) (openedSession, bool) {
	if verdict, finding, over := judgeStatus(got); over {
		t.judge(step, verdict, finding)
		return openedSession{}, false
	}
	session, ok := readOpened(got)
	if !ok {
		t.judge(step, Inconclusive, "The answer could not be read.")
	}
	return session, ok
}

// judgeStatus settles an answer by its status alone, where that is possible.
func judgeStatus(got answer) (verdict Verdict, finding string, over bool) {
	code := got.problem()
	switch {
	case got.Status == http.StatusTooManyRequests:
		return Inconclusive, "Too many tries from this address for the moment. Wait a minute and run it again.", true
	case code == "channel_unknown":
		return Inconclusive, "Countersign does not know the channel: nothing was tried.", true
	case got.Status >= 500:
		return Inconclusive, fmt.Sprintf("Countersign answered %d: that refuses nothing, it only fails.", got.Status), true
	case got.Status >= 400:
		if code == "" {
			return Refused, fmt.Sprintf("Turned away with %d.", got.Status), true
		}
		return Refused, fmt.Sprintf("Turned away with %d %s.", got.Status, code), true
	case !got.ok():
		return Inconclusive, fmt.Sprintf("An answer of %d says nothing.", got.Status), true
	}
	return "", "", false
}

// judgeInside is judgeStatus for a request whose session should be alive: that it
// was not says nothing about whose conversations it might have seen.
func judgeInside(got answer) (verdict Verdict, finding string, over bool) {
	if got.Status == http.StatusUnauthorized {
		return Inconclusive, "The session of this attempt was not good any more, so nothing was tried.", true
	}
	return judgeStatus(got)
}

// lookAround reads what an unproved session sees, and leaves.
func (t *trial) lookAround(ctx context.Context, session string) error {
	defer t.bench.shop.leave(ctx, session)
	got, step, err := t.send(ctx, "List the conversations of this session.",
		call{Method: http.MethodGet, Path: conversationsPath, Bearer: session})
	if err != nil {
		return err
	}
	t.judgeSight(got, step, true)
	got, step, err = t.send(ctx, "Ask for the victim’s conversation by its id.",
		call{Method: http.MethodGet, Path: messagesPath(t.prey.conversation), Bearer: session})
	if err != nil {
		return err
	}
	t.judgeSight(got, step, false)
	return nil
}

// judgeSight judges what an answer shows. Where the request did not name the
// victim's conversation, its id alone is a leak too.
func (t *trial) judgeSight(got answer, step *Step, idCounts bool) {
	verdict, finding, over := judgeInside(got)
	switch {
	case t.leaks(got, idCounts):
		t.judge(step, GotThrough, "The victim’s conversation was readable.")
	case over:
		t.judge(step, verdict, finding)
	case !idCounts:
		t.judge(step, GotThrough, "Answered as if the conversation belonged to this session.")
	default:
		t.judge(step, Harmless, "Nothing of the victim is in it.")
	}
}

// unchanged reads the victim's conversation with her own proof: whatever the
// answers said, nobody may have written there.
func (t *trial) unchanged(ctx context.Context, intrusion string) error {
	session, _, err := t.bench.honest(ctx, t.victim)
	if err != nil {
		return err
	}
	one := call{Method: http.MethodGet, Path: messagesPath(t.prey.conversation), Bearer: session}
	got, err := t.bench.shop.client.do(ctx, one)
	if err != nil {
		return err
	}
	shown := got
	shown.Body = []byte("(her own messages; not shown here)")
	step := t.note("The victim looks at her own conversation, with her own proof.", one, shown)
	switch {
	case !got.ok():
		t.judge(step, Inconclusive, fmt.Sprintf("She could not: %d.", got.Status))
	case slices.Contains(textsIn(got.Body), intrusion):
		t.judge(step, GotThrough, "Somebody else’s words stand in her conversation.")
	default:
		t.judge(step, Harmless, "Nothing was added.")
	}
	return nil
}
