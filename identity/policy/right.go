package policy

import "slices"

// Role is what an agent (a teammate) is trusted with.
type Role string

const (
	Owner    Role = "owner"
	Security Role = "security"
	Admin    Role = "admin"
	AgentR   Role = "agent"
	Auditor  Role = "auditor"
)

// Right is one thing that a principal may do.
type Right string

const (
	ReadConversations  Right = "conversations.read"
	ReplyConversations Right = "conversations.reply"
	ReadKeys           Right = "keys.read"
	ManageKeys         Right = "keys.manage" // generate, import, rotate, finish, revoke
	RevealKeys         Right = "keys.reveal"
	SetEnforcement     Right = "enforcement.set"
	ManageChannels     Right = "channels.manage"
	ReadChannels       Right = "channels.read"
	ManagePeople       Right = "people.manage" // block, end sessions
	ReadAudit          Right = "audit.read"
	ManageTeam         Right = "team.manage"
	ReadTeam           Right = "team.read"
	ManageTokens       Right = "tokens.manage"
	ReadMetrics        Right = "metrics.read" // they say why proofs are refused: nothing for strangers
	ExportPeople       Right = "people.export"
	ErasePeople        Right = "people.erase"
	DeclareTools       Right = "tools.declare"
	VerifyIdentity     Right = "identity.verify" // ask whether an assertion holds: for a product with a chat of its own
)

// rights is the one table :: role → rights.
var rights = map[Role][]Right{
	Owner: {ReadConversations, ReplyConversations, ReadKeys, ManageKeys, RevealKeys, SetEnforcement, ManageChannels,
		ReadChannels, ManagePeople, ReadAudit, ManageTeam, ReadTeam, ManageTokens, ReadMetrics,
		ExportPeople, ErasePeople, DeclareTools, VerifyIdentity},
	Security: {ReadConversations, ReplyConversations, ReadKeys, ManageKeys, RevealKeys, SetEnforcement, ManageChannels,
		ReadChannels, ManagePeople, ReadAudit, ReadTeam, ManageTokens, ReadMetrics,
		ExportPeople, ErasePeople, DeclareTools, VerifyIdentity},
	Admin: {ReadConversations, ReplyConversations, ReadKeys, ManageChannels, ReadChannels, ManagePeople, ManageTeam, ReadTeam, ReadMetrics,
		ExportPeople, ErasePeople, DeclareTools},
	AgentR:  {ReadConversations, ReplyConversations, ReadChannels, ReadTeam},
	Auditor: {ReadKeys, ReadChannels, ReadAudit, ReadTeam},
}

// guarded are the rights that a workspace which asks for a second factor gives to
// owner and security only once they have one: with each of them somebody could come to
// pass as a customer, or let another do so.
var guarded = []Right{RevealKeys, ManageKeys, SetEnforcement, ManageTeam, ManageTokens}

// Guarded lists them.
func Guarded() []Right { return slices.Clone(guarded) }

// NeedsFactor says whether a workspace can ask this role for a second factor.
func NeedsFactor(role Role) bool { return role == Owner || role == Security }

// Held is what an agent of a role may do; lacking says that the workspace asks for a
// second factor and the agent has none.
func Held(role Role, lacking bool) []Right {
	held := RightsOf(role)
	if lacking && NeedsFactor(role) {
		held = slices.DeleteFunc(held, func(r Right) bool { return slices.Contains(guarded, r) })
	}
	return held
}

// Roles in order of trust, most first.
func Roles() []Role { return []Role{Owner, Security, Admin, AgentR, Auditor} }

// RightsOf lists what a role may do; an unknown role may do nothing.
func RightsOf(role Role) []Right { return append([]Right(nil), rights[role]...) }

// means :: right → what it allows, for docs/roles.md.
var means = map[Right]string{
	ReadConversations:  "read conversations and what is known of people",
	ReplyConversations: "answer, assign, snooze and close conversations",
	ReadKeys:           "see keys, their states and fingerprints, never a secret",
	ManageKeys:         "generate, import, rotate, finish and revoke keys",
	RevealKeys:         "be shown a key's secret or an expected hash",
	SetEnforcement:     "set enforcement and the minimum tier, lengthen the life of tokens",
	ManageChannels:     "create and change channels",
	ReadChannels:       "see channels and who embeds them",
	ManagePeople:       "block people, end their sessions",
	ReadAudit:          "read and export the record",
	ManageTeam:         "invite and remove colleagues, give roles, reset second factors",
	ReadTeam:           "see colleagues and their roles",
	ManageTokens:       "make and revoke API tokens",
	ReadMetrics:        "read the metrics",
	ExportPeople:       "export what is known of a person",
	ErasePeople:        "erase a person",
	DeclareTools:       "declare account tools",
	VerifyIdentity:     "ask whether an assertion holds",
}

// Means says what a right allows; empty for what is none.
func (r Right) Means() string { return means[r] }
