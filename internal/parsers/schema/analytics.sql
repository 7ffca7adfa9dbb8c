-- ckks_analytics.db as the sample of ios.analytics has it ("amparo artifacts show ios.analytics" names the sources).
CREATE TABLE all_events (id INTEGER PRIMARY KEY, timestamp, data);
