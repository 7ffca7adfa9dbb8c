package testevidence

import "time"

// uncounted writes rows that will be deleted again: the truth counts what stays.
func (d *database) uncounted(write func()) {
	before := make([]TableCount, len(d.inserts))
	for i, in := range d.inserts {
		before[i] = in.count
	}
	write()
	for i, in := range d.inserts {
		in.count = before[i]
	}
}

// lure writes a message with a published link that clean deletes: in the
// middle of others, so that its page stays in use.
func (w *smsWriter) lure() {
	w.last++
	w.cleaned = w.last
	t := text{sms: true, text: "UNOTICIAS: su linea sera suspendida hoy, detalles: https://network190.com/8821Qs/", value: "https://network190.com/8821Qs/", seen: "network190.com"}
	w.d.uncounted(func() { w.write(w.cleaned, w.clock.next(), t) })
	w.b.planted(Trace{
		Name: "sms_deleted_link", Artifact: "ios.sms", Path: smsDomain + "/" + smsPath, Table: "message", RowID: w.cleaned, Deleted: true,
		Value: t.value, Indicator: t.seen,
	})
}

// clean deletes the lure, as somebody who cleans up does.
func (w *smsWriter) clean() {
	w.d.exec("DELETE FROM message WHERE ROWID = ?", w.cleaned)
	w.d.exec("DELETE FROM chat_message_join WHERE message_id = ?", w.cleaned)
}

// cleaned is a process whose entry was deleted and whose traffic was not, as
// Pegasus left it.
func (w *usageWriter) cleaned(d *database) {
	w.id++
	from, to := w.b.pegasus(25*time.Minute), w.b.pegasus(2*time.Hour)
	d.uncounted(func() { w.process.row(w.id, 7, 1, macTime(from), macTime(to), nil, "roleaboutd") })
	d.exec("DELETE FROM ZPROCESS WHERE Z_PK = ?", w.id)
	w.traffic(w.id, from)
	w.trace(false, Trace{Name: "datausage_deleted_process", Table: "ZPROCESS", RowID: w.id, Deleted: true, Value: "roleaboutd", Indicator: "roleaboutd"})
}
