CREATE TABLE IF NOT EXISTS tenants (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    domain TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT PRIMARY KEY,
    reference TEXT NOT NULL, -- not unique: a vendor without idempotency sells twice under one reference
    tenant TEXT NOT NULL REFERENCES tenants,
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'ended')),
    made_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS licences (
    subscription TEXT NOT NULL REFERENCES subscriptions,
    seat INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (subscription, seat)
);
CREATE TABLE IF NOT EXISTS operations ( -- every request that was taken, whether done at once or to be done at due_at
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    asked TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('working', 'done', 'failed')),
    due_at REAL NOT NULL,
    visible_at REAL NOT NULL, -- from then on a look-up sees it
    will_fail TEXT NOT NULL,
    result TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS operations_by_reference ON operations (reference, n);
CREATE INDEX IF NOT EXISTS operations_to_do ON operations (due_at) WHERE state = 'working';
CREATE TABLE IF NOT EXISTS purchases ( -- one row per effect, so that doubles can be counted
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL,
    kind TEXT NOT NULL,
    subscription TEXT NOT NULL,
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    made_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS purchases_by_reference ON purchases (reference);
CREATE TABLE IF NOT EXISTS moods (id INTEGER PRIMARY KEY CHECK (id = 1), content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS luck (reference TEXT PRIMARY KEY, calls INTEGER NOT NULL); -- draws of chance so far
CREATE TABLE IF NOT EXISTS offering (id INTEGER PRIMARY KEY CHECK (id = 1), content TEXT NOT NULL); -- changes since the beginning
