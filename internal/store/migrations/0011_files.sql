-- Files that go with messages. The row comes before the bytes and leaves before
-- them, so that there are never bytes that no row names: a crash in between leaves a
-- row that the sweep finds, not a file that nobody knows of.
--
-- ready_at is 0 while the bytes come in; conversation, message and audience are empty
-- until it was sent. The bytes lie elsewhere, under the id.
CREATE TABLE files (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL REFERENCES workspaces (id),
	channel {{text}} NOT NULL,
	contact {{text}} NOT NULL,
	visitor {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	tier {{text}} NOT NULL,
	method {{text}} NOT NULL,
	session {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	agent {{text}} NOT NULL,
	login {{text}} NOT NULL,
	name {{text}} NOT NULL,
	media_type {{text}} NOT NULL,
	size {{int}} NOT NULL,
	width {{int}} NOT NULL,
	height {{int}} NOT NULL,
	thumbnail {{int}} NOT NULL,
	conversation {{text}} NOT NULL,
	message {{text}} NOT NULL,
	audience {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	ready_at {{int}} NOT NULL
);
-- How much somebody handed in lately; what goes with an erased thread; what nobody sent.
CREATE INDEX files_contact ON files (contact, created_at) WHERE contact <> '';
CREATE INDEX files_agent ON files (agent, created_at) WHERE agent <> '';
CREATE INDEX files_conversation ON files (conversation) WHERE conversation <> '';
CREATE INDEX files_unsent ON files (created_at) WHERE message = '';

-- Ids whose rows are gone and whose bytes must follow.
CREATE TABLE discarded_files (
	id {{text}} PRIMARY KEY,
	at {{int}} NOT NULL
);

-- What a message carries stands with it, as its reader is told of it: a page of
-- messages is one read, and a message stays whole when a file's bytes are lost.
ALTER TABLE messages ADD COLUMN files {{text}} NOT NULL DEFAULT '';
