-- The generation counts the keys a vault has had; a write names the one it sealed for.
ALTER TABLE header ADD COLUMN generation INTEGER NOT NULL DEFAULT 1;
-- When the worker should look at a row, in seconds since 1970.
ALTER TABLE grants ADD COLUMN due INTEGER;
ALTER TABLE consents ADD COLUMN due INTEGER;
ALTER TABLE clients ADD COLUMN due INTEGER;
CREATE INDEX grants_by_due ON grants (due) WHERE due IS NOT NULL;
CREATE TABLE tokens (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, due INTEGER
) WITHOUT ROWID;
CREATE TABLE audit (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, due INTEGER
) WITHOUT ROWID;
CREATE TABLE marks (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, due INTEGER
) WITHOUT ROWID;
CREATE TABLE workers (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, due INTEGER
) WITHOUT ROWID;
CREATE TABLE attempts (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, due INTEGER
) WITHOUT ROWID;
CREATE TABLE budgets (
    key TEXT PRIMARY KEY, version INTEGER NOT NULL, sealed BLOB NOT NULL,
    account TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL, due INTEGER
) WITHOUT ROWID;
CREATE INDEX audit_by_account ON audit (account);
