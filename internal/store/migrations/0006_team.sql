-- Second factors, and when a login last proved itself.

-- What would let its holder pass as a customer takes a password or passkey of the
-- last five minutes: this is when the login last gave one.
ALTER TABLE logins ADD COLUMN confirmed_at {{int}} NOT NULL DEFAULT 0;
