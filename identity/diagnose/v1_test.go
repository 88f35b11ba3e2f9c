package diagnose_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/identity/diagnose"
	"countersign/identity/dialect"
)

// v1Making is how a backend makes a v1 token; each mistake changes one part of it.
type v1Making struct {
	key, channel, id, mail, around string
	issued                         time.Time
}

type v1Mistake struct {
	code diagnose.Code
	name string
	part string
	make func(m *v1Making)
}

func v1Mistakes() []v1Mistake {
	return []v1Mistake{
		{diagnose.OtherKey, "another channel's key", "key", func(m *v1Making) { m.key = secretOf("blog") }},
		{diagnose.RetiredKey, "a retired key", "key", func(m *v1Making) { m.key = secretOf("key_old") }},
		{diagnose.RetiredKey, "a revoked key", "key", func(m *v1Making) { m.key = secretOf("key_leaked") }},
		{diagnose.SecretAsHex, "digits decoded", "key", func(m *v1Making) { m.key = unhex(m.key) }},
		{diagnose.Newline, "the secret's line break", "key", func(m *v1Making) { m.key += "\n" }},
		{diagnose.OtherKey, "an unset variable", "key", func(m *v1Making) { m.key = "undefined" }},
		{diagnose.Expired, "a day too old", "time", func(m *v1Making) { m.issued = now.Add(-25 * time.Hour) }},
		{diagnose.Expired, "just too old", "time", func(m *v1Making) { m.issued = now.Add(-24 * time.Hour) }},
		{diagnose.ClockSkew, "just too early", "time", func(m *v1Making) { m.issued = now.Add(31 * time.Second) }},
		{diagnose.Audience, "another channel", "channel", func(m *v1Making) { m.channel = "blog" }},
		{diagnose.Audience, "a channel in capitals", "channel", func(m *v1Making) { m.channel = "SHOP" }},
		{diagnose.IdentifierKind, "only an email", "person", func(m *v1Making) { m.id = "" }},
		{diagnose.Newline, "a line break in the user id", "person", func(m *v1Making) { m.id += "\n" }},
		{diagnose.Blanks, "a blank around", "around", func(m *v1Making) { m.around = " " }},
		{diagnose.NotAHash, "in quotation marks", "around", func(m *v1Making) { m.around = `"` }},
	}
}

func (m v1Making) token() string {
	token := v1Token(m.key, m.channel, m.id, m.mail, m.issued)
	return m.around + token + m.around
}

// The gate holds a v1 token to less than what stands in it when its key is nobody's: the
// causes are all that is certain, one by one, two and three at a time.
func TestEveryPairAndTripleInV1IsNamed(t *testing.T) {
	all, tried := v1Mistakes(), 0
	try := func(some ...v1Mistake) {
		q := questionFor(t, "native-v1")
		q.MaxLife, q.UserID, q.Email = dialect.MaxLife, "", ""
		m := v1Making{key: secretOf("key_own"), channel: "shop", id: userID, mail: email, issued: now}
		var want []diagnose.Code
		var names []string
		for _, wrong := range some {
			wrong.make(&m)
			want, names = append(want, wrong.code), append(names, wrong.name)
		}
		tried++
		q.Token = m.token()
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if a.Verified || !slices.Equal(slices.Compact(codes(a.Causes)), sorted(want...)) {
			t.Errorf("%s: %+v", strings.Join(names, " and "), a.Causes)
		}
	}
	for i, first := range all {
		try(first)
		for j, second := range all[i+1:] {
			if first.part == second.part {
				continue
			}
			try(first, second)
			for _, third := range all[i+j+2:] {
				if third.part != first.part && third.part != second.part {
					try(first, second, third)
				}
			}
		}
	}
	if tried < 320 {
		t.Errorf("only %d were tried", tried)
	}
}

// Where a v1 token's life begins and ends, to the second.
func TestTheLifeOfV1IsExact(t *testing.T) {
	for age, want := range map[time.Duration]diagnose.Code{
		-time.Hour:                 diagnose.ClockSkew,
		-31 * time.Second:          diagnose.ClockSkew,
		-30 * time.Second:          "",
		0:                          "",
		24*time.Hour - time.Second: "",
		24 * time.Hour:             diagnose.Expired,
		1000 * time.Hour:           diagnose.Expired,
	} {
		q := questionFor(t, "native-v1")
		q.MaxLife, q.Token = dialect.MaxLife, v1Token(secretOf("key_own"), "shop", userID, email, now.Add(-age))
		a := diagnose.Diagnose(q)
		hold(t, q, a)
		if a.Verified != (want == "") || want != "" && !slices.Equal(codes(a.Causes), []diagnose.Code{want}) {
			t.Errorf("%v old: %+v", age, a)
		}
	}
}
