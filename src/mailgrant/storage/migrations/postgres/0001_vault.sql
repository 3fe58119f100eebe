-- Sealed rows, each table alike: what finds a row is in the clear, everything else is in `sealed`. Text is compared
-- byte by byte ("C"), as everywhere else, whatever the database's own order is.
CREATE TABLE mailgrant.mailgrant_vault (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL);
-- The generation counts the keys a vault has had; a write names the one it sealed for.
CREATE TABLE mailgrant.header (
    one INTEGER PRIMARY KEY CHECK (one = 1), header BYTEA NOT NULL, generation INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE mailgrant.grants (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE TABLE mailgrant.consents (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE TABLE mailgrant.clients (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE TABLE mailgrant.tokens (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE TABLE mailgrant.audit (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE TABLE mailgrant.marks (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE TABLE mailgrant.workers (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE TABLE mailgrant.attempts (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE TABLE mailgrant.budgets (
    key TEXT COLLATE "C" PRIMARY KEY, version BIGINT NOT NULL, sealed BYTEA NOT NULL,
    account TEXT COLLATE "C" NOT NULL, user_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, due BIGINT
);
CREATE INDEX grants_by_account ON mailgrant.grants (account);
CREATE INDEX grants_by_user ON mailgrant.grants (user_id);
-- When the worker should look at a row, in seconds since 1970.
CREATE INDEX grants_by_due ON mailgrant.grants (due, key) WHERE due IS NOT NULL;
CREATE INDEX audit_by_account ON mailgrant.audit (account);
-- The fence counts whose turn it is; it never goes back, and outlives the grant.
CREATE TABLE mailgrant.leases (
    grant_id TEXT COLLATE "C" PRIMARY KEY, fence BIGINT NOT NULL, held_until TIMESTAMPTZ NOT NULL
);
