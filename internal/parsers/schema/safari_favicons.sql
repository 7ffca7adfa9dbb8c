-- Favicons.db as the sample of ios.safari_favicon has it ("amparo artifacts show ios.safari_favicon" names the sources).
CREATE TABLE database_info (key TEXT NOT NULL ON CONFLICT FAIL UNIQUE ON CONFLICT REPLACE,value TEXT NOT NULL ON CONFLICT FAIL);
CREATE TABLE icon_info (uuid TEXT PRIMARY KEY NOT NULL ON CONFLICT FAIL,url TEXT NOT NULL ON CONFLICT FAIL,timestamp INTEGER, width INTEGER DEFAULT 0, height INTEGER DEFAULT 0, has_generated_representations INTEGER DEFAULT 0);
CREATE TABLE other (a, b);
CREATE TABLE page_url (url TEXT NOT NULL ON CONFLICT FAIL UNIQUE ON CONFLICT REPLACE,uuid TEXT NOT NULL ON CONFLICT FAIL);
CREATE TABLE rejected_resources (page_url TEXT NOT NULL ON CONFLICT FAIL,icon_url TEXT NOT NULL ON CONFLICT FAIL,timestamp INTEGER,UNIQUE(page_url, icon_url));
