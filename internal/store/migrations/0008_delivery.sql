-- Mail on its way out, and codes that prove an address.

-- Whether visitors of a channel may prove an address by an emailed code.
ALTER TABLE channels ADD COLUMN email_code {{int}} NOT NULL DEFAULT 0;

-- What a channel that takes no more codes ends, and what is counted of it.
CREATE INDEX sessions_code ON sessions (channel, expires_at) WHERE ended_at = 0 AND method = 'code';

-- The outbox: written in the transaction of what causes the mail, so that neither
-- is there without the other. sealed holds address, subject and text under the
-- master key, and is emptied when the letter was delivered or given up: a code must
-- not outlive its use in a backup. recipient is for people to look at, and cut.
-- A claim moves next_at into the future: whoever claimed and crashed loses it then.
CREATE TABLE outbox (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	kind {{text}} NOT NULL,
	ref {{text}} NOT NULL,
	recipient {{text}} NOT NULL,
	sealed {{bytes}} NOT NULL,
	state {{text}} NOT NULL,
	attempts {{int}} NOT NULL,
	next_at {{int}} NOT NULL,
	expires_at {{int}} NOT NULL,
	last_error {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	done_at {{int}} NOT NULL
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'waiting';
CREATE INDEX outbox_workspace ON outbox (workspace, created_at, id);
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at <> 0;

-- One live code for each asker (a session, or an attempt to begin one): a new one
-- replaces the old, a right one is deleted. The address is sealed, the code is a MAC.
CREATE TABLE codes (
	asker {{text}} PRIMARY KEY,
	id {{text}} NOT NULL UNIQUE,
	workspace {{text}} NOT NULL,
	session {{text}} NOT NULL,
	channel {{text}} NOT NULL REFERENCES channels (id),
	realm {{text}} NOT NULL,
	address {{text}} NOT NULL,
	sealed {{bytes}} NOT NULL,
	tag {{bytes}} NOT NULL,
	tries {{int}} NOT NULL,
	created_at {{int}} NOT NULL,
	expires_at {{int}} NOT NULL
);
CREATE INDEX codes_expiry ON codes (expires_at);

-- What was asked for and tried wrongly, for a day: the limits that guard a mailbox
-- and the six digits are counted over the whole installation, so that no second
-- node, channel or workspace gives anybody fresh ones. No address stands here in
-- clear: name is a kind and a MAC.
CREATE TABLE code_marks (
	name {{text}} NOT NULL,
	at {{int}} NOT NULL
);
CREATE INDEX code_marks_name ON code_marks (name, at);
CREATE INDEX code_marks_at ON code_marks (at);
