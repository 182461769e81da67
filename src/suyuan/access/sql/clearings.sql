-- What an agency's catalog adds about persons is cleared by two: one security administrator proposes, another person approves, by
-- the declaration itself and not by its name. The catalog of the whole installation is at stake, so the duty lies at the root.

CREATE TABLE access_clearing (
    clearing bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL CHECK (subject ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$'),  -- a type, or type.field
    declaration text NOT NULL CHECK (length(declaration) <= 200000),
    digest bytea NOT NULL CHECK (digest = sha256(convert_to(declaration, 'UTF8'))),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    proposed_by bigint NOT NULL REFERENCES access_person,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    decided_by bigint REFERENCES access_person,
    decided_at timestamptz CHECK (decided_at >= proposed_at),
    approved boolean,
    CHECK ((decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)),
    -- It says what it is for, by which article, and how long it is kept, of the very thing it is called after.
    CONSTRAINT access_clearing_says CHECK (
        declaration::jsonb->>'subject' = subject AND length(coalesce(declaration::jsonb->>'purpose', '')) > 0
        AND length(coalesce(declaration::jsonb->>'basis', '')) > 0 AND (declaration::jsonb->'retention'->>'years') IS NOT NULL),
    -- By person, not by account. Who proposed it may withdraw it, never approve it.
    CONSTRAINT access_clearing_by_another CHECK (NOT approved OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX access_clearing_once ON access_clearing (digest) WHERE approved IS NOT FALSE;
GRANT SELECT ON access_clearing TO suyuan_app;
CREATE TRIGGER ledger_changed AFTER INSERT OR UPDATE ON access_clearing FOR EACH ROW EXECUTE FUNCTION ledger_changed();

-- What was proposed is what is approved, and what was decided stays decided: for the owner too.
CREATE FUNCTION access_clearing_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.decided_at IS NULL
       AND to_jsonb(NEW) - '{decided_by,decided_at,approved}'::text[] = to_jsonb(OLD) - '{decided_by,decided_at,approved}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'access_clearing_fixed' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_clearing_fixed';
END $$;
CREATE TRIGGER access_clearing_fixed BEFORE UPDATE OR DELETE ON access_clearing
    FOR EACH ROW EXECUTE FUNCTION access_clearing_fixed();
CREATE FUNCTION access_clearing_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'access_clearing_fixed' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_clearing_fixed';
END $$;
CREATE TRIGGER access_clearing_kept BEFORE TRUNCATE ON access_clearing
    FOR EACH STATEMENT EXECUTE FUNCTION access_clearing_kept();

CREATE FUNCTION access_propose_clearing(p_subject text, p_declaration text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE made bigint;
BEGIN
    PERFORM access_require_over('security_administrator', 0);
    INSERT INTO access_clearing (subject, declaration, digest, reason, proposed_by)
    VALUES (p_subject, p_declaration, sha256(convert_to(p_declaration, 'UTF8')), p_reason, access_person_now())
    RETURNING clearing INTO made;
    RETURN made;
END $$;

CREATE FUNCTION access_decide_clearing(p_clearing bigint, p_approve boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM access_require_over('security_administrator', 0);
    UPDATE access_clearing SET decided_by = access_person_now(), decided_at = now(), approved = p_approve
    WHERE clearing = p_clearing AND decided_at IS NULL;
    IF NOT FOUND THEN
        PERFORM access_refuse('access_clearing_decided');
    END IF;
    RETURN p_clearing;
END $$;
REVOKE EXECUTE ON FUNCTION access_propose_clearing(text, text, text), access_decide_clearing(bigint, boolean),
    access_clearing_fixed(), access_clearing_kept() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_propose_clearing(text, text, text), access_decide_clearing(bigint, boolean) TO suyuan_app;

-- A token's account is never one with a password that somebody else saw: the column goes (migration 0015).
CREATE OR REPLACE FUNCTION access_bearer(p_digest bytea) RETURNS TABLE (person bigint, username text, live boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE access_token t SET used_at = now()
    WHERE t.digest = p_digest AND (t.used_at IS NULL OR t.used_at < now() - interval '1 minute');
    RETURN QUERY
    SELECT a.person, a.username::text, t.revoked_at IS NULL AND t.expires_at > now() AND a.is_active AND p.active
           AND greatest(a.last_login, a.made_at) > now() - interval '90 days'
    FROM access_token t JOIN access_account a ON a.id = t.account JOIN access_person p ON p.person = a.person
    WHERE t.digest = p_digest;
END $$;

-- Who gives somebody a duty administers the person too, by the range of their own: else two at one agency would put somebody of
-- another beyond the reach of that person's own administrators.
CREATE OR REPLACE FUNCTION access_propose_duty(p_person bigint, p_kind text, p_agency bigint, p_department bigint,
    p_clearance smallint, p_starts date, p_ends date, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE made access_proposal;
BEGIN
    PERFORM access_require_over('security_administrator', p_agency);
    PERFORM access_require_person(ARRAY['security_administrator'], p_person);
    INSERT INTO access_proposal (what, person, agency, kind, department, clearance, starts_on, ends_on, reason, proposed_by)
    VALUES ('grant', p_person, p_agency, p_kind, p_department, p_clearance, p_starts, p_ends, p_reason, access_person_now())
    RETURNING * INTO made;
    -- Rehearsed and undone: what the rules of duties refuse is refused now and not when somebody approves it.
    BEGIN
        PERFORM access_make_duty(made);
        RAISE EXCEPTION 'rehearsed' USING ERRCODE = 'SY001';
    EXCEPTION WHEN SQLSTATE 'SY001' THEN NULL;
    END;
    RETURN made.proposal;
END $$;

-- How many records lie in a range up to a level, for whoever decides on a proposal; counted no further than p_cap. Both ends of
-- the range lie in the administrator's own.
CREATE OR REPLACE FUNCTION access_reach(p_lo bigint, p_hi bigint, p_above smallint, p_upto smallint, p_cap int) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM access_require_over('security_administrator', p_lo);
    PERFORM access_require_over('security_administrator', p_hi - 1);
    RETURN (SELECT count(*) FROM (SELECT FROM records_record WHERE agency >= p_lo AND agency < p_hi
                                  AND level > p_above AND level <= p_upto LIMIT p_cap) AS reached);
END $$;
