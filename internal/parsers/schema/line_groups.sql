-- UnifiedGroup.sqlite as the sample of ios.line has it ("amparo artifacts show ios.line" names the sources).
CREATE TABLE ZUNIFIEDGROUP (Z_PK INTEGER PRIMARY KEY, ZID TEXT, ZNAME TEXT);
