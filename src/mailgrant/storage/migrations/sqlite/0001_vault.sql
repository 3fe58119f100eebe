-- Sealed rows, each table alike: what finds a row is in the clear, everything else is in `sealed`.
CREATE TABLE header (one INTEGER PRIMARY KEY CHECK (one = 1), header BLOB NOT NULL);
CREATE TABLE grants (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX grants_by_account ON grants (account);
CREATE INDEX grants_by_user ON grants (user_id);
CREATE TABLE consents (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE clients (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL
) WITHOUT ROWID;
-- The fence counts whose turn it is; it never goes back, and outlives the grant.
CREATE TABLE leases (grant_id TEXT PRIMARY KEY, fence INTEGER NOT NULL, held INTEGER NOT NULL) WITHOUT ROWID;
