-- Protected Index as the sample of ios.mail has it ("amparo artifacts show ios.mail" names the sources).
CREATE TABLE addresses (ROWID INTEGER PRIMARY KEY, address TEXT COLLATE NOCASE, comment TEXT);
CREATE TABLE message_data (message_data_id INTEGER PRIMARY KEY, data TEXT);
CREATE TABLE messages (message_id INTEGER PRIMARY KEY, sender TEXT, subject TEXT, _to TEXT, cc TEXT, bcc TEXT);
CREATE TABLE rich_links (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, url TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE subjects (ROWID INTEGER PRIMARY KEY, subject TEXT UNIQUE);
CREATE TABLE summaries (ROWID INTEGER PRIMARY KEY, summary TEXT);
