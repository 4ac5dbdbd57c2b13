-- Every statement the SQLite engine runs, by name, each with a sentence. Parsed once by queries.py.

-- name: record
-- Keep an event and its delivery; at the front of its lane unless another one waits there. Changes nothing if known.
INSERT INTO deliveries (location, lane, state, front, due_ms, wake_ms, received_ms, trunk, call_id, event, call)
VALUES (
  :location, :lane, 'waiting',
  NOT EXISTS (
    SELECT 1 FROM deliveries INDEXED BY deliveries_lane
    WHERE location = :location AND lane = :lane AND state = 'waiting' AND front = 1
  ),
  :received_ms, :received_ms, :received_ms, :trunk, :call_id, :event, :call
)
ON CONFLICT (location, call_id, event) DO NOTHING;

-- name: call_turn
-- Let a claim look at this sub-account at that time, if it would not do so before.
INSERT INTO turns (location, next_ms) VALUES (:location, :next_ms)
ON CONFLICT (location) DO UPDATE SET next_ms = excluded.next_ms WHERE next_ms > excluded.next_ms;

-- name: call_all_turns
-- Let a claim look at every sub-account at that time, if it would not do so before.
UPDATE turns SET next_ms = :next_ms WHERE next_ms > :next_ms;

-- name: turns
-- The sub-accounts whose turn has come, the one served longest ago first, and until when each is paused.
SELECT turns.location, pauses.until_ms
FROM turns LEFT JOIN pauses ON pauses.location = turns.location
WHERE turns.next_ms <= :now_ms
ORDER BY turns.next_ms, turns.turn
LIMIT :limit;

-- name: set_turn
-- Say when this sub-account is looked at next, behind those of the same time that were served before.
UPDATE turns SET next_ms = :next_ms, turn = :turn WHERE location = :location;

-- name: end_turns
-- This sub-account has nothing waiting.
DELETE FROM turns WHERE location = :location;

-- name: claimable
-- One sub-account's claimable deliveries, longest due first, as many as it may have held besides those it has.
SELECT id, wake_ms FROM deliveries
WHERE front = 1 AND location = :location AND leased = 0 AND wake_ms <= :now_ms
UNION ALL
SELECT id, wake_ms FROM deliveries
WHERE front = 1 AND location = :location AND leased = 1 AND wake_ms <= :now_ms
ORDER BY wake_ms, id
LIMIT max(0, :per_location - (
  SELECT count(*) FROM deliveries WHERE front = 1 AND location = :location AND leased = 1 AND wake_ms > :now_ms
));

-- name: claimable_fresh
-- One sub-account's claimable deliveries, latest due first, as many as it may have held besides those it has.
SELECT id, wake_ms FROM deliveries
WHERE front = 1 AND location = :location AND leased = 0 AND wake_ms <= :now_ms
UNION ALL
SELECT id, wake_ms FROM deliveries
WHERE front = 1 AND location = :location AND leased = 1 AND wake_ms <= :now_ms
ORDER BY wake_ms DESC, id DESC
LIMIT max(0, :per_location - (
  SELECT count(*) FROM deliveries WHERE front = 1 AND location = :location AND leased = 1 AND wake_ms > :now_ms
));

-- name: lease
-- Lease a delivery; whoever had it and never gave it back leaves it in doubt.
UPDATE deliveries
SET leased = 1, lease_owner = :owner, lease_token = lease_token + 1, wake_ms = :until_ms,
    tries = tries + 1, in_doubt = in_doubt | leased
WHERE id = :id;

-- name: leased
-- A delivery as its holder needs it. (Beside `lease`, not its RETURNING: that costs twice as much.)
SELECT lease_token, location, trunk, call_id, event, lane, call, received_ms, tries, in_doubt, contact_id, plan
FROM deliveries WHERE id = :id;

-- name: next_wake
-- When one sub-account next has something to claim that it cannot claim now.
SELECT min(wake_ms) FROM (
  SELECT min(wake_ms) AS wake_ms FROM deliveries
  WHERE front = 1 AND location = :location AND leased = 0 AND wake_ms > :now_ms
  UNION ALL
  SELECT min(wake_ms) FROM deliveries
  WHERE front = 1 AND location = :location AND leased = 1 AND wake_ms > :now_ms
);

