-- Every statement of the vault. ROWS stands for one of the tables of sealed rows.

-- name: read_header
SELECT header FROM header;

-- name: write_header
INSERT INTO header (one, header) VALUES (1, :header) ON CONFLICT DO NOTHING;

-- name: replace_header
UPDATE header SET header = :header, generation = generation + 1 WHERE generation = :generation;

-- Inside the transaction of every write that seals: a header that changes waits for it.
-- name: read_generation
SELECT generation FROM header;

-- name: get_row
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS WHERE key = :key;

-- One statement for each way in: a planner that may not know which conditions count uses no index.

-- name: find_rows
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE (:client IS NULL OR client_id = :client)
ORDER BY account, key;

-- name: find_rows_of_account
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE account = :account AND (:user IS NULL OR user_id = :user) AND (:client IS NULL OR client_id = :client)
ORDER BY key;

-- name: find_rows_of_user
SELECT key, version, sealed, account, user_id, client_id, due FROM ROWS
WHERE user_id = :user AND (:client IS NULL OR client_id = :client)
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

-- name: delete_row
DELETE FROM ROWS WHERE key = :key AND version = :expect;

-- name: read_lease
SELECT fence, held FROM leases WHERE grant_id = :grant_id;

-- name: know_lease
INSERT INTO leases (grant_id, fence, held) VALUES (:grant_id, 0, 0) ON CONFLICT DO NOTHING;

-- name: take_lease
UPDATE leases SET fence = fence + 1, held = 1 WHERE grant_id = :grant_id AND fence = :fence AND held = :held;

-- name: release_lease
UPDATE leases SET held = 0 WHERE grant_id = :grant_id AND fence = :fence;
