-- Keys to the API. Form: see queries.sql.

-- name: add_key
-- Keep a key, unless its owner has as many as one may have.
INSERT INTO api_keys (id, kind, owner, scopes, digest, label, made_ms, made_by)
SELECT :id, :kind, :owner, :scopes, :digest, :label, :made_ms, :made_by
WHERE (SELECT count(*) FROM api_keys WHERE kind = :kind AND owner = :owner) < :most;

-- name: forget_keys
-- Forget an owner's keys that were revoked long ago.
DELETE FROM api_keys WHERE kind = :kind AND owner = :owner AND revoked_ms < :before_ms;

-- name: get_key
-- One key.
SELECT id, kind, owner, scopes, digest, label, made_ms, made_by, used_ms, revoked_ms FROM api_keys WHERE id = :id;

-- name: list_keys
-- An owner's keys by id.
SELECT id, kind, owner, scopes, digest, label, made_ms, made_by, used_ms, revoked_ms FROM api_keys
WHERE kind = :kind AND owner = :owner AND id > :after ORDER BY id LIMIT :limit;

-- name: all_keys
-- Everybody's keys by id.
SELECT id, kind, owner, scopes, digest, label, made_ms, made_by, used_ms, revoked_ms FROM api_keys
WHERE id > :after ORDER BY id LIMIT :limit;

-- name: revoke_key
-- A key opens nothing from now on.
UPDATE api_keys SET revoked_ms = :now_ms WHERE id = :id AND revoked_ms IS NULL;

-- name: revoke_keys_of
-- None of an owner's keys opens anything from now on.
UPDATE api_keys SET revoked_ms = :now_ms WHERE kind = :kind AND owner = :owner AND revoked_ms IS NULL;

-- name: use_key
-- Note when a key was used last.
UPDATE api_keys SET used_ms = :now_ms WHERE id = :id;
