-- browser.db as the sample of ios.firefox_history has it ("amparo artifacts show ios.firefox_history" names the sources).
CREATE TABLE cached_top_sites (historyID INTEGER, url TEXT NOT NULL, title TEXT NOT NULL, guid TEXT NOT NULL UNIQUE, domain_id INTEGER, domain TEXT NO NULL, localVisitDate REAL, remoteVisitDate REAL, localVisitCount INTEGER, remoteVisitCount INTEGER, iconID INTEGER, iconURL TEXT, iconDate REAL, iconType INTEGER, iconWidth INTEGER, frecencies REAL);
CREATE TABLE clients (guid TEXT PRIMARY KEY);
CREATE TABLE domains (id INTEGER PRIMARY KEY AUTOINCREMENT, domain TEXT NOT NULL UNIQUE, showOnTopSites TINYINT NOT NULL DEFAULT 1);
CREATE TABLE favicon_site_urls (id INTEGER PRIMARY KEY AUTOINCREMENT, site_url TEXT NOT NULL, faviconID INTEGER NOT NULL REFERENCES favicons(id) ON DELETE CASCADE, UNIQUE (site_url, faviconID));
CREATE TABLE favicon_sites (id INTEGER PRIMARY KEY AUTOINCREMENT, siteID INTEGER NOT NULL REFERENCES history(id) ON DELETE CASCADE, faviconID INTEGER NOT NULL REFERENCES favicons(id) ON DELETE CASCADE, UNIQUE (siteID, faviconID));
CREATE TABLE favicons (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, width INTEGER, height INTEGER, type INTEGER NOT NULL, date REAL NOT NULL);
CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT NOT NULL UNIQUE, url TEXT UNIQUE, title TEXT NOT NULL, server_modified INTEGER, local_modified INTEGER, is_deleted TINYINT NOT NULL, should_upload TINYINT NOT NULL, domain_id INTEGER REFERENCES domains(id) ON DELETE CASCADE, CONSTRAINT urlOrDeleted CHECK (url IS NOT NULL OR is_deleted = 1));
CREATE TABLE other (a, b);
CREATE TABLE page_metadata (id INTEGER PRIMARY KEY, cache_key LONGVARCHAR UNIQUE, site_url TEXT, media_url LONGVARCHAR, title TEXT, type VARCHAR(32), description TEXT, provider_name TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, expired_at LONG);
CREATE TABLE pinned_top_sites (historyID INTEGER, url TEXT NOT NULL UNIQUE, title TEXT, guid TEXT, pinDate REAL, domain TEXT NOT NULL);
CREATE TABLE queue (url TEXT NOT NULL UNIQUE, title TEXT);
CREATE TABLE tabs (id INTEGER PRIMARY KEY AUTOINCREMENT, client_guid TEXT, url TEXT NOT NULL, title TEXT, history TEXT, last_used INTEGER);
CREATE TABLE visits (id INTEGER PRIMARY KEY AUTOINCREMENT, siteID INTEGER NOT NULL REFERENCES history(id) ON DELETE CASCADE, date REAL NOT NULL, type INTEGER NOT NULL, is_local TINYINT NOT NULL, UNIQUE (siteID, date, type));
