-- What people's workflows in the CRM ask of us. Form: see queries.sql.

-- name: put_subscription
-- Keep a subscription, unless it would be one too many.
INSERT INTO subscriptions (location, id, workflow_id, target_url, filters, updated_ms)
SELECT :location, :id, :workflow_id, :target_url, :filters, :updated_ms
WHERE (SELECT count(*) FROM subscriptions WHERE location = :location AND id <> :id) < :most
ON CONFLICT (location, id) DO UPDATE
SET workflow_id = excluded.workflow_id, target_url = excluded.target_url, filters = excluded.filters,
    updated_ms = excluded.updated_ms;

-- name: forget_subscription
-- Forget a subscription.
DELETE FROM subscriptions WHERE location = :location AND id = :id;

-- name: subscriptions
-- A sub-account's subscriptions by id.
SELECT location, id, workflow_id, target_url, filters, updated_ms FROM subscriptions
WHERE location = :location ORDER BY id;

-- name: answered
-- What a request was answered.
SELECT answer FROM answers WHERE location = :location AND request = :request AND until_ms > :now_ms;

-- name: answer
-- Remember an answer, unless the request was answered already.
INSERT INTO answers (location, request, answer, until_ms) VALUES (:location, :request, :answer, :until_ms)
ON CONFLICT (location, request) DO UPDATE SET answer = excluded.answer, until_ms = excluded.until_ms
WHERE until_ms <= :now_ms;

-- name: forget_answers
-- Forget answers whose time is over, the earliest first.
DELETE FROM answers WHERE (location, request) IN (
  SELECT location, request FROM answers WHERE until_ms <= :now_ms ORDER BY until_ms LIMIT :limit
);
