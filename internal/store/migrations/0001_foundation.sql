-- The first schema. {{text}}, {{int}} and {{bytes}} are the engines' words for
-- texts compared byte by byte, 64-bit integers and byte strings.
--
-- Times are microseconds since 1970; 0 is "never", so that an index can be
-- partial on it and no comparison meets NULL. Every row says its workspace.

-- What is true of the installation as a whole: its id, the canary, marks.
CREATE TABLE meta (
	name {{text}} PRIMARY KEY,
	value {{bytes}} NOT NULL
);

-- The log's head, one row. Whoever writes locks it first and holds it until the
-- commit: that is what makes sequences gapless and visible in their order
-- (docs/adr/0001-log-order.md). records counts audit entries in the same way.
CREATE TABLE head (
	id {{int}} PRIMARY KEY CHECK (id = 1),
	seq {{int}} NOT NULL,
	epoch {{int}} NOT NULL,
	records {{int}} NOT NULL
);
INSERT INTO head (id, seq, epoch, records) VALUES (1, 0, 1, 0);

CREATE TABLE events (
	seq {{int}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	audience {{text}} NOT NULL,
	kind {{text}} NOT NULL,
	channel {{text}} NOT NULL,
	contact {{text}} NOT NULL,
	conversation {{text}} NOT NULL,
	session {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	agent {{text}} NOT NULL,
	at {{int}} NOT NULL,
	body {{text}} NOT NULL
);
-- Catch-up of one visitor, and of the agents of one workspace. What the one must
-- not see is not even in the index that it reads.
CREATE INDEX events_visitor ON events (contact, seq) WHERE audience = 'visitor';
CREATE INDEX events_agents ON events (workspace, seq) WHERE audience <> 'system';

CREATE TABLE workspaces (
	id {{text}} PRIMARY KEY,
	name {{text}} NOT NULL,
	created_at {{int}} NOT NULL
);

CREATE TABLE channels (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL REFERENCES workspaces (id),
	slug {{text}} NOT NULL,
	name {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	minimum_tier {{text}} NOT NULL,
	origins {{text}} NOT NULL,
	appearance {{text}} NOT NULL,
	created_at {{int}} NOT NULL
);
CREATE INDEX channels_workspace ON channels (workspace, created_at, id);

-- A public id names one channel in the whole installation: the primary key is
-- the race between two operators who want the same name.
CREATE TABLE channel_names (
	name {{text}} PRIMARY KEY,
	channel {{text}} NOT NULL REFERENCES channels (id),
	position {{int}} NOT NULL
);
CREATE INDEX channel_names_channel ON channel_names (channel, position);

CREATE TABLE channel_platforms (
	channel {{text}} NOT NULL REFERENCES channels (id),
	platform {{text}} NOT NULL,
	enforcement {{text}} NOT NULL,
	PRIMARY KEY (channel, platform)
);

-- version is what a change of the ring must name.
CREATE TABLE rings (
	channel {{text}} PRIMARY KEY REFERENCES channels (id),
	workspace {{text}} NOT NULL,
	version {{int}} NOT NULL
);

-- Rows are never deleted, so that an id or a secret never comes back.
CREATE TABLE keys (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	channel {{text}} NOT NULL REFERENCES rings (channel),
	position {{int}} NOT NULL,
	name {{text}} NOT NULL,
	state {{text}} NOT NULL,
	dialect {{text}} NOT NULL,
	proof {{text}} NOT NULL,
	signs {{text}} NOT NULL,
	platforms {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	confirms {{int}} NOT NULL,
	fingerprint {{text}} NOT NULL UNIQUE,
	sealed {{bytes}} NOT NULL,
	reveal {{text}} NOT NULL,
	imported {{int}} NOT NULL,
	created_by {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	retiring_at {{int}} NOT NULL,
	ends_at {{int}} NOT NULL,
	sign_by {{int}} NOT NULL,
	revoked_at {{int}} NOT NULL,
	last_used_at {{int}} NOT NULL
);
CREATE INDEX keys_channel ON keys (channel, position);

CREATE TABLE contacts (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	kind {{text}} NOT NULL,
	scope {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	seen_at {{int}} NOT NULL,
	blocked_at {{int}} NOT NULL
);
-- One contact per browser, claim or session that an unverified visitor hangs on.
CREATE UNIQUE INDEX contacts_scope ON contacts (workspace, scope) WHERE scope <> '';

-- A proved identifier belongs to one contact; the primary key says so.
CREATE TABLE links (
	workspace {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	kind {{text}} NOT NULL,
	value {{text}} NOT NULL,
	contact {{text}} NOT NULL REFERENCES contacts (id),
	method {{text}} NOT NULL,
	session {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	at {{int}} NOT NULL,
	PRIMARY KEY (workspace, realm, kind, value)
);
CREATE INDEX links_contact ON links (contact);

-- Provenance is in the key: a weaker word never replaces a stronger one.
CREATE TABLE attributes (
	workspace {{text}} NOT NULL,
	contact {{text}} NOT NULL REFERENCES contacts (id),
	name {{text}} NOT NULL,
	provenance {{text}} NOT NULL,
	value {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	method {{text}} NOT NULL,
	session {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	at {{int}} NOT NULL,
	PRIMARY KEY (contact, name, provenance)
);

CREATE TABLE visitors (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	channel {{text}} NOT NULL,
	token_hash {{bytes}} NOT NULL UNIQUE,
	contact {{text}} NOT NULL,
	person {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	seen_at {{int}} NOT NULL,
	expires_at {{int}} NOT NULL,
	retired_at {{int}} NOT NULL
);

CREATE TABLE sessions (
	id {{text}} PRIMARY KEY,
	token_hash {{bytes}} NOT NULL UNIQUE,
	workspace {{text}} NOT NULL,
	channel {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	platform {{text}} NOT NULL,
	dialect {{text}} NOT NULL,
	visitor {{text}} NOT NULL,
	contact {{text}} NOT NULL REFERENCES contacts (id),
	lane {{text}} NOT NULL,
	origin {{text}} NOT NULL,
	user_agent {{text}} NOT NULL,
	tier {{text}} NOT NULL,
	method {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	identifiers {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	seen_at {{int}} NOT NULL,
	expires_at {{int}} NOT NULL,
	absolute {{int}} NOT NULL,
	proof_ends {{int}} NOT NULL,
	ended_at {{int}} NOT NULL,
	ended_by {{text}} NOT NULL
);
CREATE INDEX sessions_contact ON sessions (contact, created_at, id);
CREATE INDEX sessions_visitor ON sessions (visitor, created_at);
-- What a revoked key or an enforced channel ends, and what is counted as live.
CREATE INDEX sessions_key ON sessions (key_id, expires_at) WHERE ended_at = 0 AND key_id <> '';
CREATE INDEX sessions_claimed ON sessions (channel, platform) WHERE ended_at = 0 AND tier = 'claimed';

CREATE TABLE conversations (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	channel {{text}} NOT NULL,
	contact {{text}} NOT NULL REFERENCES contacts (id),
	status {{text}} NOT NULL,
	assignee {{text}} NOT NULL,
	assignee_name {{text}} NOT NULL,
	tier {{text}} NOT NULL,
	preview {{text}} NOT NULL,
	last_author {{text}} NOT NULL,
	last_seq {{int}} NOT NULL,
	last_at {{int}} NOT NULL,
	visitor_read {{int}} NOT NULL,
	agents_read {{int}} NOT NULL,
	visitor_count {{int}} NOT NULL,
	team_count {{int}} NOT NULL,
	visitor_unread {{int}} NOT NULL,
	agents_unread {{int}} NOT NULL,
	created_at {{int}} NOT NULL,
	snoozed_until {{int}} NOT NULL
);
-- The inbox, one agent's (or nobody's) part of it, and one person's threads.
CREATE INDEX conversations_inbox ON conversations (workspace, status, last_at, id);
CREATE INDEX conversations_assignee ON conversations (workspace, assignee, status, last_at, id);
CREATE INDEX conversations_contact ON conversations (contact, last_at, id);
-- Which snoozes have run out, in any workspace.
CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE status = 'snoozed';

-- The inbox's numbers: counting rows would grow with the workspace. Every
-- transaction that moves a conversation between these cells moves the numbers.
CREATE TABLE tallies (
	workspace {{text}} NOT NULL,
	status {{text}} NOT NULL,
	assignee {{text}} NOT NULL,
	n {{int}} NOT NULL,
	PRIMARY KEY (workspace, status, assignee)
);

-- seq is the message's event: the order of every thread. What its author had
-- proved stands with it, with the session and the key, so that a key that turns
-- out to be compromised leads to what it wrote.
CREATE TABLE messages (
	seq {{int}} PRIMARY KEY,
	id {{text}} NOT NULL UNIQUE,
	workspace {{text}} NOT NULL,
	channel {{text}} NOT NULL,
	conversation {{text}} NOT NULL REFERENCES conversations (id),
	contact {{text}} NOT NULL,
	audience {{text}} NOT NULL,
	author {{text}} NOT NULL,
	author_id {{text}} NOT NULL,
	author_name {{text}} NOT NULL,
	text {{text}} NOT NULL,
	client_id {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	tier {{text}} NOT NULL,
	method {{text}} NOT NULL,
	session {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	at {{int}} NOT NULL
);
CREATE UNIQUE INDEX messages_thread ON messages (conversation, seq);
-- The same message sent twice is one message.
CREATE UNIQUE INDEX messages_client ON messages (conversation, author_id, client_id) WHERE client_id <> '';

-- Who took over which anonymous thread, by which session and key.
CREATE TABLE claims (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	method {{text}} NOT NULL,
	session {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	visitor {{text}} NOT NULL,
	from_contact {{text}} NOT NULL,
	to_contact {{text}} NOT NULL,
	conversation {{text}} NOT NULL,
	at {{int}} NOT NULL
);
CREATE INDEX claims_key ON claims (key_id, at);
CREATE INDEX claims_contact ON claims (to_contact, at);

CREATE TABLE agents (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL REFERENCES workspaces (id),
	email {{text}} NOT NULL,
	name {{text}} NOT NULL,
	role {{text}} NOT NULL,
	password {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	removed_at {{int}} NOT NULL
);
CREATE UNIQUE INDEX agents_email ON agents (email, workspace) WHERE removed_at = 0;
CREATE INDEX agents_workspace ON agents (workspace, created_at, id);

CREATE TABLE agent_links (
	token_hash {{bytes}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	agent {{text}} NOT NULL REFERENCES agents (id),
	expires_at {{int}} NOT NULL,
	used_at {{int}} NOT NULL
);
CREATE INDEX agent_links_agent ON agent_links (agent);

CREATE TABLE logins (
	id {{text}} PRIMARY KEY,
	token_hash {{bytes}} NOT NULL UNIQUE,
	workspace {{text}} NOT NULL,
	agent {{text}} NOT NULL REFERENCES agents (id),
	user_agent {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	seen_at {{int}} NOT NULL,
	expires_at {{int}} NOT NULL,
	ended_at {{int}} NOT NULL
);
CREATE INDEX logins_agent ON logins (agent) WHERE ended_at = 0;

CREATE TABLE tokens (
	id {{text}} PRIMARY KEY,
	token_hash {{bytes}} NOT NULL UNIQUE,
	workspace {{text}} NOT NULL REFERENCES workspaces (id),
	name {{text}} NOT NULL,
	scopes {{text}} NOT NULL,
	created_by {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	expires_at {{int}} NOT NULL,
	revoked_at {{int}} NOT NULL
);
CREATE INDEX tokens_workspace ON tokens (workspace, created_at, id);

-- Wrong tries that guard a secret: they live here so that a second node, or a
-- restart, gives nobody fresh ones.
CREATE TABLE failures (
	name {{text}} PRIMARY KEY,
	n {{int}} NOT NULL,
	ends_at {{int}} NOT NULL
);
CREATE INDEX failures_end ON failures (ends_at);

-- position orders the entries of all chains; (chain, number) is what is MACed.
CREATE TABLE audit (
	position {{int}} PRIMARY KEY,
	chain {{text}} NOT NULL,
	number {{int}} NOT NULL,
	at {{int}} NOT NULL,
	workspace {{text}} NOT NULL,
	actor {{text}} NOT NULL,
	action {{text}} NOT NULL,
	channel {{text}} NOT NULL,
	subject {{text}} NOT NULL,
	detail {{text}} NOT NULL,
	previous {{bytes}} NOT NULL,
	mac {{bytes}} NOT NULL,
	UNIQUE (chain, number)
);
CREATE INDEX audit_workspace ON audit (workspace, position);
CREATE INDEX audit_action ON audit (workspace, action, position);
CREATE INDEX audit_channel ON audit (workspace, channel, position);
CREATE INDEX audit_subject ON audit (workspace, subject, position);
CREATE INDEX audit_actor ON audit (workspace, actor, position);
