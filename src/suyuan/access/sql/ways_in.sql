-- Nobody's way in is made by one other person alone (norm 4, 5.1.1). A first or further account, a new password, the removal of
-- second factors and unlocking are asked by one administrator and confirmed by another, never by the person concerned. What they
-- make opens by a code of two halves, of which each of the two hands over one; it only lets the person set a password of their own.

CREATE TABLE access_way_in (
    way bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('account', 'password', 'factors', 'unlock')),
    person bigint NOT NULL REFERENCES access_person,        -- whose way in it is
    username text NOT NULL,
    account bigint REFERENCES access_account (id),          -- NULL until it is made
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    asked_by bigint NOT NULL REFERENCES access_person,
    asked_at timestamptz NOT NULL DEFAULT now(),
    first_half bytea CHECK (length(first_half) = 32),       -- SHA-256 of the half that the asker was shown
    decided_by bigint REFERENCES access_person,
    decided_at timestamptz CHECK (decided_at >= asked_at),
    approved boolean,
    second_half bytea CHECK (length(second_half) = 32),     -- of the one that whoever confirmed was shown
    tries smallint NOT NULL DEFAULT 0,                      -- codes of which one half only was right
    used_at timestamptz,                                    -- when the person set a password by the code
    done_at timestamptz,                                    -- when they had signed in with it, and a factor where it takes one
    CHECK ((decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)),
    CHECK ((kind = 'unlock') = (first_half IS NULL)),
    CHECK (NOT coalesce(approved, false) OR (account IS NOT NULL AND (kind = 'unlock') = (second_half IS NULL))),
    CHECK (used_at IS NULL OR (approved AND kind <> 'unlock')),
    CHECK (done_at IS NULL OR used_at IS NOT NULL),
    CONSTRAINT access_way_in_by_another CHECK (asked_by <> person),
    CONSTRAINT access_way_in_confirmed_by_another CHECK (NOT approved OR (decided_by <> asked_by AND decided_by <> person))
);
CREATE INDEX access_way_in_person ON access_way_in (person);
CREATE INDEX access_way_in_username ON access_way_in (username, way);
CREATE INDEX access_way_in_closing ON access_way_in (person) WHERE approved AND kind <> 'unlock' AND done_at IS NULL;
-- The digests of the halves never leave this table.
GRANT SELECT (way, kind, person, username, account, reason, asked_by, asked_at, decided_by, decided_at, approved, tries, used_at,
              done_at) ON access_way_in TO suyuan_app;

-- What was asked stays as it was asked, each step is taken once, and nothing goes: for the owner too.
CREATE FUNCTION access_way_in_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    steps text[] := CASE WHEN TG_OP <> 'UPDATE' THEN NULL
        WHEN OLD.decided_at IS NULL THEN ARRAY['decided_by', 'decided_at', 'approved', 'second_half', 'account']
        WHEN OLD.used_at IS NULL THEN ARRAY['tries', 'used_at'] WHEN OLD.done_at IS NULL THEN ARRAY['done_at'] END;
BEGIN
    IF steps IS NOT NULL AND to_jsonb(NEW) - steps = to_jsonb(OLD) - steps AND NEW.tries >= OLD.tries THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'access_way_in_fixed' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_way_in_fixed';
END $$;
CREATE TRIGGER access_way_in_fixed BEFORE UPDATE OR DELETE ON access_way_in
    FOR EACH ROW EXECUTE FUNCTION access_way_in_fixed();
CREATE TRIGGER access_way_in_kept BEFORE TRUNCATE ON access_way_in
    FOR EACH STATEMENT EXECUTE FUNCTION access_way_in_fixed();
-- Wrong tries are entries of their own; everything else is bound to the entry of its step.
CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE OF account, decided_by, decided_at, approved, second_half, used_at, done_at
    ON access_way_in FOR EACH ROW EXECUTE FUNCTION ledger_changed();

-- How long a code opens, and how long a question waits for its second person.
CREATE FUNCTION access_way_in_days() RETURNS interval LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '7 days';

-- From the confirmation on until the person has signed in by their own new means, nothing opens to them: whoever might sit at
-- the new door instead of them finds it empty. Asked by access_enter at each act.
CREATE FUNCTION access_grounds_closed(p_person bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM access_way_in WHERE person = p_person AND approved AND kind <> 'unlock' AND done_at IS NULL
          AND (used_at IS NOT NULL OR (tries < 5 AND decided_at > now() - access_way_in_days())))
$$;

REVOKE EXECUTE ON FUNCTION access_grounds_closed(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_grounds_closed(bigint) TO suyuan_app;
