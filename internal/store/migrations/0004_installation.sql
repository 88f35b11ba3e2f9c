-- What pages and apps report, counted: who embeds the messenger, and with what
-- outcome. One row for each combination of a channel's day, so that ninety days of a
-- busy site are some thousand rows; how many combinations a channel may have in one
-- day is bounded where they are added, since most of these words are a caller's own.
-- No identifier, proof or address is in here.
CREATE TABLE arrivals (
	workspace {{text}} NOT NULL,
	channel {{text}} NOT NULL REFERENCES channels (id),
	day {{int}} NOT NULL,
	platform {{text}} NOT NULL,
	origin {{text}} NOT NULL,
	version {{text}} NOT NULL,
	dialect {{text}} NOT NULL,
	outcome {{text}} NOT NULL,
	reason {{text}} NOT NULL,
	n {{int}} NOT NULL,
	last_at {{int}} NOT NULL,
	PRIMARY KEY (channel, day, platform, origin, version, dialect, outcome, reason)
);

-- Which origins have a row of their own.
CREATE TABLE domains (
	workspace {{text}} NOT NULL,
	channel {{text}} NOT NULL REFERENCES channels (id),
	origin {{text}} NOT NULL,
	proved_at {{int}} NOT NULL,
	seen_at {{int}} NOT NULL,
	ignored_at {{int}} NOT NULL,
	PRIMARY KEY (channel, origin)
);

-- From how many networks: a keyed mark of each (40 bits of an HMAC over an IPv4 /24
-- or an IPv6 /48), which leads to no address without the master key, up to fifty for
-- each combination and day, and gone after eight days.
CREATE TABLE networks (
	workspace {{text}} NOT NULL,
	channel {{text}} NOT NULL REFERENCES channels (id),
	day {{int}} NOT NULL,
	platform {{text}} NOT NULL,
	origin {{text}} NOT NULL,
	class {{text}} NOT NULL,
	mark {{int}} NOT NULL,
	PRIMARY KEY (channel, day, platform, origin, class, mark)
);

-- Since when a platform is enforced as it is.
ALTER TABLE channel_platforms ADD COLUMN since {{int}} NOT NULL DEFAULT 0;
UPDATE channel_platforms SET since = (SELECT c.created_at FROM channels c WHERE c.id = channel_platforms.channel);
