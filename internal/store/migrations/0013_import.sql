-- People and conversations of another system, held apart until their owner proves who
-- they are.

-- One row for each person of an export. The contact is of kind 'imported': no proof,
-- claim or browser leads to it. source and external are the other system's own name for
-- the record, so that the same export read again doubles nothing; digest is of the record
-- as it was read last. opened_to is who proved to be this person, in which session and by
-- which key: what such a key turns out to have been worth decides over it.
CREATE TABLE imported_people (
	contact {{text}} PRIMARY KEY REFERENCES contacts (id),
	workspace {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	source {{text}} NOT NULL,
	external {{text}} NOT NULL,
	digest {{text}} NOT NULL,
	opened_to {{text}} NOT NULL,
	session {{text}} NOT NULL,
	key_id {{text}} NOT NULL,
	opened_at {{int}} NOT NULL,
	at {{int}} NOT NULL
);
CREATE UNIQUE INDEX imported_people_record ON imported_people (workspace, realm, source, external);
CREATE INDEX imported_people_opened ON imported_people (opened_to) WHERE opened_to <> '';
CREATE INDEX imported_people_key ON imported_people (key_id, contact) WHERE key_id <> '';
CREATE INDEX imported_people_waiting ON imported_people (workspace) WHERE opened_to = '';
-- The console lists them, the latest first.
CREATE INDEX imported_people_list ON imported_people (workspace, at, contact);

-- What an export says a person is called: claimed, and in no way a link. Several records
-- may say the same; then none of them opens by it.
CREATE TABLE imported_names (
	workspace {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	kind {{text}} NOT NULL,
	value {{text}} NOT NULL,
	contact {{text}} NOT NULL REFERENCES contacts (id),
	source {{text}} NOT NULL,
	PRIMARY KEY (workspace, realm, kind, value, contact)
);
CREATE INDEX imported_names_contact ON imported_names (contact);

-- Which conversation of ours is which of theirs; contact is the imported person, whoever
-- the conversation belongs to by now.
CREATE TABLE imported_threads (
	conversation {{text}} PRIMARY KEY REFERENCES conversations (id),
	workspace {{text}} NOT NULL,
	realm {{text}} NOT NULL,
	source {{text}} NOT NULL,
	external {{text}} NOT NULL,
	contact {{text}} NOT NULL,
	digest {{text}} NOT NULL
);
CREATE UNIQUE INDEX imported_threads_record ON imported_threads (workspace, realm, source, external);
CREATE INDEX imported_threads_contact ON imported_threads (contact);

-- Records whose person was erased: a keyed digest that leads to nobody, so that the next
-- run of the same export does not bring the person back.
CREATE TABLE imported_erased (
	lookup {{bytes}} PRIMARY KEY,
	workspace {{text}} NOT NULL
);
