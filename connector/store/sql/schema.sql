-- The whole schema as it stands, for reading. What runs is sql/migrations; a test proves that both are the same.
-- Times are epoch milliseconds, flags are 0 or 1, sealed secrets and JSON documents are kept as they were given.

-- One event of one call and its way to the CRM. A lane (a contact's deliveries within a sub-account) has at most one
-- delivery at its front: the earliest one waiting, or the one being worked on. Only the front can be claimed.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  location TEXT NOT NULL,
  lane TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'parked')),
  front INTEGER NOT NULL CHECK (front IN (0, 1)),
  leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1)),
  due_ms INTEGER NOT NULL,
  wake_ms INTEGER NOT NULL, -- claimable from then on: due_ms, or the end of the lease
  tries INTEGER NOT NULL DEFAULT 0,
  in_doubt INTEGER NOT NULL DEFAULT 0 CHECK (in_doubt IN (0, 1)),
  lease_owner TEXT,
  lease_token INTEGER NOT NULL DEFAULT 0, -- how often it was ever claimed
  received_ms INTEGER NOT NULL,
  finished_ms INTEGER,
  trunk TEXT NOT NULL,
  call_id TEXT NOT NULL,
  event TEXT NOT NULL,
  contact_id TEXT,
  reason TEXT,
  call BLOB NOT NULL,
  plan BLOB,
  UNIQUE (location, call_id, event),
  CHECK (state = 'waiting' OR (front = 0 AND leased = 0))
) STRICT;

-- Who is next in a lane, and how much waits; done and parked deliveries cost these three nothing.
CREATE INDEX deliveries_lane ON deliveries (location, lane, front) WHERE state = 'waiting';

-- What a sub-account has to claim, and what of it is held.
CREATE INDEX deliveries_front ON deliveries (location, leased, wake_ms) WHERE front = 1;

-- When something falls due next, anywhere.
CREATE INDEX deliveries_wake ON deliveries (wake_ms) WHERE front = 1;

-- For the lists people page through.
CREATE INDEX deliveries_of_location ON deliveries (location);
CREATE INDEX deliveries_parked ON deliveries (location) WHERE state = 'parked';

-- What may be forgotten first.
CREATE INDEX deliveries_finished ON deliveries (finished_ms) WHERE state = 'done';

-- What is known of a call besides its end: it began, it was answered, it was recorded. Open until the end has come.
CREATE TABLE parts (
  location TEXT NOT NULL,
  call_id TEXT NOT NULL,
  event TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  open INTEGER NOT NULL CHECK (open IN (0, 1)),
  trunk TEXT NOT NULL,
  lane TEXT NOT NULL,
  call BLOB NOT NULL,
  PRIMARY KEY (location, call_id, event)
) STRICT, WITHOUT ROWID;
CREATE INDEX parts_open ON parts (received_ms) WHERE open = 1;
CREATE INDEX parts_closed ON parts (received_ms) WHERE open = 0;

-- When it is each sub-account's turn to be looked at by a claim: never later than its first claimable delivery, so
-- that a claim sees neither those with nothing due nor the backlog behind those that may have no more for now.
CREATE TABLE turns (
  location TEXT PRIMARY KEY,
  next_ms INTEGER NOT NULL,
  turn INTEGER NOT NULL DEFAULT 0 -- decides between equal times: who was served longest ago
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_next ON turns (next_ms, turn);

-- What became of each action of a delivery.
CREATE TABLE ledger (
  delivery INTEGER NOT NULL,
  key TEXT NOT NULL,
  applied TEXT NOT NULL CHECK (applied IN ('applied', 'refused', 'in_doubt')),
  crm_id TEXT,
  reason TEXT,
  PRIMARY KEY (delivery, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (
  location TEXT PRIMARY KEY,
  until_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  failures INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids are never given twice: a person may still hold one that was released.
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  location TEXT NOT NULL,
  trunk TEXT NOT NULL,
  digest BLOB NOT NULL, -- SHA-256 of the body
  method TEXT NOT NULL,
  url TEXT NOT NULL,
  headers TEXT NOT NULL, -- a JSON object
  reason TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  UNIQUE (location, trunk, digest)
) STRICT;

CREATE TABLE locations (
  id TEXT PRIMARY KEY,
  document BLOB NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
  location TEXT NOT NULL,
  name TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (location, name)
) STRICT, WITHOUT ROWID;

-- One row: grows with each change to any sub-account.
CREATE TABLE revision (
  number INTEGER NOT NULL
) STRICT;
INSERT INTO revision VALUES (0);

-- Always empty: `check` writes into it and takes it out again.
CREATE TABLE probe (
  padding BLOB NOT NULL
) STRICT;

-- Keys that count once only, each until its time is over.
CREATE TABLE said (
  key TEXT PRIMARY KEY,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX said_until ON said (until_ms);
