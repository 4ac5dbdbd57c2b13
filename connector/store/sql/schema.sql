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

-- What the CRM gave to agencies and sub-accounts, sealed, and how each of it stands.
CREATE TABLE grants (
  kind TEXT NOT NULL CHECK (kind IN ('Company', 'Location')),
  id TEXT NOT NULL,
  company_id TEXT, -- the agency, where it is known
  standing TEXT NOT NULL
    CHECK (standing IN ('wanted', 'active', 'unconfirmed', 'paused', 'needs_reconnect', 'removed')),
  standing_ms INTEGER NOT NULL, -- since when
  installed_ms INTEGER NOT NULL,
  reason TEXT,
  version INTEGER NOT NULL, -- grows with each pair of tokens
  sealed BLOB,
  scope TEXT,
  expires_ms INTEGER,
  due_ms INTEGER, -- when to look after it; the end of the lease while there is one
  failures INTEGER NOT NULL DEFAULT 0,
  lease INTEGER NOT NULL DEFAULT 0, -- how often it was ever leased
  leased_until_ms INTEGER,
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, id),
  CHECK (standing <> 'removed' OR (sealed IS NULL AND due_ms IS NULL AND leased_until_ms IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_due ON grants (standing, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX grants_company ON grants (company_id, kind, id);
CREATE INDEX grants_leased ON grants (leased_until_ms) WHERE leased_until_ms IS NOT NULL;

-- How many sub-accounts stand how: of each agency ('?' where it is not known), and in all ('').
CREATE TABLE grant_counts (
  company_id TEXT NOT NULL,
  standing TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (company_id, standing)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER grants_added AFTER INSERT ON grants WHEN NEW.kind = 'Location'
BEGIN
  INSERT INTO grant_counts VALUES ('', NEW.standing, 1), (coalesce(NEW.company_id, '?'), NEW.standing, 1)
  ON CONFLICT (company_id, standing) DO UPDATE SET number = number + 1;
END;
CREATE TRIGGER grants_moved AFTER UPDATE OF standing, company_id ON grants
WHEN NEW.kind = 'Location' AND (OLD.standing <> NEW.standing OR OLD.company_id IS NOT NEW.company_id)
BEGIN
  UPDATE grant_counts SET number = number - 1
  WHERE company_id IN ('', coalesce(OLD.company_id, '?')) AND standing = OLD.standing;
  INSERT INTO grant_counts VALUES ('', NEW.standing, 1), (coalesce(NEW.company_id, '?'), NEW.standing, 1)
  ON CONFLICT (company_id, standing) DO UPDATE SET number = number + 1;
END;

-- What is known of a sub-account's or agency's configuration besides its document: its newest version, and the agency
-- that a sub-account belongs to. Stays when the configuration is removed, so that versions are never given twice.
CREATE TABLE configured (
  kind TEXT NOT NULL CHECK (kind IN ('location', 'company')),
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  company TEXT,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX configured_company ON configured (company, id) WHERE company IS NOT NULL;

-- What an agency chose for all its sub-accounts.
CREATE TABLE defaults (
  company TEXT PRIMARY KEY,
  document BLOB NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who changed a configuration when, and the document before (null where there was none); the last 100 of each.
CREATE TABLE history (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  document BLOB,
  PRIMARY KEY (kind, id, version)
) STRICT, WITHOUT ROWID;

-- Keys to the API: whose, what for, and the SHA-256 of the secret.
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('operator', 'company', 'location')),
  owner TEXT NOT NULL,
  scopes TEXT NOT NULL, -- a JSON list
  digest BLOB NOT NULL,
  label TEXT NOT NULL,
  made_ms INTEGER NOT NULL,
  made_by TEXT NOT NULL,
  used_ms INTEGER,
  revoked_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_owner ON api_keys (kind, owner, id);

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

-- The calls that people's workflows in the CRM wait for.
CREATE TABLE subscriptions (
  location TEXT NOT NULL,
  id TEXT NOT NULL,
  workflow_id TEXT,
  target_url TEXT NOT NULL,
  filters BLOB NOT NULL, -- a JSON list
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY (location, id)
) STRICT, WITHOUT ROWID;

-- What actions of people's workflows were answered, each until its time is over: a repeat is answered alike.
CREATE TABLE answers (
  location TEXT NOT NULL,
  request BLOB NOT NULL, -- a digest
  answer BLOB NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (location, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_until ON answers (until_ms);

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
