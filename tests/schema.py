"""What a database is made of, as lines that can be compared with another database's."""

from __future__ import annotations

from psycopg import Connection

# Each gives (kind, name, definition) of everything in the schema `public` that decides what a row
# may be and who may do what.
PARTS = {
    "column": """
        SELECT c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN 'not null' END, a.attidentity, a.attgenerated,
               pg_get_expr(d.adbin, d.adrelid), (SELECT collname FROM pg_collation WHERE oid = a.attcollation),
               (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(a.attacl) x))
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
           AND a.attnum > 0 AND NOT a.attisdropped""",
    "table": """
        SELECT c.relname, concat_ws(' ', c.relkind::text, c.relpersistence::text, c.relrowsecurity, c.relforcerowsecurity,
               pg_get_userbyid(c.relowner), array_to_string(c.reloptions, ','),
               (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(c.relacl) x),
               CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
          FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')""",
    "constraint": """
        SELECT coalesce(c.relname, t.typname) || '.' || k.conname, pg_get_constraintdef(k.oid)
               || CASE WHEN k.convalidated THEN '' ELSE ' not valid' END
          FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_type t ON t.oid = k.contypid
         WHERE k.connamespace = 'public'::regnamespace""",
    # A list of words over a varchar column comes back from a dump with its casts in another place.
    "index": r"""
        SELECT indexname, regexp_replace(indexdef, '::character varying|::text|\[\]|[()]', '', 'g')
          FROM pg_indexes WHERE schemaname = 'public'""",
    "trigger": """
        SELECT c.relname || '.' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
          FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
         WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal""",
    "policy": """
        SELECT tablename || '.' || policyname, concat_ws(' ', permissive, roles::text, cmd, qual, with_check)
          FROM pg_policies WHERE schemaname = 'public'""",
    "function": """
        SELECT p.oid::regprocedure::text, concat_ws(' ', pg_get_userbyid(p.proowner),
               (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(p.proacl) x),
               CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) END)
          FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace""",
    "type": """
        SELECT t.typname, concat_ws(' ', t.typtype::text, format_type(t.typbasetype, t.typtypmod),
               (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
          FROM pg_type t
         WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('d', 'e')""",
    "setting": """
        SELECT pg_get_userbyid(s.setrole), array_to_string(s.setconfig, ',')
          FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()""",
}  # fmt: skip


def fingerprint(database: Connection[tuple[object, ...]]) -> set[str]:
    """Returns one line for each part of the schema `public`: its kind, its name and all that defines it."""
    return {
        f"{kind} {name}: {definition}"
        for kind, question in PARTS.items()
        for name, definition in database.execute(question).fetchall()  # type: ignore[arg-type]
    }
