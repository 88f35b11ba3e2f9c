package audit

import (
	"maps"
	"slices"
)

// groups are the actions that are asked for together. Every action is in exactly one
// of them; web/console/pages/audit/filter.ts has the same table.
var groups = map[string][]Action{
	"sessions": {SessionOpened, SessionEnded, ThreadClaimed},
	"refusals": {IdentityRefused, SessionRefused, AgentSignInFailed},
	"keys": {KeyGenerated, KeyImported, KeyRotated, KeyFinished, KeySignBy, KeyRevoked, KidRevoked, KeyRevealed, HashRevealed, KeyRenamed, KeyExtended, KeySwept,
		RegistrationCreated, RegistrationUsed, RegistrationConfirmed, RegistrationRefused},
	"channels": {EnforcementSet, ChannelCreated, ChannelChanged, DomainIgnored, DomainNoticed, AttributePolicySet, LogoutPolicySet},
	"people":   {ContactBlocked, ContactUnblocked, ContactExported, ContactErased, BareProofsRefused, IdentifierDisputed, IdentifierReleased, HistoryBegun, HistoryImported, ImportOpened},
	"team": {AgentInvited, AgentJoined, AgentChanged, AgentRemoved, AgentSignedIn, AgentSignedOut, AgentConfirmed, PasswordChanged,
		FactorBegun, FactorAdded, FactorRemoved, FactorsReset, FactorRuleSet, RecoveryMade, OwnerReset, TokenCreated, TokenRevoked},
	"record": {ServerStarted, MasterRewrapped, RecordExported, RecordPruned},
}

// Groups are their names, as a filter takes them.
func Groups() []string { return slices.Sorted(maps.Keys(groups)) }

// Group is the actions of a group; nil if there is none of that name.
func Group(name string) []Action { return slices.Clone(groups[name]) }
