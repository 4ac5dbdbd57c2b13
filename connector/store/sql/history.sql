-- Configurations, their versions and agencies. Form: see queries.sql.

-- name: bump
-- Count a change: the new version. Nothing where the newest one is not the expected one any more.
INSERT INTO configured (kind, id, version)
SELECT :kind, :id, 1 WHERE coalesce(:expected, 0) = 0
  OR EXISTS (SELECT 1 FROM configured WHERE kind = :kind AND id = :id)
ON CONFLICT (kind, id) DO UPDATE SET version = version + 1 WHERE :expected IS NULL OR version = :expected
RETURNING version;

-- name: note
-- Say who changed what, and keep the document before.
INSERT INTO history (kind, id, version, at_ms, who, what, document)
VALUES (:kind, :id, :version, :at_ms, :who, :what, :document);

-- name: forget
-- Forget what was changed long before.
DELETE FROM history WHERE kind = :kind AND id = :id AND version <= :version;

-- name: version
-- The newest version.
SELECT version FROM configured WHERE kind = :kind AND id = :id;

-- name: changes
-- What changed before that version, the newest first.
SELECT version, at_ms, who, what, document FROM history
WHERE kind = :kind AND id = :id AND version < :before ORDER BY version DESC LIMIT :limit;

-- name: assign
-- Say which agency a sub-account belongs to.
UPDATE configured SET company = :company WHERE kind = 'location' AND id = :id;

-- name: company_of
-- The agency that a sub-account belongs to.
SELECT company FROM configured WHERE kind = 'location' AND id = :id;

-- name: locations_of
-- An agency's sub-accounts by id.
SELECT locations.id, locations.document, locations.updated_ms, configured.version, configured.company, defaults.document
FROM configured
JOIN locations ON locations.id = configured.id
LEFT JOIN defaults ON defaults.company = configured.company
WHERE configured.company = :company AND configured.kind = 'location' AND configured.id > :after
ORDER BY configured.id LIMIT :limit;

-- name: put_defaults
-- Keep what an agency chose for all its sub-accounts.
INSERT OR REPLACE INTO defaults (company, document, updated_ms) VALUES (:company, :document, :updated_ms);

-- name: remove_defaults
-- Forget what an agency chose.
DELETE FROM defaults WHERE company = :company;

-- name: defaults
-- What an agency chose for all its sub-accounts.
SELECT defaults.document, configured.version, defaults.updated_ms FROM defaults
LEFT JOIN configured ON configured.kind = 'company' AND configured.id = defaults.company
WHERE defaults.company = :company;
