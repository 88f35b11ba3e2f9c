-- Who still signs with which key, and what a compromised key leaves to be looked at.

-- When somebody else may first have held a revoked key; 0: it was replaced. Messages
-- that it proved since then are marked as they are read.
ALTER TABLE keys ADD COLUMN compromised_since {{int}} NOT NULL DEFAULT 0;

-- From which pages proofs by a key came, as browsers say: 50 of them for each key, the
-- rest share the empty origin. n counts the sessions since the key was made or put aside.
CREATE TABLE key_uses (
	key_id {{text}} NOT NULL REFERENCES keys (id),
	workspace {{text}} NOT NULL,
	origin {{text}} NOT NULL,
	platform {{text}} NOT NULL,
	n {{int}} NOT NULL,
	last_at {{int}} NOT NULL,
	PRIMARY KEY (key_id, origin, platform)
);

-- The sweep after a compromised key, where it has got to: whoever finds it unfinished
-- goes on. No index leads from a key to what it proved, since every session would pay
-- for it: the sweep reads tables through, in steps.
CREATE TABLE sweeps (
	key_id {{text}} PRIMARY KEY REFERENCES keys (id),
	workspace {{text}} NOT NULL,
	since {{int}} NOT NULL,
	stage {{text}} NOT NULL,
	position {{text}} NOT NULL
);
CREATE INDEX sweeps_open ON sweeps (stage) WHERE stage <> 'done';

-- What the sweep cut or found, for a person to look at. ref says which: an identifier,
-- a conversation, an attribute. A value of a person is here and in no other trace of
-- what was cut, so that erasing the contact's rows erases it.
CREATE TABLE findings (
	key_id {{text}} NOT NULL REFERENCES keys (id),
	kind {{text}} NOT NULL,
	id {{text}} NOT NULL,
	workspace {{text}} NOT NULL,
	contact {{text}} NOT NULL,
	conversation {{text}} NOT NULL,
	session {{text}} NOT NULL,
	name {{text}} NOT NULL,
	value {{text}} NOT NULL,
	fate {{text}} NOT NULL,
	n {{int}} NOT NULL,
	at {{int}} NOT NULL,
	last_at {{int}} NOT NULL,
	PRIMARY KEY (key_id, kind, id)
);
-- The sweep pages through the claims of a key.
DROP INDEX claims_key;
CREATE INDEX claims_key ON claims (key_id, at, id);
CREATE INDEX findings_contact ON findings (contact);