-- name: next_due
-- When something falls due next, a lease runs out or a pause ends, anywhere; a timer also where it is over.
SELECT min(at_ms) FROM (
  SELECT min(due_ms) AS at_ms FROM timers
  UNION ALL
  SELECT min(wake_ms) AS at_ms FROM deliveries WHERE front = 1 AND wake_ms > :now_ms
  UNION ALL
  SELECT min(until_ms) FROM pauses WHERE until_ms > :now_ms
);

-- name: holds
-- Whether a lease still is its holder's.
SELECT 1 FROM deliveries
WHERE id = :id AND leased = 1 AND lease_token = :token AND lease_owner = :owner AND wake_ms > :now_ms;

-- name: write_down
-- Note contact and plan, as far as given, if the lease still is its holder's.
UPDATE deliveries SET contact_id = coalesce(:contact_id, contact_id), plan = coalesce(:plan, plan)
WHERE id = :id AND leased = 1 AND lease_token = :token AND lease_owner = :owner AND wake_ms > :now_ms;

-- name: end_lease
-- The same, and give the lease back.
UPDATE deliveries
SET contact_id = coalesce(:contact_id, contact_id), plan = coalesce(:plan, plan), state = :state, reason = :reason,
    leased = 0, lease_owner = NULL, in_doubt = 0, front = 0, tries = tries - :uncounted,
    due_ms = coalesce(:due_ms, due_ms), wake_ms = coalesce(:due_ms, due_ms), finished_ms = :finished_ms
WHERE id = :id AND leased = 1 AND lease_token = :token AND lease_owner = :owner AND wake_ms > :now_ms;

-- name: lane
-- Where a delivery has its place.
SELECT location, lane FROM deliveries WHERE id = :id;

-- name: promote
-- Put the earliest waiting delivery at the front of its lane, where nobody is there.
UPDATE deliveries SET front = 1
WHERE id = (
  SELECT id FROM deliveries
  WHERE location = :location AND lane = :lane AND state = 'waiting' AND front = 0 ORDER BY id LIMIT 1
) AND NOT EXISTS (
  SELECT 1 FROM deliveries WHERE location = :location AND lane = :lane AND state = 'waiting' AND front = 1
);

-- name: step_back
-- Clear the front of a lane, unless it is being worked on.
UPDATE deliveries SET front = 0
WHERE location = :location AND lane = :lane AND state = 'waiting' AND front = 1 AND leased = 0;

-- name: put_result
-- Write one line of a ledger, in place of an older one of that action.
INSERT OR REPLACE INTO ledger (delivery, key, applied, crm_id, reason) VALUES (?, ?, ?, ?, ?);

-- name: ledger
-- One delivery's ledger.
SELECT key, applied, crm_id, reason FROM ledger WHERE delivery = :id ORDER BY key;

-- name: forget_refused
-- Take away what the CRM refused, so that it is tried again.
DELETE FROM ledger WHERE delivery = :id AND applied = 'refused';

-- name: replay
-- Make a parked delivery wait again.
UPDATE deliveries
SET state = 'waiting', tries = 0, due_ms = :now_ms, wake_ms = :now_ms, reason = NULL, finished_ms = NULL
WHERE id = :id AND state = 'parked';

-- name: release_all
-- End every lease without asking its holder.
UPDATE deliveries
SET leased = 0, lease_owner = NULL, in_doubt = 1, due_ms = :due_ms, wake_ms = :due_ms, tries = max(0, tries - 1)
WHERE front = 1 AND leased = 1;

-- name: put_pause
-- Set a sub-account's pause.
INSERT OR REPLACE INTO pauses (location, until_ms, reason, failures)
VALUES (:location, :until_ms, :reason, :failures);

-- name: lift_pause
-- Lift a sub-account's pause.
DELETE FROM pauses WHERE location = :location;

