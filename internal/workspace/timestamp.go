package workspace

import "context"

// A Timestamp is what an authority outside said of a checkpoint: that it was
// there at that time (RFC 3161).
type Timestamp struct {
	N      int64  // entries that the checkpoint signs
	Server string // whom it was asked of
	Made   string // the time that it says
	Token  []byte // the response, DER
	Roots  string // the certificates that it was verified by, PEM
}

// KeepTimestamp stores a verified timestamp of a checkpoint. One server's
// first of a checkpoint stays.
func (w *Workspace) KeepTimestamp(ctx context.Context, s Timestamp) error {
	if err := w.InTeam(ctx); err != nil {
		return err
	}
	_, err := w.db.Pool.ExecContext(ctx, "INSERT INTO ledger_timestamp (n, server, made, token, roots) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		s.N, s.Server, s.Made, s.Token, s.Roots)
	if err != nil {
		return w.fail("timestamp", err)
	}
	return nil
}

// Timestamps lists all timestamps, those of the shortest ledger first.
func (w *Workspace) Timestamps(ctx context.Context) ([]Timestamp, error) {
	rows, err := w.db.Pool.QueryContext(ctx, "SELECT n, server, made, token, roots FROM ledger_timestamp ORDER BY n, server")
	if err != nil {
		return nil, w.fail("timestamps", err)
	}
	defer rows.Close()
	var out []Timestamp
	for rows.Next() {
		var s Timestamp
		if err := rows.Scan(&s.N, &s.Server, &s.Made, &s.Token, &s.Roots); err != nil {
			return nil, w.fail("timestamps", err)
		}
		out = append(out, s)
	}
	return out, w.fail("timestamps", rows.Err())
}

// KeepWitness remembers the public key of a witness whose cosignature was
// taken in.
func (w *Workspace) KeepWitness(ctx context.Context, vkey string) error {
	if err := w.InTeam(ctx); err != nil {
		return err
	}
	if _, err := w.db.Pool.ExecContext(ctx, "INSERT INTO ledger_witness (vkey) VALUES ($1) ON CONFLICT DO NOTHING", vkey); err != nil {
		return w.fail("witness", err)
	}
	return nil
}

// Witnesses lists the public keys of witnesses.
func (w *Workspace) Witnesses(ctx context.Context) ([]string, error) {
	var out []string
	err := w.read(ctx, func(t *tx) error {
		rows, err := t.texts("SELECT vkey FROM ledger_witness ORDER BY vkey", 1)
		for _, row := range rows {
			out = append(out, row[0])
		}
		return err
	})
	return out, err
}
