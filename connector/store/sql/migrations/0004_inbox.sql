-- The CRM's events, each once: those that wait or are parked with their body, the others only so that a repeat is known.
CREATE TABLE inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE, -- which event it is, for whichever app
  type TEXT NOT NULL,
  location TEXT, -- null where it names none
  state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'ignored', 'parked')),
  tries INTEGER NOT NULL DEFAULT 0,
  due_ms INTEGER, -- while it waits; the end of the lease while there is one
  lease INTEGER NOT NULL DEFAULT 0, -- how often it was ever leased
  leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1)),
  reason TEXT,
  at_ms INTEGER, -- its own time
  received_ms INTEGER NOT NULL,
  forget_ms INTEGER, -- once nothing is to be done about it
  body BLOB NOT NULL,
  CHECK ((state = 'waiting') = (due_ms IS NOT NULL)),
  CHECK (state = 'waiting' OR leased = 0)
) STRICT;
CREATE INDEX inbox_due ON inbox (due_ms) WHERE state = 'waiting';
CREATE INDEX inbox_leased ON inbox (id) WHERE leased = 1;
CREATE INDEX inbox_forget ON inbox (forget_ms) WHERE forget_ms IS NOT NULL;
CREATE INDEX inbox_state ON inbox (state);
CREATE INDEX inbox_location ON inbox (location, state);

-- How many there are of each state.
CREATE TABLE inbox_counts (
  state TEXT PRIMARY KEY,
  number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO inbox_counts VALUES ('waiting', 0), ('done', 0), ('ignored', 0), ('parked', 0);
CREATE TRIGGER inbox_added AFTER INSERT ON inbox
BEGIN
  UPDATE inbox_counts SET number = number + 1 WHERE state = NEW.state;
END;
CREATE TRIGGER inbox_moved AFTER UPDATE OF state ON inbox WHEN OLD.state <> NEW.state
BEGIN
  UPDATE inbox_counts SET number = number - 1 WHERE state = OLD.state;
  UPDATE inbox_counts SET number = number + 1 WHERE state = NEW.state;
END;
CREATE TRIGGER inbox_gone AFTER DELETE ON inbox
BEGIN
  UPDATE inbox_counts SET number = number - 1 WHERE state = OLD.state;
END;

-- Tags that tell how a call went, as last seen on each contact: events give the whole list, never what is new in it.
CREATE TABLE contact_tags (
  location TEXT NOT NULL,
  contact_id TEXT NOT NULL,
  tags TEXT NOT NULL, -- a JSON list
  at_ms INTEGER, -- as of when; null while only our own are known
  ours TEXT NOT NULL, -- a JSON object: tags that we wrote ourselves, and when
  forget_ms INTEGER, -- null while there are any
  PRIMARY KEY (location, contact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_tags_forget ON contact_tags (forget_ms) WHERE forget_ms IS NOT NULL;
