-- Keys that count once. Form: see queries.sql.

-- name: say
-- Remember a key, unless it is remembered already.
INSERT INTO said (key, until_ms) VALUES (:key, :until_ms)
ON CONFLICT (key) DO UPDATE SET until_ms = excluded.until_ms WHERE until_ms <= :now_ms;

-- name: forget_said
-- Forget keys whose time is over, the earliest first.
DELETE FROM said WHERE key IN (SELECT key FROM said WHERE until_ms <= :now_ms ORDER BY until_ms LIMIT :limit);
