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

-- What is there already is at its first version.
INSERT INTO configured (kind, id, version) SELECT 'location', id, 1 FROM locations;
