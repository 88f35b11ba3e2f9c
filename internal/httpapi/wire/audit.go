package wire

import "time"

// AuditEntry is one decision of the record.
type AuditEntry struct {
	ID             string            `json:"id" doc:"chain/number"`
	At             time.Time         `json:"at"`
	Actor          string            `json:"actor" doc:"agent:, token: or visitor: and an id; gate, server, or the command line's cli:"`
	ActorName      string            `json:"actor_name,omitzero" doc:"what that agent or token is called: to readers with team.read, of a token also with tokens.manage"`
	Action         string            `json:"action"`
	Channel        string            `json:"channel"`
	Subject        string            `json:"subject" doc:"contact, key, agent, or a person's pseudonym (psn_…)"`
	SubjectName    string            `json:"subject_name,omitzero" doc:"whom the pseudonym stands for: to readers with conversations.read, until the person is erased"`
	SubjectContact string            `json:"subject_contact,omitzero" doc:"that person's contact, if there is one"`
	Detail         map[string]string `json:"detail"`
}

// AuditEntries is one page of the record, newest first.
type AuditEntries struct {
	Entries []AuditEntry `json:"entries"`
	Next    string       `json:"next,omitzero"`
}

// AuditStatus says how the record of the installation stands.
type AuditStatus struct {
	Entries    int64            `json:"entries" doc:"kept, in all workspaces"`
	Pruned     int64            `json:"pruned" doc:"cut away, each up to a checkpoint"`
	Checkpoint *AuditCheckpoint `json:"checkpoint,omitzero" doc:"the last one; absent before the first"`
	Checked    int64            `json:"checked" doc:"newest entries that were verified just now"`
	Intact     bool             `json:"intact" doc:"what was verified is what was written"`
	Faults     []string         `json:"faults,omitzero"`
}

// AuditCheckpoint is a moment at which the heads of all chains left the machine.
type AuditCheckpoint struct {
	Number int64     `json:"number" doc:"1, 2, 3 … of the installation"`
	At     time.Time `json:"at" doc:"when the heads of all chains were sealed"`
	Since  int64     `json:"since" doc:"entries that came after it"`
}
