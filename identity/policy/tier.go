package policy

// Tier is how far a visitor's identity is known.
type Tier string

const (
	Anonymous Tier = "anonymous" // says nothing
	Claimed   Tier = "claimed"   // says, cannot prove
	Verified  Tier = "verified"  // proved
)

// Enforcement is what becomes of a visitor whose proof is missing or wrong.
type Enforcement string

const (
	Off     Enforcement = "off"
	Observe Enforcement = "observe"
	Enforce Enforcement = "enforce"
)

// OnFailure is what enforce does with a failed proof; the dialect says which.
type OnFailure string

const (
	Block         OnFailure = "block"     // no session
	MakeAnonymous OnFailure = "anonymous" // a visitor with no claim at all, told so
)

// Platform is what the caller says it runs on. It selects keys and enforcement
// and lifts no tier.
type Platform string

const (
	Web     Platform = "web"
	IOS     Platform = "ios"
	Android Platform = "android"
)
