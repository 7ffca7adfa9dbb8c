CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, First TEXT, Last TEXT, Middle TEXT, Organization TEXT, Department TEXT,
	Note TEXT, Kind INTEGER, Birthday TEXT, JobTitle TEXT, Nickname TEXT, FirstSort TEXT, LastSort TEXT, CreationDate INTEGER,
	ModificationDate INTEGER, StoreID INTEGER, ExternalRepresentation BLOB, FirstSortLanguageIndex INTEGER DEFAULT 2147483647,
	PersonLink INTEGER DEFAULT -1, guid TEXT NOT NULL);
CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, identifier INTEGER, label INTEGER, value TEXT, guid TEXT NOT NULL);
CREATE TABLE ABMultiValueLabel (value TEXT, UNIQUE(value));
CREATE TABLE ABMultiValueEntry (parent_id INTEGER, key INTEGER, value TEXT, UNIQUE(parent_id, key));
CREATE TABLE ABMultiValueEntryKey (value TEXT, UNIQUE(value));
