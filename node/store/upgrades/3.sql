-- A sample that another node may ask for bears the word of its origin, so nobody can answer with another record.
ALTER TABLE samples ADD COLUMN sealed BLOB NOT NULL DEFAULT x'';
