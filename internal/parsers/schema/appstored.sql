-- appstored.sqlitedb as the sample of ios.app_store has it ("amparo artifacts show ios.app_store" names the sources).
CREATE TABLE a (bundle_id, title, timestamp, icon_url, sinfs_data, date_purchased);
CREATE TABLE app_update (pid INTEGER PRIMARY KEY, bundle_id TEXT, timestamp REAL, install_date DATETIME, update_state INTEGER);
CREATE TABLE asset (pid INTEGER PRIMARY KEY, bytes_total INTEGER, sinfs_data BLOB, url TEXT);
CREATE TABLE job_software (pid INTEGER PRIMARY KEY, bundle_id TEXT, artist_name TEXT, title TEXT, store_account_name TEXT, store_item_id INTEGER, store_purchase_date INTEGER, store_url TEXT, thumbnail_url TEXT, timestamp INTEGER DEFAULT (strftime('%s', 'now')));
CREATE TABLE other (a, b);
CREATE TABLE settings (key TEXT, value TEXT);
