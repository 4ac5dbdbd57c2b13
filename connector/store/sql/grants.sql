-- Grants. Form: see queries.sql. Columns are named as in sql/schema.sql.

-- name: get
-- One grant.
SELECT kind, id, company_id, standing, standing_ms, installed_ms, reason, version, sealed, scope, expires_ms, due_ms,
       failures, updated_ms
FROM grants WHERE kind = :kind AND id = :id;

-- name: put_first
-- Keep what was installed where nothing was.
INSERT INTO grants (kind, id, company_id, standing, standing_ms, installed_ms, version, sealed, scope, expires_ms,
                    due_ms, updated_ms)
VALUES (:kind, :id, :company_id, :standing, :now_ms, :now_ms, 1, :sealed, :scope, :expires_ms, :due_ms, :now_ms)
ON CONFLICT (kind, id) DO NOTHING;

-- name: put_next
-- Keep what was installed in place of what is known; whoever has a lease on that finds another version.
UPDATE grants SET company_id = coalesce(:company_id, company_id), standing = :standing, standing_ms = :now_ms,
       installed_ms = :now_ms, reason = NULL, version = version + 1, sealed = :sealed, scope = :scope,
       expires_ms = :expires_ms, due_ms = :due_ms, failures = 0, leased_until_ms = NULL, updated_ms = :now_ms
WHERE kind = :kind AND id = :id AND version = :expected;

-- name: want
-- A sub-account whose token is to be minted, unless it is known; at once if its agency's grant is active.
INSERT INTO grants (kind, id, company_id, standing, standing_ms, installed_ms, version, due_ms, updated_ms)
VALUES ('Location', :id, :company_id, 'wanted', :now_ms, :at_ms, 1,
        (SELECT :now_ms FROM grants WHERE kind = 'Company' AND id = :company_id AND standing = 'active'), :now_ms)
ON CONFLICT (kind, id) DO UPDATE SET company_id = coalesce(excluded.company_id, company_id), standing = 'wanted',
       standing_ms = excluded.standing_ms, installed_ms = excluded.installed_ms, reason = NULL, version = version + 1,
       due_ms = excluded.due_ms, failures = 0, updated_ms = excluded.updated_ms
WHERE standing = 'removed' AND standing_ms < excluded.installed_ms;

-- name: learn_company
-- Tell a wanted sub-account which agency's it is.
UPDATE grants SET company_id = :company_id, updated_ms = :now_ms,
       due_ms = (SELECT :now_ms FROM grants WHERE kind = 'Company' AND id = :company_id AND standing = 'active')
WHERE kind = 'Location' AND id = :id AND standing = 'wanted' AND company_id IS NULL AND :company_id IS NOT NULL;

-- name: wake_company
-- What an agency's active grant can bring: the sub-accounts that wait for it.
UPDATE grants SET due_ms = :now_ms
WHERE company_id = :id AND kind = 'Location' AND standing IN ('wanted', 'needs_reconnect') AND leased_until_ms IS NULL;

-- name: due
-- What is due of one standing, the longest due first.
SELECT kind, id FROM grants WHERE standing = :standing AND due_ms <= :now_ms ORDER BY due_ms LIMIT :limit;

-- name: lease
-- Take the lease of a grant that nobody has.
UPDATE grants SET lease = lease + 1, leased_until_ms = :until_ms, due_ms = :until_ms
WHERE kind = :kind AND id = :id AND standing <> 'removed' AND (leased_until_ms IS NULL OR leased_until_ms <= :now_ms)
RETURNING lease;

-- name: commit
-- Keep a new pair in place of the one it was got with.
UPDATE grants SET standing = CASE standing WHEN 'unconfirmed' THEN 'unconfirmed' ELSE 'active' END,
       standing_ms = CASE WHEN standing IN ('unconfirmed', 'active') THEN standing_ms ELSE :now_ms END,
       company_id = coalesce(company_id, :company_id), reason = NULL, version = version + 1, sealed = :sealed,
       scope = :scope, expires_ms = :expires_ms, due_ms = :due_ms, failures = 0, leased_until_ms = NULL,
       updated_ms = :now_ms
WHERE kind = :kind AND id = :id AND version = :version AND standing <> 'removed';

-- name: give_back
-- End a lease without a new pair.
UPDATE grants SET standing = coalesce(:standing, standing),
       standing_ms = CASE WHEN coalesce(:standing, standing) = standing THEN standing_ms ELSE :now_ms END,
       reason = :reason, due_ms = :due_ms, failures = CASE WHEN :failed THEN failures + 1 ELSE 0 END,
       leased_until_ms = NULL, updated_ms = :now_ms
WHERE kind = :kind AND id = :id AND lease = :lease AND version = :version AND leased_until_ms IS NOT NULL;

-- name: lapse
-- End all leases; what they held is due.
UPDATE grants SET due_ms = :now_ms, leased_until_ms = NULL WHERE leased_until_ms IS NOT NULL;

-- name: confirm
-- Make an unconfirmed grant active.
UPDATE grants SET standing = 'active', standing_ms = :now_ms, updated_ms = :now_ms
WHERE kind = :kind AND id = :id AND standing = 'unconfirmed';

-- name: remove
-- Forget the tokens of what was uninstalled.
UPDATE grants SET standing = 'removed', standing_ms = :at_ms, reason = NULL, version = version + 1, sealed = NULL,
       scope = NULL, expires_ms = NULL, due_ms = NULL, failures = 0, leased_until_ms = NULL, updated_ms = :now_ms
WHERE kind = :kind AND id = :id AND installed_ms <= :at_ms AND (standing <> 'removed' OR standing_ms < :at_ms);

-- name: remove_company
-- Likewise for an agency and all its sub-accounts.
UPDATE grants SET standing = 'removed', standing_ms = :at_ms, reason = NULL, version = version + 1, sealed = NULL,
       scope = NULL, expires_ms = NULL, due_ms = NULL, failures = 0, leased_until_ms = NULL, updated_ms = :now_ms
WHERE company_id = :company_id AND installed_ms <= :at_ms AND standing <> 'removed';

-- name: of_company
-- An agency's sub-accounts by id.
SELECT kind, id, company_id, standing, standing_ms, installed_ms, reason, version, sealed, scope, expires_ms, due_ms,
       failures, updated_ms
FROM grants WHERE company_id = :company_id AND kind = 'Location' AND id > :after ORDER BY id LIMIT :limit;

-- name: page
-- All grants by kind and id.
SELECT kind, id, company_id, standing, standing_ms, installed_ms, reason, version, sealed, scope, expires_ms, due_ms,
       failures, updated_ms
FROM grants WHERE (kind, id) > (:after_kind, :after_id) ORDER BY kind, id LIMIT :limit;

-- name: page_of_kind
-- The grants of one kind by id.
SELECT kind, id, company_id, standing, standing_ms, installed_ms, reason, version, sealed, scope, expires_ms, due_ms,
       failures, updated_ms
FROM grants WHERE kind = :kind AND id > :after_id ORDER BY id LIMIT :limit;

-- name: counts
-- How many sub-accounts stand how.
SELECT standing, number FROM grant_counts WHERE company_id = :company_id;

-- name: resume
-- What waits for the reason for which its sub-account is paused, is due now.
UPDATE deliveries SET due_ms = :now_ms, wake_ms = :now_ms
WHERE location = :id AND front = 1 AND leased = 0 AND wake_ms > :now_ms
  AND reason = (SELECT reason FROM pauses WHERE location = :id);
