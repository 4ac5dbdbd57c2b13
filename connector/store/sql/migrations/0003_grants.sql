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
