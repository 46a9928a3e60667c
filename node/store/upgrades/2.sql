-- How often each action was taken is asked for by `stats`, and the audit log only grows.
CREATE INDEX audit_by_action ON audit (action);
