-- A minimum tier that rises ends anonymous sessions too, not only claimed ones.
DROP INDEX sessions_claimed;
CREATE INDEX sessions_unproved ON sessions (channel, platform) WHERE ended_at = 0 AND tier <> 'verified';
