-- Agencies, people, duties, grounds (norm 4, 5.1.2). Reference tables: small, the same everywhere.
-- btree_gist (contrib, trusted) lets an exclusion constraint compare numbers and date ranges together.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Duties begin and end by the calendar on the wall, whatever zone a session keeps its time in.
CREATE FUNCTION civil_today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE 'Asia/Shanghai')::date;
CREATE FUNCTION civil_start(day date) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN day::timestamp AT TIME ZONE 'Asia/Shanghai';

CREATE TABLE access_agency (
    agency bigint PRIMARY KEY CHECK (agency >= 0),          -- lower end of its range
    width bigint NOT NULL CHECK (width > 0),                -- its subtree is [agency, agency + width)
    parent bigint REFERENCES access_agency,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    kind text NOT NULL CHECK (kind IN ('ministry', 'province', 'city', 'county', 'station')),
    division_code text NOT NULL DEFAULT '',
    UNIQUE (parent, name)
);
CREATE TABLE access_department (
    department bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency bigint NOT NULL REFERENCES access_agency,
    name text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    UNIQUE (agency, name)
);
CREATE TABLE access_person (
    person bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_no text NOT NULL UNIQUE,
    name text NOT NULL,
    agency bigint NOT NULL REFERENCES access_agency,
    department bigint REFERENCES access_department,
    active boolean NOT NULL DEFAULT true
);
CREATE TABLE access_duty (
    duty bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person bigint NOT NULL REFERENCES access_person,
    kind text NOT NULL CHECK (kind IN (
        'collector', 'first_reviewer', 'second_reviewer', 'final_reviewer', 'department_head', 'storage_custodian',
        'analyst', 'security_auditor', 'system_administrator', 'security_administrator', 'training_manager')),
    agency bigint NOT NULL REFERENCES access_agency,
    department bigint REFERENCES access_department,
    clearance smallint NOT NULL DEFAULT 1 CHECK (clearance IN (1, 2)),
    starts_on date NOT NULL DEFAULT civil_today(),
    ends_on date NOT NULL DEFAULT 'infinity' CHECK (ends_on > starts_on),
    granted_by bigint REFERENCES access_person,
    reason text NOT NULL DEFAULT '',
    -- Which of the separate powers this is: work on records, or one of the three administrations.
    power int NOT NULL GENERATED ALWAYS AS (CASE kind WHEN 'system_administrator' THEN 1
        WHEN 'security_administrator' THEN 2 WHEN 'security_auditor' THEN 3 ELSE 0 END) STORED,
    CONSTRAINT access_duty_granted_by_another CHECK (granted_by IS NULL OR granted_by <> person),
    -- System, security and audit administration, and work on records, are never held by one person at a time.
    CONSTRAINT access_duty_powers_apart EXCLUDE USING gist (
        person WITH =, power WITH <>, daterange(starts_on, ends_on) WITH &&)
);
CREATE TABLE access_ground (
    ground bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person bigint NOT NULL REFERENCES access_person,
    duty bigint NOT NULL REFERENCES access_duty,
    kind text NOT NULL CHECK (kind IN ('duty', 'case', 'review', 'tracking', 'survey', 'request', 'audit')),
    reference text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    starts_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL DEFAULT 'infinity'
);
CREATE INDEX access_ground_person ON access_ground (person);
CREATE TABLE access_activation (                            -- one-time codes of a new installation
    kind text PRIMARY KEY CHECK (kind IN ('system_administrator', 'security_administrator', 'security_auditor')),
    digest text NOT NULL,
    used_at timestamptz
);
CREATE TABLE access_try (                                   -- failed sign-ins, for the lock
    username text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX access_try_recent ON access_try (username, at);
ALTER TABLE access_account ADD CONSTRAINT access_account_person FOREIGN KEY (person) REFERENCES access_person;
