-- How many years the ledger keeps looks and the like: a standing policy, changed by two persons; one year is the floor.
ALTER TABLE access_limit DROP CONSTRAINT access_limit_kind_check, DROP CONSTRAINT access_limit_policy_check,
    ADD CONSTRAINT access_limit_kind_check CHECK (kind IN (
        'look', 'list', 'search', 'reveal', 'export', 'password', 'second_factor', 'ledger_years')),
    ADD CONSTRAINT access_limit_policy_check CHECK (
        (stretch = 'standing') = (kind IN ('password', 'second_factor', 'ledger_years'))
        AND (kind NOT IN ('password', 'second_factor') OR most IN (1, 2)) AND (kind <> 'ledger_years' OR most BETWEEN 1 AND 30));
INSERT INTO access_limit VALUES ('ledger_years', 'standing', 3, 0, NULL);
ALTER TABLE access_proposal ADD CONSTRAINT access_proposal_retention CHECK (
    what <> 'limit' OR kind <> 'ledger_years' OR most BETWEEN 1 AND 30);
CREATE OR REPLACE FUNCTION ledger_years() RETURNS int LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT most FROM access_limit WHERE kind = 'ledger_years'
$$;
