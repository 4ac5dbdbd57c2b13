-- Sealed values. Form: see queries.sql.

-- name: page_grants
-- Sealed grants by kind and id.
SELECT kind, id, sealed FROM grants WHERE (kind, id) > (:first, :second) AND sealed IS NOT NULL
ORDER BY kind, id LIMIT :limit;

-- name: page_secrets
-- Sealed secrets by sub-account and name.
SELECT location, name, sealed FROM secrets WHERE (location, name) > (:first, :second)
ORDER BY location, name LIMIT :limit;

-- name: replace_grants
-- The same grant, sealed anew, unless it is another by now; its version stays, for whoever has it leased.
UPDATE grants SET sealed = :anew WHERE kind = :first AND id = :second AND sealed = :sealed;

-- name: replace_secrets
-- The same secret, sealed anew, unless it is another by now.
UPDATE secrets SET sealed = :anew WHERE location = :first AND name = :second AND sealed = :sealed;
