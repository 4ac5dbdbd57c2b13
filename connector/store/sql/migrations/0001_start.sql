-- Everything version 0.1 needs; sql/schema.sql says what each part is for.

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  location TEXT NOT NULL,
  lane TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'parked')),
  front INTEGER NOT NULL CHECK (front IN (0, 1)),
  leased INTEGER NOT NULL DEFAULT 0 CHECK (leased IN (0, 1)),
  due_ms INTEGER NOT NULL,
  wake_ms INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  in_doubt INTEGER NOT NULL DEFAULT 0 CHECK (in_doubt IN (0, 1)),
  lease_owner TEXT,
  lease_token INTEGER NOT NULL DEFAULT 0,
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

CREATE INDEX deliveries_lane ON deliveries (location, lane, front) WHERE state = 'waiting';

CREATE INDEX deliveries_front ON deliveries (location, leased, wake_ms) WHERE front = 1;

CREATE INDEX deliveries_wake ON deliveries (wake_ms) WHERE front = 1;

CREATE INDEX deliveries_of_location ON deliveries (location);
CREATE INDEX deliveries_parked ON deliveries (location) WHERE state = 'parked';
CREATE INDEX deliveries_finished ON deliveries (finished_ms) WHERE state = 'done';

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

CREATE TABLE turns (
  location TEXT PRIMARY KEY,
  next_ms INTEGER NOT NULL,
  turn INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_next ON turns (next_ms, turn);

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

CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  location TEXT NOT NULL,
  trunk TEXT NOT NULL,
  digest BLOB NOT NULL,
  method TEXT NOT NULL,
  url TEXT NOT NULL,
  headers TEXT NOT NULL,
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

CREATE TABLE revision (
  number INTEGER NOT NULL
) STRICT;
INSERT INTO revision VALUES (0);

CREATE TABLE probe (
  padding BLOB NOT NULL
) STRICT;
