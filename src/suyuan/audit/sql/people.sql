-- Whoever collected, reviewed, asked or did something is somebody on the staff. In this room since it stands on all the others.
-- Three columns have no key to access_person of their own, and need none:
--   records_revision.author   is the collector of its batch (records_revision_arrives), which has one; a key here costs each row
--   review_decision.author    refers to (batch, collector)
--   ledger_entry.person       is bound by the entry's MAC and hash; 0 is the installation itself
ALTER TABLE access_use ADD FOREIGN KEY (person) REFERENCES access_person;
ALTER TABLE records_batch ADD FOREIGN KEY (collector) REFERENCES access_person;
ALTER TABLE records_disposal ADD FOREIGN KEY (asked_by) REFERENCES access_person, ADD FOREIGN KEY (done_by) REFERENCES access_person;
ALTER TABLE review_decision ADD CONSTRAINT review_reviewer_on_staff FOREIGN KEY (reviewer) REFERENCES access_person;
ALTER TABLE review_return ADD CONSTRAINT review_reviewer_on_staff FOREIGN KEY (reviewer) REFERENCES access_person;
ALTER TABLE review_sample ADD CONSTRAINT review_reviewer_on_staff FOREIGN KEY (reviewer) REFERENCES access_person;
ALTER TABLE review_look ADD CONSTRAINT review_reviewer_on_staff FOREIGN KEY (reviewer) REFERENCES access_person;
ALTER TABLE collection_import ADD FOREIGN KEY (person) REFERENCES access_person;
ALTER TABLE collection_upload ADD FOREIGN KEY (person) REFERENCES access_person;
ALTER TABLE collection_found ADD FOREIGN KEY (person) REFERENCES access_person;
ALTER TABLE collection_draft ADD FOREIGN KEY (person) REFERENCES access_person;
ALTER TABLE collection_delivery ADD FOREIGN KEY (person) REFERENCES access_person;
ALTER TABLE audit_item ADD FOREIGN KEY (person) REFERENCES access_person;
