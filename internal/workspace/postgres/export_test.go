package postgres

// Connect opens the database as it is, for tests of its migrations.
var Connect = connect
