-- Keys that count once only, each until its time is over.
CREATE TABLE said (
  key TEXT PRIMARY KEY,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX said_until ON said (until_ms);
