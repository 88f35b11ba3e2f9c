package trust_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"countersign/identity"
	"countersign/internal/trust"
)

func TestASealedNameOpensInItsOwnRowAlone(t *testing.T) {
	master, err := trust.NewMaster([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	p := trust.NewPseudonyms(master, "ins_1")
	ada := identity.Identifier{Realm: "main", Kind: identity.KindEmail, Value: "ada@example.com"}
	sealed := p.Seal("main", "psn_1", ada)
	if got, err := p.Open("main", "psn_1", sealed); err != nil || got != ada {
		t.Fatalf("%v, %v", got, err)
	}
	if bytes.Contains(sealed, []byte("ada")) || bytes.Equal(sealed, p.Seal("main", "psn_1", ada)) {
		t.Error("the sealed name tells something")
	}
	for name, open := range map[string]func() (identity.Identifier, error){
		"copied to another pseudonym": func() (identity.Identifier, error) { return p.Open("main", "psn_2", sealed) },
		"copied to another workspace": func() (identity.Identifier, error) { return p.Open("other", "psn_1", sealed) },
		"copied to another installation": func() (identity.Identifier, error) {
			return trust.NewPseudonyms(master, "ins_2").Open("main", "psn_1", sealed)
		},
		"cut off": func() (identity.Identifier, error) { return p.Open("main", "psn_1", sealed[:20]) },
		"changed in its last byte, the tag": func() (identity.Identifier, error) {
			return p.Open("main", "psn_1", append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1))
		},
	} {
		if got, err := open(); !errors.Is(err, trust.ErrSealed) || got != (identity.Identifier{}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", p, p, *p); strings.Contains(text, fmt.Sprintf("%v", master.Derive("pseudonym"))) {
		t.Error("printing it prints the key of the lookups")
	}
}

func TestALookupTellsRealmKindAndWorkspaceApart(t *testing.T) {
	master, err := trust.NewMaster([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	p := trust.NewPseudonyms(master, "ins_1")
	seen := map[string]string{}
	for name, lookup := range map[string][]byte{
		"one":                 p.Lookup("main", identity.Identifier{Realm: "r", Kind: identity.KindUserID, Value: "a@b"}),
		"as an email":         p.Lookup("main", identity.Identifier{Realm: "r", Kind: identity.KindEmail, Value: "a@b"}),
		"in another realm":    p.Lookup("main", identity.Identifier{Realm: "s", Kind: identity.KindUserID, Value: "a@b"}),
		"next door":           p.Lookup("other", identity.Identifier{Realm: "r", Kind: identity.KindUserID, Value: "a@b"}),
		"slid over a border":  p.Lookup("mainr", identity.Identifier{Realm: "", Kind: identity.KindUserID, Value: "a@b"}),
		"slid over a border2": p.Lookup("main", identity.Identifier{Realm: "ru", Kind: "ser_id", Value: "a@b"}),
	} {
		if before, twice := seen[string(lookup)]; twice || len(lookup) != 16 {
			t.Errorf("%s and %s have one lookup", name, before)
		}
		seen[string(lookup)] = name
	}
}
