-- What follows a call: timers, dialling history, caller IDs, the review queue. Form: see queries.sql.

-- name: place
-- Whose a delivery is, for what follows from it.
SELECT location, call_id, trunk, lane FROM deliveries WHERE id = :delivery;

-- name: schedule
-- Set a call's timer, in place of a pending one of that key; not where its delivery is recorded already.
INSERT INTO timers (location, call_id, key, due_ms, trunk, lane, document)
SELECT :location, :call_id, :key, :due_ms, :trunk, :lane, :document
WHERE NOT EXISTS (
  SELECT 1 FROM deliveries WHERE location = :location AND call_id = :call_id AND event = :event
)
ON CONFLICT (location, call_id, key) DO UPDATE
SET due_ms = excluded.due_ms, trunk = excluded.trunk, lane = excluded.lane, document = excluded.document;

-- name: timers_of_call
-- A call's pending timers, to choose from.
SELECT id, key FROM timers WHERE location = :location AND call_id = :call_id;

-- name: unbegun
-- A call's deliveries that nobody ever claimed, to choose from.
SELECT id, event FROM deliveries
WHERE location = :location AND call_id = :call_id AND state = 'waiting' AND lease_token = 0;

-- name: forget_timer
-- Forget a timer.
DELETE FROM timers WHERE id = :id;

-- name: cancel_timer
-- Forget a sub-account's timer.
DELETE FROM timers WHERE id = :id AND location = :location;

-- name: due_timers
-- Timers that are due, the longest due first.
SELECT id, location, trunk, call_id, key, lane, due_ms, document FROM timers
WHERE due_ms <= :now_ms ORDER BY due_ms, id LIMIT :limit;

-- name: next_timer
-- When the first timer is due.
SELECT min(due_ms) FROM timers;

-- name: list_timers
-- A sub-account's timers by id.
SELECT id, location, call_id, key, trunk, lane, due_ms, document FROM timers INDEXED BY timers_of_location
WHERE location = :location AND id > :after ORDER BY id LIMIT :limit;

-- name: list_timers_of_call
-- One call's timers by id.
SELECT id, location, call_id, key, trunk, lane, due_ms, document FROM timers
WHERE location = :location AND call_id = :call_id AND id > :after ORDER BY id LIMIT :limit;

-- name: dials
-- What is known of each of some numbers (a JSON list).
SELECT number, attempts, last_call_ms, last_disposition, suppressed_until_ms, suppressed_why, callback_due_ms, avoid,
       attempt_tag, last_call_id, contact_id, dnd
FROM json_each(:numbers) AS wanted CROSS JOIN dials ON location = :location AND number = wanted.value;

-- name: dial
-- What is known of one number.
SELECT number, attempts, last_call_ms, last_disposition, suppressed_until_ms, suppressed_why, callback_due_ms, avoid,
       attempt_tag, last_call_id, contact_id, dnd
FROM dials WHERE location = :location AND number = :number;

-- name: dials_of_contact
-- What is known of each number that was a contact's, the one called last first.
SELECT number, attempts, last_call_ms, last_disposition, suppressed_until_ms, suppressed_why, callback_due_ms, avoid,
       attempt_tag, last_call_id, contact_id, dnd
FROM dials INDEXED BY dials_contact WHERE location = :location AND contact_id = :contact_id ORDER BY last_call_ms DESC LIMIT :limit;

-- name: tell_dnd
-- Note whether a number that was dialled is to be left alone.
UPDATE dials SET dnd = :dnd WHERE location = :location AND number = :number;

