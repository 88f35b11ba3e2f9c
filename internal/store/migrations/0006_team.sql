-- Second factors, and when a login last proved itself.

-- What would let its holder pass as a customer takes a password or passkey of the
-- last five minutes: this is when the login last gave one.
ALTER TABLE logins ADD COLUMN confirmed_at {{int}} NOT NULL DEFAULT 0;

-- Whether owner and security need a second factor for what reaches a customer's
-- identity. The demo, which has to be one click, turns it off.
ALTER TABLE workspaces ADD COLUMN second_factor {{int}} NOT NULL DEFAULT 1;

-- How many second factors an agent has: an authenticator app that has given its first
-- code, and passkeys. Kept in the row, because every write on an agent's word reads it.
ALTER TABLE agents ADD COLUMN factors {{int}} NOT NULL DEFAULT 0;

-- confirmed_at is 0 until a first code was right: before, the app opens nothing and is
-- asked for nothing. Codes of last_step and before are spent.
CREATE TABLE authenticators (
	agent {{text}} PRIMARY KEY REFERENCES agents (id),
	workspace {{text}} NOT NULL,
	sealed {{bytes}} NOT NULL,
	created_at {{int}} NOT NULL,
	confirmed_at {{int}} NOT NULL,
	last_step {{int}} NOT NULL
);

-- record is the credential as the WebAuthn library keeps it: public, and never seen
-- outside. A credential belongs to one agent of the installation.
CREATE TABLE passkeys (
	id {{text}} PRIMARY KEY,
	credential {{bytes}} NOT NULL UNIQUE,
	workspace {{text}} NOT NULL,
	agent {{text}} NOT NULL REFERENCES agents (id),
	name {{text}} NOT NULL,
	site {{text}} NOT NULL,
	record {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	used_at {{int}} NOT NULL
);
CREATE INDEX passkeys_agent ON passkeys (agent, created_at, id);

-- 80 random bits each, so a plain hash keeps them.
CREATE TABLE recovery_codes (
	agent {{text}} NOT NULL REFERENCES agents (id),
	hash {{bytes}} NOT NULL,
	workspace {{text}} NOT NULL,
	used_at {{int}} NOT NULL,
	PRIMARY KEY (agent, hash)
);

-- Somebody gave the right password and has yet to give the second factor. It is no
-- login: nothing else looks here. password is the one that was right, as stored.
CREATE TABLE half_logins (
	token_hash {{bytes}} PRIMARY KEY,
	workspace {{text}} NOT NULL,
	agent {{text}} NOT NULL REFERENCES agents (id),
	password {{text}} NOT NULL,
	ceremony {{text}} NOT NULL,
	expires_at {{int}} NOT NULL
);
CREATE INDEX half_logins_agent ON half_logins (agent);
CREATE INDEX half_logins_end ON half_logins (expires_at);

-- Passkey challenges that were answered rightly. They are made without a row, so that
-- strangers write nothing; the row is written when one is used, and stops the second use.
CREATE TABLE spent_challenges (
	hash {{bytes}} PRIMARY KEY,
	ends_at {{int}} NOT NULL
);
CREATE INDEX spent_challenges_end ON spent_challenges (ends_at);

-- When a token was last used and from which network, written at most every few minutes.
ALTER TABLE tokens ADD COLUMN used_at {{int}} NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN used_from {{text}} NOT NULL DEFAULT '';
