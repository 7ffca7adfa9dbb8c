-- +goose Up
-- What is counted in a case, and the gravest that nobody decided on.
CREATE INDEX finding_open ON finding (case_id, state, severity, n);
-- Findings elsewhere of the same value or rule. A value may be longer than what
-- an index takes.
CREATE INDEX finding_value ON finding (substr(value, 1, 64), n);
CREATE INDEX finding_rule ON finding (rule, n);
