-- +goose Up
-- What belongs to a case, a person or a phone is found without reading that of
-- all others: whose consent holds was asked of all consents for each check.
CREATE INDEX person_case ON person (case_id, n);
CREATE INDEX device_case ON device (case_id, n);
CREATE INDEX device_person ON device (person_id);
CREATE INDEX consent_case ON consent (case_id, n);
CREATE INDEX consent_person ON consent (person_id, n);
CREATE INDEX evidence_device ON evidence (device_id);
CREATE INDEX run_case ON run (case_id, n);
