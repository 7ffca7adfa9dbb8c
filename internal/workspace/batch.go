package workspace

import (
	"golang.org/x/mod/sumdb/tlog"
)

// batch gathers the entries of an act that has many, so that they are written
// with a few statements.
type batch struct {
	entries, hashes rowInserter
	known           map[int64]tlog.Hash // that are not written yet, or were read
}

// gather begins a batch: what the transaction records is written by its flush.
func (t *tx) gather() {
	t.batch = &batch{
		entries: rowInserter{t: t, query: "INSERT INTO ledger_entry (n, data, salt, detail, case_id, subject) VALUES "},
		hashes:  rowInserter{t: t, query: "INSERT INTO ledger_hash (i, hash) VALUES "},
		known:   map[int64]tlog.Hash{},
	}
}

// put keeps an entry for the flush.
func (b *batch) put(l *leaf, n int64, entry []byte, first int64, hashes []tlog.Hash) {
	b.entries.add(n, entry, l.open.Salt, l.open.Detail, l.caseID, l.subject)
	for i := range hashes {
		b.hashes.add(first+int64(i), hashes[i][:])
		b.known[first+int64(i)] = hashes[i]
	}
}

// read is readHashes, of what is written and of what is not yet. What was read
// is kept: each entry asks for the hashes at the edge of the tree.
func (b *batch) read(l *leaf, indexes []int64) ([]tlog.Hash, error) {
	var missing []int64
	for _, x := range indexes {
		if _, ok := b.known[x]; !ok {
			missing = append(missing, x)
		}
	}
	list, err := readHashes(l.ctx, l.Tx, missing)
	if err != nil {
		return nil, err
	}
	for i, x := range missing {
		b.known[x] = list[i]
	}
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = b.known[x]
	}
	return out, nil
}

// flush writes what was gathered, and the head of the ledger.
func (t *tx) flush() error {
	t.batch.entries.flush()
	t.batch.hashes.flush()
	t.batch = nil
	t.exec("UPDATE ledger_head SET size = $1, last = $2 WHERE id = 1", t.size, t.now)
	return t.err
}
