-- The CRM's events. Form: see queries.sql. Columns are named as in sql/schema.sql.

-- name: known
-- Whether an event was kept before.
SELECT 1 FROM inbox WHERE key = :key;

-- name: unfinished
-- How many events wait or are parked.
SELECT sum(number) FROM inbox_counts WHERE state IN ('waiting', 'parked');

-- name: put
-- Keep an event.
INSERT INTO inbox (key, type, location, state, due_ms, reason, at_ms, received_ms, forget_ms, body)
VALUES (:key, :type, :location, :state, :due_ms, :reason, :at_ms, :received_ms, :forget_ms, :body);

-- name: forget
-- Forget events about which nothing is to be done, the earliest first.
DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE forget_ms <= :now_ms ORDER BY forget_ms LIMIT :limit);

-- name: forget_tags
-- Forget contacts without such tags, the earliest first.
DELETE FROM contact_tags WHERE (location, contact_id) IN
  (SELECT location, contact_id FROM contact_tags WHERE forget_ms <= :now_ms ORDER BY forget_ms LIMIT :limit);

-- name: due
-- What is due, the longest due first.
SELECT id FROM inbox WHERE state = 'waiting' AND due_ms <= :now_ms ORDER BY due_ms, id LIMIT :limit;

-- name: lease
-- Take the lease of an event.
UPDATE inbox SET lease = lease + 1, leased = 1, tries = tries + 1, due_ms = :until_ms WHERE id = :id
RETURNING id, lease, tries, received_ms, body;

-- name: lapse
-- End all leases; what they held is due.
UPDATE inbox SET due_ms = :now_ms, leased = 0 WHERE leased = 1;

-- name: finish
-- Give a lease back for good; the body is kept only of what may be tried again.
UPDATE inbox SET state = :state, reason = :reason, due_ms = NULL, leased = 0,
       forget_ms = CASE :state WHEN 'parked' THEN NULL ELSE received_ms + :keep_ms END,
       body = CASE :state WHEN 'parked' THEN body ELSE x'' END
WHERE id = :id AND lease = :lease AND leased = 1;

-- name: retry
-- Give a lease back until a later time.
UPDATE inbox SET reason = :reason, due_ms = :due_ms, leased = 0 WHERE id = :id AND lease = :lease AND leased = 1;

-- name: next_due
-- When something is due next.
SELECT min(due_ms) FROM inbox WHERE state = 'waiting';

-- name: replay
-- Let a parked event wait again, due now.
UPDATE inbox SET state = 'waiting', tries = 0, due_ms = :now_ms WHERE id = :id AND state = 'parked';

-- name: dismiss
-- Let a parked event be.
UPDATE inbox SET state = 'ignored', forget_ms = :now_ms + :keep_ms, body = x'' WHERE id = :id AND state = 'parked';

-- name: page
-- Events of one state by id.
SELECT id, key, type, location, state, tries, due_ms, reason, at_ms, received_ms, body
FROM inbox WHERE state = :state AND id > :after ORDER BY id LIMIT :limit;

-- name: page_of_location
-- Likewise those of one sub-account.
SELECT id, key, type, location, state, tries, due_ms, reason, at_ms, received_ms, body
FROM inbox WHERE location = :location AND state = :state AND id > :after ORDER BY id LIMIT :limit;

-- name: counts
-- How many events there are of each state.
SELECT state, number FROM inbox_counts;

-- name: tags
-- What is known of a contact's tags.
SELECT tags, at_ms, ours FROM contact_tags WHERE location = :location AND contact_id = :contact_id;

-- name: put_tags
-- Keep what is known of a contact's tags.
INSERT INTO contact_tags (location, contact_id, tags, at_ms, ours, forget_ms)
VALUES (:location, :contact_id, :tags, :at_ms, :ours, :forget_ms)
ON CONFLICT (location, contact_id) DO UPDATE SET tags = excluded.tags, at_ms = excluded.at_ms, ours = excluded.ours,
       forget_ms = excluded.forget_ms;
