package testevidence

// coreData writes what Core Data keeps about a store: its entities with the
// last number given out, and the store's identity.
// https://developer.apple.com/library/archive/documentation/Cocoa/Conceptual/CoreDataVersioning/
func (d *database) coreData(entities ...coreEntity) {
	key := d.insert("Z_PRIMARYKEY", "Z_ENT", "Z_NAME", "Z_SUPER", "Z_MAX")
	for _, e := range entities {
		key.row(e.number, e.name, 0, e.last)
	}
	store := d.r.uuid()
	d.insert("Z_METADATA", "Z_VERSION", "Z_UUID", "Z_PLIST").row(1, store, binaryPlist(dict{
		{"NSPersistenceFrameworkVersion", 1340},
		{"NSStoreType", "SQLite"},
		{"NSStoreModelVersionHashesVersion", 3},
		{"NSStoreModelVersionIdentifiers", []any{""}},
	}))
}

// A coreEntity is one kind of object of a store.
type coreEntity struct {
	number int
	name   string
	last   int64
}
