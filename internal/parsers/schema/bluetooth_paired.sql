-- com.apple.MobileBluetooth.ledevices.paired.db as the sample of ios.bluetooth has it ("amparo artifacts show ios.bluetooth" names the sources).
CREATE TABLE PairedDevices (Uuid TEXT, Name TEXT, NameOrigin INTEGER, Address TEXT, ResolvedAddress TEXT, LastSeenTime INTEGER, LastConnectionTime INTEGER, Tags TEXT, iCloudIdentifier TEXT);
CREATE TABLE other (a, b);
