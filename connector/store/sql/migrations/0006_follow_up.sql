-- What is to be done about a call later: when it is due, a delivery of that call takes its place.
CREATE TABLE timers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  location TEXT NOT NULL,
  call_id TEXT NOT NULL,
  key TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  trunk TEXT NOT NULL,
  lane TEXT NOT NULL,
  document BLOB NOT NULL,
  UNIQUE (location, call_id, key)
) STRICT;
CREATE INDEX timers_due ON timers (due_ms);
CREATE INDEX timers_of_location ON timers (location);

-- What the calls with a number so far mean for the next one.
CREATE TABLE dials (
  location TEXT NOT NULL,
  number TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  attempt_tag TEXT,
  last_call_ms INTEGER, -- null for a number that was never called
  last_disposition TEXT,
  last_call_id TEXT,
  suppressed_until_ms INTEGER,
  suppressed_why TEXT,
  callback_due_ms INTEGER,
  avoid TEXT NOT NULL, -- a JSON list
  contact_id TEXT, -- whose number it was when it was last called
  dnd INTEGER CHECK (dnd IN (0, 1)), -- do-not-disturb for calls; null where nothing was told of it
  latest_ms INTEGER NOT NULL, -- the latest of its times: it matters until then
  PRIMARY KEY (location, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX dials_latest ON dials (latest_ms) WHERE dnd IS NOT 1; -- who is not to be called is never forgotten
CREATE INDEX dials_contact ON dials (location, contact_id) WHERE contact_id IS NOT NULL;

-- How a sub-account's own numbers fared as caller IDs, by UTC day.
CREATE TABLE caller_id_days (
  location TEXT NOT NULL,
  day INTEGER NOT NULL, -- since the epoch
  number TEXT NOT NULL,
  calls INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  fast_drops INTEGER NOT NULL,
  last_used_ms INTEGER NOT NULL,
  PRIMARY KEY (location, day, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX caller_id_days_day ON caller_id_days (day);

-- Calls that a manager should look at.
CREATE TABLE reviews (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  location TEXT NOT NULL,
  call_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  lane TEXT NOT NULL,
  contact_id TEXT,
  agent TEXT,
  talk_s REAL,
  ended_ms INTEGER NOT NULL,
  put_ms INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'resolved', 'dismissed')),
  version INTEGER NOT NULL DEFAULT 1,
  changed_by TEXT,
  changed_ms INTEGER,
  why TEXT,
  UNIQUE (location, call_id, reason)
) STRICT;
CREATE INDEX reviews_of_location ON reviews (location);
CREATE INDEX reviews_unsettled ON reviews (location) WHERE state IN ('open', 'claimed');
CREATE INDEX reviews_settled ON reviews (changed_ms) WHERE state IN ('resolved', 'dismissed');
