-- storeUser.db as the sample of ios.app_store has it ("amparo artifacts show ios.app_store" names the sources).
CREATE TABLE other (a, b);
CREATE TABLE purchase_history_apps (pid INTEGER PRIMARY KEY, bundle_id TEXT, date_purchased DATETIME, developer_name TEXT, hidden INTEGER, long_title TEXT, product_url URL, purchaser_dsid INTEGER, store_item_id INTEGER, title TEXT);
