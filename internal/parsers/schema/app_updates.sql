-- AppUpdates.sqlitedb as the sample of ios.app_store has it ("amparo artifacts show ios.app_store" names the sources).
CREATE TABLE other (a, b);