-- name: pauses
-- All pauses that were set and not lifted.
SELECT location, until_ms, reason, failures FROM pauses;

-- name: list_all
-- Deliveries by id; in one state, or in all (null).
SELECT id, location, trunk, call_id, event, lane, call, state, tries, due_ms, leased, reason, contact_id, received_ms,
       finished_ms
FROM deliveries WHERE id > :after AND (:state IS NULL OR state = :state) ORDER BY id LIMIT :limit;

-- name: list_of_location
-- One sub-account's deliveries by id; in one state, or in all (null).
SELECT id, location, trunk, call_id, event, lane, call, state, tries, due_ms, leased, reason, contact_id, received_ms,
       finished_ms
FROM deliveries INDEXED BY deliveries_of_location
WHERE location = :location AND id > :after AND (:state IS NULL OR state = :state) ORDER BY id LIMIT :limit;

-- name: list_unfinished
-- Waiting or parked deliveries by id, by the indexes that have only those; of one sub-account, or of all (null).
SELECT id, location, trunk, call_id, event, lane, call, state, tries, due_ms, leased, reason, contact_id, received_ms,
       finished_ms
FROM deliveries WHERE id IN (
  SELECT id FROM (
    SELECT id FROM deliveries INDEXED BY deliveries_lane
    WHERE state = 'waiting' AND :state = 'waiting' AND id > :after AND (:location IS NULL OR location = :location)
    UNION ALL
    SELECT id FROM deliveries INDEXED BY deliveries_parked
    WHERE state = 'parked' AND :state = 'parked' AND id > :after AND (:location IS NULL OR location = :location)
    ORDER BY id LIMIT :limit
  )
) ORDER BY id;

-- name: depth
-- How much waits, is parked and is quarantined, and when the earliest recorded of those waiting came.
SELECT
  (SELECT count(*) FROM deliveries WHERE state = 'waiting'),
  (SELECT count(*) FROM deliveries WHERE state = 'parked'),
  (SELECT count(*) FROM quarantine),
  (SELECT received_ms FROM deliveries WHERE id = (SELECT min(id) FROM deliveries WHERE state = 'waiting'));

-- name: quarantine
-- Keep a request that was not understood.
INSERT INTO quarantine (location, trunk, digest, method, url, headers, reason, received_ms, body)
VALUES (:location, :trunk, :digest, :method, :url, :headers, :reason, :received_ms, :body)
RETURNING id;

-- name: quarantined
-- The id of a quarantined request.
SELECT id FROM quarantine WHERE location = :location AND trunk = :trunk AND digest = :digest;

-- name: list_quarantined
-- Quarantined requests by id, of one sub-account or of all (null).
SELECT id, location, trunk, method, url, headers, body, reason, received_ms
FROM quarantine WHERE id > :after AND (:location IS NULL OR location = :location) ORDER BY id LIMIT :limit;

-- name: release
-- Forget a quarantined request.
DELETE FROM quarantine WHERE id = :id;

-- name: put_location
-- Keep a sub-account's configuration.
INSERT OR REPLACE INTO locations (id, document, updated_ms) VALUES (:location, :document, :updated_ms);

-- name: put_secret
-- Keep a sealed secret in place of an older one of that name.
INSERT OR REPLACE INTO secrets (location, name, sealed) VALUES (:location, :name, :sealed);

-- name: remove_secret
-- Forget one secret.
DELETE FROM secrets WHERE location = :location AND name = :name;

-- name: remove_secrets
-- Forget a sub-account's secrets.
DELETE FROM secrets WHERE location = :location;

-- name: remove_location
-- Forget a sub-account's configuration.
DELETE FROM locations WHERE id = :location;

-- name: get_location
-- One sub-account's configuration, with its agency's defaults.
SELECT locations.id, locations.document, locations.updated_ms, configured.version, configured.company, defaults.document
FROM locations
LEFT JOIN configured ON configured.kind = 'location' AND configured.id = locations.id
LEFT JOIN defaults ON defaults.company = configured.company
WHERE locations.id = :location;

