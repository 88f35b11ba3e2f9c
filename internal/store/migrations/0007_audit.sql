-- Checkpoints of the record, and the sealed names of the people in it.

-- An entry names a person by a pseudonym; whom it stands for lies here alone, sealed.
-- lookup is a keyed digest of workspace, realm, kind and value; id is the position of the
-- first entry about the person, and the pseudonym begins with it, so that it needs no
-- index of its own. Erasing a person deletes the row: entries and their chain stay as they
-- are, and name nobody.
CREATE TABLE pseudonyms (
	id {{int}} PRIMARY KEY,
	lookup {{bytes}} NOT NULL UNIQUE,
	workspace {{text}} NOT NULL,
	pseudonym {{text}} NOT NULL,
	sealed {{bytes}} NOT NULL
);

-- The key that an entry speaks of, which its detail or subject names: a copy for the
-- index, held to the original by countersign audit verify.
ALTER TABLE audit ADD COLUMN key_id {{text}} NOT NULL DEFAULT '';
CREATE INDEX audit_key ON audit (workspace, key_id, position) WHERE key_id <> '';
-- Nearly every entry is the gate's: whoever asks for those finds them by any index.
DROP INDEX audit_actor;
CREATE INDEX audit_actor ON audit (workspace, actor, position) WHERE actor <> 'gate';

-- The default workspace is nearly always the only one: its list is the record itself.
DROP INDEX audit_workspace;
CREATE INDEX audit_workspace ON audit (workspace, position) WHERE workspace <> 'main';

-- What every chain had reached when a minute was over. heads are the chains that moved
-- since the checkpoint before (chain, number, MAC), which its MAC vouches for in turn.
CREATE TABLE checkpoints (
	number {{int}} PRIMARY KEY,
	at {{int}} NOT NULL,
	position {{int}} NOT NULL,
	heads {{text}} NOT NULL,
	previous {{bytes}} NOT NULL,
	mac {{bytes}} NOT NULL
);
CREATE INDEX checkpoints_at ON checkpoints (at);

-- How far the record was exported, and where it was cut: at checkpoint number, whose
-- position is the last that is gone. heads are those of all chains at the cut.
CREATE TABLE record (
	id {{int}} PRIMARY KEY CHECK (id = 1),
	exported {{int}} NOT NULL,
	cut {{int}} NOT NULL,
	number {{int}} NOT NULL,
	heads {{text}} NOT NULL,
	mac {{bytes}} NOT NULL
);
INSERT INTO record (id, exported, cut, number, heads, mac) VALUES (1, 0, 0, 0, '', '');
