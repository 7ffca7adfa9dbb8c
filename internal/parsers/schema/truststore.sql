-- TrustStore.sqlite3 of iOS 14 and later (https://github.com/apple-oss-distributions/Security, trust/trustd/SecTrustStoreServer.c).
CREATE TABLE tsettings(sha256 BLOB NOT NULL DEFAULT '', subj BLOB NOT NULL DEFAULT '', tset BLOB, data BLOB, uuid BLOB, UNIQUE(sha256, subj));
-- after rows