-- name: put_dial
-- Keep what is known of a number now.
INSERT OR REPLACE INTO dials (location, number, attempts, last_call_ms, last_disposition, suppressed_until_ms,
                              suppressed_why, callback_due_ms, avoid, attempt_tag, last_call_id, contact_id, dnd,
                              latest_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: use_caller_id
-- Count one call into its caller ID's day.
INSERT INTO caller_id_days (location, day, number, calls, answered, fast_drops, last_used_ms)
VALUES (:location, :day, :number, 1, :answered, :fast_drop, :at_ms)
ON CONFLICT (location, day, number) DO UPDATE
SET calls = calls + 1, answered = answered + excluded.answered, fast_drops = fast_drops + excluded.fast_drops,
    last_used_ms = max(last_used_ms, excluded.last_used_ms);

-- name: caller_ids
-- How each caller ID fared since that day.
SELECT number, sum(calls), sum(answered), sum(fast_drops), max(last_used_ms) FROM caller_id_days
WHERE location = :location AND day >= :day GROUP BY number ORDER BY number;

-- name: put_review
-- Put a call on review, unless it was for that reason before.
INSERT INTO reviews (location, call_id, reason, lane, contact_id, agent, talk_s, ended_ms, put_ms)
VALUES (:location, :call_id, :reason, :lane, :contact_id, :agent, :talk_s, :ended_ms, :now_ms)
ON CONFLICT (location, call_id, reason) DO NOTHING;

-- name: resolve_reviews
-- Resolve what is unsettled of one call.
UPDATE reviews SET state = 'resolved', version = version + 1, changed_by = :by, changed_ms = :now_ms, why = :why
WHERE location = :location AND call_id = :call_id AND state IN ('open', 'claimed');

-- name: change_review
-- Change an unsettled review that nobody changed since it was seen.
UPDATE reviews SET state = :to, version = version + 1, changed_by = :by, changed_ms = :now_ms, why = :why
WHERE id = :id AND location = :location AND version = :version AND state IN ('open', 'claimed');

-- name: list_unsettled
-- Unsettled reviews of a sub-account by id: in some states (a JSON list), last changed by someone or by anyone (null).
SELECT id, location, call_id, lane, reason, contact_id, agent, talk_s, ended_ms, put_ms, state, version, changed_by,
       changed_ms, why
FROM reviews INDEXED BY reviews_unsettled
WHERE location = :location AND id > :after AND state IN ('open', 'claimed')
  AND state IN (SELECT value FROM json_each(:states)) AND (:by IS NULL OR changed_by = :by)
ORDER BY id LIMIT :limit;

-- name: list_reviews
-- The same, settled ones too.
SELECT id, location, call_id, lane, reason, contact_id, agent, talk_s, ended_ms, put_ms, state, version, changed_by,
       changed_ms, why
FROM reviews INDEXED BY reviews_of_location
WHERE location = :location AND id > :after
  AND state IN (SELECT value FROM json_each(:states)) AND (:by IS NULL OR changed_by = :by)
ORDER BY id LIMIT :limit;

-- name: reviews_of_call
-- One call's reviews by id; the plus keeps SQLite from reading all of the sub-account's in their order.
SELECT id, location, call_id, lane, reason, contact_id, agent, talk_s, ended_ms, put_ms, state, version, changed_by,
       changed_ms, why
FROM reviews WHERE location = :location AND call_id = :call_id ORDER BY +id;

-- name: count_reviews
-- How many reviews are open, or claimed by whom, and since when the oldest of them is there.
SELECT CASE state WHEN 'claimed' THEN changed_by END AS holder, count(*), min(put_ms)
FROM reviews INDEXED BY reviews_unsettled
WHERE location = :location AND state IN ('open', 'claimed') GROUP BY holder;

-- name: count_all_reviews
-- The same of all sub-accounts together.
SELECT CASE state WHEN 'claimed' THEN changed_by END AS holder, count(*), min(put_ms)
FROM reviews INDEXED BY reviews_unsettled
WHERE state IN ('open', 'claimed') GROUP BY holder;

-- name: prune_reviews
-- Forget reviews settled before that time, the earliest first.
DELETE FROM reviews WHERE id IN (
  SELECT id FROM reviews
  WHERE state IN ('resolved', 'dismissed') AND changed_ms < :before_ms ORDER BY changed_ms LIMIT :limit
);

-- name: prune_dials
-- Forget numbers of which nothing matters since that time, the earliest first.
DELETE FROM dials WHERE (location, number) IN (
  SELECT location, number FROM dials WHERE latest_ms < :before_ms AND dnd IS NOT 1 ORDER BY latest_ms LIMIT :limit
);

-- name: prune_caller_ids
-- Forget days before that one.
DELETE FROM caller_id_days WHERE (location, day, number) IN (
  SELECT location, day, number FROM caller_id_days WHERE day < :day ORDER BY day LIMIT :limit
);
