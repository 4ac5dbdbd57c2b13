-- Calls as wholes. Form: see queries.sql.

-- name: deliveries_of_call
-- All deliveries of one call by id; the plus keeps SQLite from reading all of the sub-account's in their order.
SELECT id, location, trunk, call_id, event, lane, call, state, tries, due_ms, leased, reason, contact_id, received_ms,
       finished_ms
FROM deliveries WHERE location = :location AND call_id = :call_id ORDER BY +id;

-- name: parts_of_call
-- What is known of one call besides its end, in the order in which it came.
SELECT event, received_ms, trunk, lane, call FROM parts
WHERE location = :location AND call_id = :call_id ORDER BY received_ms, event;

-- name: newest_calls
-- Ends of calls of one sub-account, the newest first.
SELECT id, location, trunk, call_id, event, lane, call, state, tries, due_ms, leased, reason, contact_id, received_ms,
       finished_ms
FROM deliveries INDEXED BY deliveries_of_location
WHERE location = :location AND id < :before AND event NOT LIKE 'fix:%' AND event NOT LIKE 'timer:%'
ORDER BY id DESC LIMIT :limit;

-- name: calls_since
-- Ends of calls of one sub-account after one, in their order.
SELECT id, location, trunk, call_id, event, lane, call, state, tries, due_ms, leased, reason, contact_id, received_ms,
       finished_ms
FROM deliveries INDEXED BY deliveries_of_location
WHERE location = :location AND id > :after AND event NOT LIKE 'fix:%' AND event NOT LIKE 'timer:%'
ORDER BY id LIMIT :limit;
