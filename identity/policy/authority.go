package policy

import "slices"

// Authority is on whose word something is changed, and the rights which that takes.
// A principal says what its holder could do when it was authenticated; before the
// change is written the store asks again, in the transaction that writes. The zero
// Authority stands for what acts on no operator's word: the gate, a visitor, a
// password being tried.
type Authority struct {
	who   Principal
	needs []Right
}

// Needing is this principal's word for a change that takes the rights named.
func (p Principal) Needing(rights ...Right) Authority {
	return Authority{who: p, needs: slices.Clone(rights)}
}

// Needing takes further rights.
func (a Authority) Needing(rights ...Right) Authority {
	return Authority{who: a.who, needs: slices.Concat(a.needs, rights)}
}

// Who gives the word.
func (a Authority) Who() Principal { return a.who }

// Refusal is the answer to somebody who holds too little: ErrWithheld if the role alone
// would do, which is what they hold once they have a second factor.
func (a Authority) Refusal(held, role []Right) error {
	if !a.Within(held) && a.Within(role) {
		return ErrWithheld
	}
	return ErrForbidden
}

// Within says whether what somebody holds suffices.
func (a Authority) Within(held []Right) bool {
	return !slices.ContainsFunc(a.needs, func(r Right) bool { return !slices.Contains(held, r) })
}
