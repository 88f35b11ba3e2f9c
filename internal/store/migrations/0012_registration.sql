-- Sites that connect themselves with a token that somebody made for them.

-- One row is one token and what became of it: security.md rule 34. While it waits for a
-- person's word the site's secret lies sealed here and nowhere else. No ring is read
-- from this table, so that nothing can verify by a key that nobody has confirmed; the
-- channel and the key rows begin to exist when the word is given, in its transaction.
CREATE TABLE registrations (
	id {{text}} PRIMARY KEY,
	workspace {{text}} NOT NULL REFERENCES workspaces (id),
	token_hash {{bytes}} NOT NULL UNIQUE,
	created_by {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	expires_at {{int}} NOT NULL,
	used_at {{int}} NOT NULL,
	site {{text}} NOT NULL,
	name {{text}} NOT NULL,
	software {{text}} NOT NULL,
	network {{text}} NOT NULL,
	slug {{text}} NOT NULL,
	channel {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	sealed {{bytes}} NOT NULL,
	receipt_hash {{bytes}} NOT NULL,
	decided_at {{int}} NOT NULL,
	decided_by {{text}} NOT NULL,
	confirmed {{int}} NOT NULL
);
CREATE INDEX registrations_workspace ON registrations (workspace, created_at, id);
CREATE UNIQUE INDEX registrations_receipt ON registrations (receipt_hash) WHERE used_at <> 0;
