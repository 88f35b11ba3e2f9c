-- What operators decide about one person, and what a session must be younger than.

-- Timed proofs made earlier open nothing for this person; nor does, until then, a
-- proof that does not say when it was made. 0: never said.
ALTER TABLE contacts ADD COLUMN not_before {{int}} NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN bare_until {{int}} NOT NULL DEFAULT 0;

-- The same of an identifier that such a person had to give away: it finds somebody else
-- by now, and a token that was stolen before must not.
CREATE TABLE released (
	workspace {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	kind {{text}} NOT NULL,
	value {{text}} NOT NULL,
	not_before {{int}} NOT NULL,
	PRIMARY KEY (workspace, realm, kind, value)
);

-- The digest of the token that opened a session: what a log-out denies.
ALTER TABLE sessions ADD COLUMN proof {{text}} NOT NULL DEFAULT '';

-- Tokens that open nothing any more. A row goes when its token has expired; one that
-- never expires stays (until_at 0).
CREATE TABLE denied (
	workspace {{text}} NOT NULL,
	proof {{text}} NOT NULL,
	until_at {{int}} NOT NULL,
	PRIMARY KEY (workspace, proof)
);
CREATE INDEX denied_end ON denied (until_at) WHERE until_at <> 0;

-- Channels whose log-outs deny tokens of drop-in dialects too; a native one's always do.
CREATE TABLE logout_denials (
	channel {{text}} PRIMARY KEY REFERENCES channels (id),
	workspace {{text}} NOT NULL
);

-- A channel's sessions are listed by when they end: those that a key proved by that key,
-- the others by tier. Which sessions a browser had is found through its contact, so the index that
-- every opening paid for is gone.
DROP INDEX sessions_visitor;
DROP INDEX sessions_key;
DROP INDEX sessions_unproved;
CREATE INDEX sessions_key ON sessions (key_id, expires_at, id) WHERE ended_at = 0 AND key_id <> '';
CREATE INDEX sessions_keyless ON sessions (channel, tier, expires_at, id) WHERE ended_at = 0 AND key_id = '';

-- Proved identifiers that another contact holds: nothing was merged, and a person
-- must look. Whether it is still so, the links say.
CREATE TABLE conflicts (
	workspace {{text}} NOT NULL,
	contact {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	kind {{text}} NOT NULL,
	value {{text}} NOT NULL,
	holder {{text}} NOT NULL,
	method {{text}} NOT NULL,
	session {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	at {{int}} NOT NULL,
	last_at {{int}} NOT NULL,
	PRIMARY KEY (contact, realm, kind, value)
);
CREATE INDEX conflicts_holder ON conflicts (holder, at);

-- Which browser a browser became when another person was verified on it, for the tabs
-- that come a moment later. secret is the new one's token, sealed under the old one's.
CREATE TABLE successors (
	visitor {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	person {{text}} NOT NULL,
	next {{text}} NOT NULL,
	secret {{text}} NOT NULL,
	at {{int}} NOT NULL
);
CREATE INDEX successors_at ON successors (at);

-- Names of attributes of which only signed values count, for everybody.
CREATE TABLE signed_only (
	workspace {{text}} NOT NULL REFERENCES workspaces (id),
	name {{text}} NOT NULL,
	set_by {{text}} NOT NULL,
	set_at {{int}} NOT NULL,
	PRIMARY KEY (workspace, name)
);

-- What agents alone were told of a person, for erasing it.
CREATE INDEX events_person ON events (contact, seq) WHERE audience = 'agents' AND contact <> '';