-- name: list_locations
-- Sub-accounts by id, with their agencies' defaults.
SELECT locations.id, locations.document, locations.updated_ms, configured.version, configured.company, defaults.document
FROM locations
LEFT JOIN configured ON configured.kind = 'location' AND configured.id = locations.id
LEFT JOIN defaults ON defaults.company = configured.company
WHERE locations.id > :after ORDER BY locations.id LIMIT :limit;

-- name: secrets
-- One sub-account's sealed secrets.
SELECT name, sealed FROM secrets WHERE location = :location;

-- name: revise
-- Note that a sub-account changed.
UPDATE revision SET number = number + 1;

-- name: revision
-- How often any sub-account changed.
SELECT number FROM revision;

-- name: fill_probe
-- Make a write that needs room.
INSERT INTO probe (padding) VALUES (zeroblob(4096));

-- name: clear_probe
-- Take it out again.
DELETE FROM probe;

-- name: crowded
-- The sub-accounts with at least so many deliveries waiting.
SELECT location FROM deliveries WHERE state = 'waiting' GROUP BY location HAVING count(*) >= :at_least;

-- name: prunable
-- Deliveries done before that time, the earliest first.
SELECT id, location, call_id FROM deliveries WHERE state = 'done' AND finished_ms < :before_ms ORDER BY finished_ms LIMIT :limit;

-- name: prunable_of_location
-- Of one sub-account's oldest deliveries those done before that time.
SELECT id, location, call_id FROM (
  SELECT id, location, call_id, state, finished_ms FROM deliveries INDEXED BY deliveries_of_location
  WHERE location = :location ORDER BY id LIMIT :limit
) WHERE state = 'done' AND finished_ms < :before_ms;

-- name: prune_ledger
-- Forget a delivery's ledger.
DELETE FROM ledger WHERE delivery = ?;

-- name: prune_delivery
-- Forget a delivery.
DELETE FROM deliveries WHERE id = ?;

-- name: prune_quarantine
-- Forget requests quarantined before that time, the earliest first.
DELETE FROM quarantine WHERE id IN (
  SELECT id FROM quarantine WHERE received_ms < :before_ms ORDER BY id LIMIT :limit
);

-- name: keep_part
-- Keep an event that is not the end of its call; open as long as the end has not come.
INSERT INTO parts (location, call_id, event, received_ms, open, trunk, lane, call)
VALUES (
  :location, :call_id, :event, :received_ms,
  :can_open AND NOT EXISTS (
    SELECT 1 FROM deliveries WHERE location = :location AND call_id = :call_id AND event = 'completed'
  ),
  :trunk, :lane, :call
)
ON CONFLICT (location, call_id, event) DO NOTHING;

-- name: close_parts
-- The end of this call has come.
UPDATE parts SET open = 0 WHERE location = :location AND call_id = :call_id AND open = 1;

-- name: parts
-- What is known of a call besides its end, in the order in which it came.
SELECT call FROM parts WHERE location = :location AND call_id = :call_id ORDER BY received_ms, event;

-- name: end_of_call
-- How the end of a call stands.
SELECT id, state, leased, lane, call, contact_id FROM deliveries
WHERE location = :location AND call_id = :call_id AND event = 'completed';

-- name: hurry
-- Let the end of a call that waits fall due now.
UPDATE deliveries SET due_ms = min(due_ms, :now_ms), wake_ms = min(wake_ms, :now_ms) WHERE id = :id AND leased = 0;

-- name: open_calls
-- Calls that began before that time and have not ended, the earliest first.
SELECT location, call_id, min(trunk), min(lane), min(received_ms) FROM parts
WHERE open = 1 AND received_ms < :before_ms
GROUP BY location, call_id ORDER BY 5 LIMIT :limit;

-- name: prune_old_parts
-- Forget closed parts that came before that time, also of calls whose end was never known.
DELETE FROM parts WHERE open = 0 AND received_ms < :before_ms;

-- name: prune_parts
-- Forget what was known of a call besides its end.
DELETE FROM parts WHERE location = ? AND call_id = ?;
