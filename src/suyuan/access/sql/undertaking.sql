-- The secrecy undertaking 保密承诺书 (norm 5.2.2): versioned text that each person signs. Whoever has not signed the current
-- version reaches no record: access_enter gives them an empty range.

CREATE TABLE access_undertaking (
    version int PRIMARY KEY CHECK (version > 0),
    body text NOT NULL,
    digest bytea NOT NULL CHECK (digest = sha256(convert_to(body, 'UTF8'))),
    since timestamptz NOT NULL DEFAULT now(),
    proposal bigint UNIQUE REFERENCES access_proposal,      -- NULL for the text that came with the product
    CHECK (version = 1 OR proposal IS NOT NULL)
);
CREATE TABLE access_undertaking_signature (
    person bigint NOT NULL REFERENCES access_person,
    version int NOT NULL REFERENCES access_undertaking,
    name text NOT NULL,                                     -- as typed, which is as registered
    signed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person, version)
);
GRANT SELECT ON access_undertaking, access_undertaking_signature TO suyuan_app;

-- Neither a text nor a signature under it is ever rewritten, not by the owner either.
CREATE FUNCTION access_undertaking_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'access_undertaking_fixed' USING ERRCODE = 'check_violation', CONSTRAINT = 'access_undertaking_fixed';
END $$;
CREATE TRIGGER access_undertaking_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON access_undertaking
    FOR EACH STATEMENT EXECUTE FUNCTION access_undertaking_fixed();
CREATE TRIGGER access_undertaking_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON access_undertaking_signature
    FOR EACH STATEMENT EXECUTE FUNCTION access_undertaking_fixed();

CREATE FUNCTION access_signed(p_person bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (SELECT FROM access_undertaking_signature WHERE person = p_person
                   AND version = (SELECT max(version) FROM access_undertaking))
$$;

-- Sign the version that was shown, under one's registered name.
CREATE FUNCTION access_sign_undertaking(p_version int, p_digest bytea, p_name text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE mine access_duty := access_acting_duty(); current_text access_undertaking;
BEGIN
    IF mine.duty IS NULL THEN
        RAISE EXCEPTION 'access_duty_missing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT * INTO current_text FROM access_undertaking ORDER BY version DESC LIMIT 1;
    IF current_text.version <> p_version OR current_text.digest IS DISTINCT FROM p_digest THEN
        PERFORM access_refuse('access_undertaking_changed');
    END IF;
    IF NOT EXISTS (SELECT FROM access_person WHERE person = mine.person AND name = p_name) THEN
        PERFORM access_refuse('access_undertaking_name');
    END IF;
    INSERT INTO access_undertaking_signature (person, version, name) VALUES (mine.person, p_version, p_name);
    RETURN p_version;
END $$;

CREATE FUNCTION access_propose_undertaking(p_body text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE made bigint;
BEGIN
    PERFORM access_require_over('security_administrator', 0);
    INSERT INTO access_proposal (what, agency, body, reason, proposed_by)
    VALUES ('undertaking', 0, p_body, p_reason, access_person_now()) RETURNING proposal INTO made;
    RETURN made;
END $$;
-- Called by access_decide_proposal only.
CREATE FUNCTION access_publish_undertaking(p access_proposal) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO access_undertaking (version, body, digest, proposal)
    SELECT max(version) + 1, p.body, sha256(convert_to(p.body, 'UTF8')), p.proposal FROM access_undertaking
$$;
REVOKE EXECUTE ON FUNCTION access_signed(bigint), access_sign_undertaking(int, bytea, text),
    access_propose_undertaking(text, text), access_publish_undertaking(access_proposal) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_signed(bigint), access_sign_undertaking(int, bytea, text),
    access_propose_undertaking(text, text) TO suyuan_app;

INSERT INTO access_undertaking (version, body, digest) SELECT 1, body, sha256(convert_to(body, 'UTF8')) FROM (VALUES ('本人因工作需要接触公安数据，已接受保密教育，清楚应负的责任，现郑重承诺：

一、只在职责范围内、为指定的办理事由查阅、使用和提供数据，不因好奇、人情或其他私人原因查询任何人，包括本人、亲属和同事。

二、对知悉的国家秘密、警务工作秘密和个人信息严守秘密，不以谈话、拍照、抄录、截屏、转发等任何方式向无权知悉的人透露。

三、妥善保管本人的账号、密码和验证器，不出借、不共用；离开时退出登录；遗失或疑似被盗用的，立即报告。

四、不擅自导出、复制、留存数据；经批准导出的，按批准的用途和期限使用，用毕销毁。

五、如实填写办理事由，不绕过审核、授权和审计；知道本人的每次查阅都留有不可更改的记录，并可能受到抽查。

六、发现泄露、篡改、丢失数据或者违规查询的，及时报告，并配合调查。

七、调离岗位或者离职时，交回全部资料和权限，继续承担保密义务。

违反上述承诺的，本人愿意接受纪律处分，并依法承担相应的法律责任。')) AS shipped (body);
