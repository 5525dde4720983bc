BEGIN TRANSACTION;
CREATE TABLE about (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "about" VALUES('schema','4');
CREATE TABLE assessments (
	assessment_id VARCHAR(40) NOT NULL, 
	as_of BIGINT NOT NULL, 
	recorded_by BIGINT, 
	stage VARCHAR(16) NOT NULL, 
	applicant_id TEXT NOT NULL, 
	application_id TEXT, 
	client TEXT NOT NULL, 
	request_id TEXT NOT NULL, 
	level VARCHAR(16) NOT NULL, 
	decision VARCHAR(16) NOT NULL, 
	score INTEGER NOT NULL, 
	probability FLOAT, 
	policy_version TEXT NOT NULL, 
	model_version TEXT, 
	ring_id TEXT, 
	answer BLOB NOT NULL, 
	audit BLOB NOT NULL, 
	PRIMARY KEY (assessment_id)
);
INSERT INTO "assessments" VALUES('A-1',1736553660000000,7,'application','p1','a1','engine','r','full','review',712,0.183,'p','m',NULL,X'785EAB564ACC2B2E4F2D52B232AC05001C740438',X'785EAB562ACE4CCF4BCC2956B2AA564A54B232D433D5514A52B2CA2BCDC9A9AD050094D1099A');
CREATE TABLE case_events (
	position INTEGER NOT NULL, 
	case_id VARCHAR(40) NOT NULL, 
	at BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	note TEXT, 
	PRIMARY KEY (position)
);
INSERT INTO "case_events" VALUES(1,'C-62b62e4762000-abf464ff',1736553600000000,'ring_review','opened','pending','ring_review');
INSERT INTO "case_events" VALUES(2,'C-62b62e4762000-abf464ff',1736553600000000,'wang','assigned','investigating','wang');
INSERT INTO "case_events" VALUES(3,'C-62b62e4762000-abf464ff',1736553600000000,'wang','verdict','investigating','inconclusive');
INSERT INTO "case_events" VALUES(4,'C-62b62e4762000-fd0c3ecd',1736553600000000,'review','opened','pending','x');
INSERT INTO "case_events" VALUES(5,'C-62b62e4762000-fd0c3ecd',1736553600000000,'li','verdict','pending','confirmed_fraud');
CREATE TABLE case_work (
	case_id VARCHAR(40) NOT NULL, 
	assignee TEXT, 
	exposure FLOAT NOT NULL, 
	probability FLOAT NOT NULL, 
	PRIMARY KEY (case_id)
);
INSERT INTO "case_work" VALUES('C-62b62e4762000-abf464ff','wang',9000.0,0.4);
INSERT INTO "case_work" VALUES('C-62b62e4762000-fd0c3ecd',NULL,0.0,0.0);
CREATE TABLE cases (
	case_id VARCHAR(40) NOT NULL, 
	opened_at BIGINT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	reason TEXT NOT NULL, 
	ring_id TEXT, 
	snapshot TEXT, 
	applicant_id TEXT, 
	assessment_id VARCHAR(40), 
	reason_codes TEXT NOT NULL, 
	PRIMARY KEY (case_id)
);
INSERT INTO "cases" VALUES('C-62b62e4762000-abf464ff',1736553600000000,'investigating','ring_review','R-1','2025-W01',NULL,NULL,'DEVICE_SHARED_7D');
INSERT INTO "cases" VALUES('C-62b62e4762000-fd0c3ecd',1736553600000000,'pending','x',NULL,NULL,'p2',NULL,'');
CREATE TABLE claims (
	client TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	assessment_id VARCHAR(40) NOT NULL, 
	claimed_at BIGINT NOT NULL, 
	PRIMARY KEY (client, "key")
);
INSERT INTO "claims" VALUES('engine','k','f','A-1',1736553600000000);
CREATE TABLE owed (
	assessment_id VARCHAR(40) NOT NULL, 
	PRIMARY KEY (assessment_id)
);
INSERT INTO "owed" VALUES('A-1');
CREATE TABLE owed_labels (
	verdict INTEGER NOT NULL, 
	PRIMARY KEY (verdict)
);
INSERT INTO "owed_labels" VALUES(2);
CREATE TABLE person_verdicts (
	position INTEGER NOT NULL, 
	case_id VARCHAR(40) NOT NULL, 
	verdict INTEGER NOT NULL, 
	applicant_id TEXT NOT NULL, 
	value VARCHAR(20) NOT NULL, 
	PRIMARY KEY (position)
);
INSERT INTO "person_verdicts" VALUES(1,'C-62b62e4762000-abf464ff',1,'p1','inconclusive');
INSERT INTO "person_verdicts" VALUES(2,'C-62b62e4762000-fd0c3ecd',2,'p2','confirmed_fraud');
CREATE TABLE verdicts (
	position INTEGER NOT NULL, 
	case_id VARCHAR(40) NOT NULL, 
	at BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	value VARCHAR(20) NOT NULL, 
	note TEXT, 
	PRIMARY KEY (position)
);
INSERT INTO "verdicts" VALUES(1,'C-62b62e4762000-abf464ff',1736553600000000,'wang','inconclusive',NULL);
INSERT INTO "verdicts" VALUES(2,'C-62b62e4762000-fd0c3ecd',1736553600000000,'li','confirmed_fraud',NULL);
CREATE INDEX assessments_by_time ON assessments (as_of);
CREATE INDEX assessments_by_application ON assessments (application_id, as_of);
CREATE INDEX assessments_by_applicant ON assessments (applicant_id, as_of);
CREATE UNIQUE INDEX open_case_of_applicant ON cases (applicant_id) WHERE state <> 'closed';
CREATE UNIQUE INDEX open_case_of_ring ON cases (ring_id) WHERE state <> 'closed';
CREATE INDEX cases_by_state ON cases (state, opened_at);
CREATE INDEX ix_case_events_case_id ON case_events (case_id);
CREATE INDEX ix_verdicts_case_id ON verdicts (case_id);
CREATE INDEX case_work_by_assignee ON case_work (assignee);
CREATE INDEX ix_person_verdicts_verdict ON person_verdicts (verdict);
CREATE INDEX ix_person_verdicts_case_id ON person_verdicts (case_id);
CREATE TRIGGER assessments_update_refused BEFORE update ON assessments BEGIN SELECT RAISE(ABORT, 'assessments is append-only'); END;
CREATE TRIGGER assessments_delete_refused BEFORE delete ON assessments BEGIN SELECT RAISE(ABORT, 'assessments is append-only'); END;
CREATE TRIGGER assessments_insert_refused BEFORE insert ON assessments WHEN EXISTS (SELECT 1 FROM assessments WHERE assessment_id = NEW.assessment_id) OR EXISTS (SELECT 1 FROM assessments WHERE rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, 'assessments is append-only'); END;
CREATE TRIGGER case_events_update_refused BEFORE update ON case_events BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
CREATE TRIGGER case_events_delete_refused BEFORE delete ON case_events BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
CREATE TRIGGER case_events_insert_refused BEFORE insert ON case_events WHEN EXISTS (SELECT 1 FROM case_events WHERE position = NEW.position) OR EXISTS (SELECT 1 FROM case_events WHERE rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END;
CREATE TRIGGER verdicts_update_refused BEFORE update ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts is append-only'); END;
CREATE TRIGGER verdicts_delete_refused BEFORE delete ON verdicts BEGIN SELECT RAISE(ABORT, 'verdicts is append-only'); END;
CREATE TRIGGER verdicts_insert_refused BEFORE insert ON verdicts WHEN EXISTS (SELECT 1 FROM verdicts WHERE position = NEW.position) OR EXISTS (SELECT 1 FROM verdicts WHERE rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, 'verdicts is append-only'); END;
CREATE TRIGGER person_verdicts_update_refused BEFORE update ON person_verdicts BEGIN SELECT RAISE(ABORT, 'person_verdicts is append-only'); END;
CREATE TRIGGER person_verdicts_delete_refused BEFORE delete ON person_verdicts BEGIN SELECT RAISE(ABORT, 'person_verdicts is append-only'); END;
CREATE TRIGGER person_verdicts_insert_refused BEFORE insert ON person_verdicts WHEN EXISTS (SELECT 1 FROM person_verdicts WHERE position = NEW.position) OR EXISTS (SELECT 1 FROM person_verdicts WHERE rowid = NEW.rowid) BEGIN SELECT RAISE(ABORT, 'person_verdicts is append-only'); END;
COMMIT;
