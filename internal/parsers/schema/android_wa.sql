-- wa.db as the sample of android.whatsapp has it ("amparo artifacts show android.whatsapp" names the sources).
CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL, is_whatsapp_user BOOLEAN NOT NULL, status TEXT, status_timestamp INTEGER, number TEXT, raw_contact_id INTEGER, display_name TEXT, wa_name TEXT);
