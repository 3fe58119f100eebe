-- Every statement of the vault, for both databases. ROWS stands for one of the tables of sealed rows, HEADER,
-- LEASES and VERSION for those tables; a database with a schema puts it before them.

-- name: read_header
SELECT header FROM HEADER;

-- name: write_header
INSERT INTO HEADER (one, header) VALUES (1, :header) ON CONFLICT DO NOTHING;

-- name: replace_header
UPDATE HEADER SET header = :header, generation = generation + 1 WHERE generation = :generation;

-- Inside the transaction of every write that seals: a header that changes waits for it.
-- name: read_generation
SELECT generation FROM HEADER;

-- Where writers do not wait for each other by themselves.
-- name: hold_generation
SELECT generation FROM HEADER FOR SHARE;

-- name: get_row
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS WHERE key = :key;

-- One statement for each way in: a planner that may not know which conditions count uses no index.

-- name: find_rows
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE (CAST(:client AS TEXT) IS NULL OR client_id = :client)
ORDER BY account, key;

-- name: find_rows_of_account
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE account = :account AND (CAST(:user AS TEXT) IS NULL OR user_id = :user) AND (CAST(:client AS TEXT) IS NULL OR client_id = :client)
ORDER BY key;

-- name: find_rows_of_user
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE user_id = :user AND (CAST(:client AS TEXT) IS NULL OR client_id = :client)
ORDER BY account, key;

-- name: page
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE key > :after ORDER BY key LIMIT :limit;

-- name: page_backwards
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE :after = '' OR key < :after ORDER BY key DESC LIMIT :limit;

-- name: find_due
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE due <= :until ORDER BY due, key LIMIT :limit;

-- name: next_due
SELECT min(due) FROM ROWS WHERE due IS NOT NULL;

-- name: insert_row
INSERT INTO ROWS (key, version, sealed, account, user_id, client_id, due)
VALUES (:key, :version, :sealed, :account, :user, :client, :due) ON CONFLICT DO NOTHING;

-- name: update_row
UPDATE ROWS SET version = :version, sealed = :sealed, account = :account, user_id = :user, client_id = :client, due = :due
WHERE key = :key AND version = :expect;

-- name: reseal_row
UPDATE ROWS SET sealed = :sealed WHERE key = :key AND version = :version AND sealed = :before;

-- name: take_row
DELETE FROM ROWS WHERE key = :key;

-- In one step where a transaction alone does not make it one.
-- name: take_whole_row
DELETE FROM ROWS WHERE key = :key RETURNING key, version, sealed, account, user_id, client_id, due;

-- name: delete_row
DELETE FROM ROWS WHERE key = :key AND version = :expect;

-- name: read_lease
SELECT fence, held FROM LEASES WHERE grant_id = :grant_id;

-- name: know_lease
INSERT INTO LEASES (grant_id, fence, held) VALUES (:grant_id, 0, 0) ON CONFLICT DO NOTHING;

-- name: take_lease
UPDATE LEASES SET fence = fence + 1, held = 1 WHERE grant_id = :grant_id AND fence = :fence AND held = :held;

-- name: release_lease
UPDATE LEASES SET held = 0 WHERE grant_id = :grant_id AND fence = :fence;

-- Leases by the database's clock: one that has run out is free.

-- name: read_timed_lease
SELECT fence, held_until > clock_timestamp() FROM LEASES WHERE grant_id = :grant_id;

-- Until the transaction ends nobody takes it over.
-- name: hold_fence
SELECT fence FROM LEASES WHERE grant_id = :grant_id FOR SHARE;

-- name: know_timed_lease
INSERT INTO LEASES (grant_id, fence, held_until) VALUES (:grant_id, 0, '-infinity') ON CONFLICT DO NOTHING;

-- A fence that was free stays free until the next one: the fence says it all.
-- name: take_timed_lease
UPDATE LEASES SET fence = fence + 1, held_until = clock_timestamp() + :length WHERE grant_id = :grant_id AND fence = :fence;

-- name: release_timed_lease
UPDATE LEASES SET held_until = '-infinity' WHERE grant_id = :grant_id AND fence = :fence;

-- What the database holds. Names are bound, so that a database without our schema answers too.

-- name: recognise
SELECT to_regnamespace(:schema) IS NOT NULL,
    (SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = :schema),
    EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = :schema AND tablename = 'mailgrant_vault');

-- name: lock_for_migrating
SELECT pg_advisory_xact_lock(:number);

-- name: read_version
SELECT version FROM VERSION;

-- name: write_version
INSERT INTO VERSION (one, version) VALUES (1, :version) ON CONFLICT (one) DO UPDATE SET version = :version;
