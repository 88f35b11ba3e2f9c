-- Keys whose public half is all that we hold, and how long a native token may live.

-- What stands in a secret's place: algorithm, public key or address of an issuer's key
-- set, issuer, and the kids of that set that were revoked here. '{}': the key is a secret.
ALTER TABLE keys ADD COLUMN public_half {{text}} NOT NULL DEFAULT '{}';

-- Which key of an issuer's set proved a session: revoking that kid ends it.
ALTER TABLE sessions ADD COLUMN kid {{text}} NOT NULL DEFAULT '';

-- Longest time between iat and exp of a native token, in microseconds; 0: a day.
ALTER TABLE channels ADD COLUMN longest_life {{int}} NOT NULL DEFAULT 0;
