-- What agents alone are told of an event, such as that a conversation is snoozed: in
-- a column of its own, which the query of visitors does not name.
ALTER TABLE events ADD COLUMN agents_body {{text}} NOT NULL DEFAULT '';
