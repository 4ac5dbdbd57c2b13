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
