"""What the wall costs: acting, searching, listing and one policed read, with the proof checked and without, in turn.

    suyuan bench wall [--records 200000]

The base is the same installation with the functions as they were before (access/sql/grounds.sql, records/sql/purpose.sql):
made beside the real ones for this bench, and called in turn with them, so that what else the machine does hits both alike. Each
round has a ratio of its own, of the medians of its calls; what is told is the median of these ratios and where half of them lie.
It takes some two minutes.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any, NamedTuple

import p3_search
from _common import installed, median, milliseconds, staff, superuser, tell
from p1_import import import_all, people, write

ROUNDS, EACH = 16, 40  # odd and even calls begin with the one and the other
TARGET = 1.05
TARGETED = ("act with its entry", "exact search", "full name", "two characters")
# As it was: variables set by whoever asks, and nothing checked.
BEFORE = """
CREATE FUNCTION bench_enter(p_person bigint, p_ground bigint)
RETURNS TABLE (duty text, agency bigint, scope_lo bigint, scope_hi bigint, clearance smallint, name text, purpose text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT d.kind, d.agency,
           CASE WHEN NOT access_reads(d.kind) OR NOT access_signed(p.person) OR g.kind = 'emergency' THEN 0 ELSE d.agency END,
           CASE WHEN NOT access_reads(d.kind) OR NOT access_signed(p.person) THEN 0
                WHEN g.kind = 'emergency' THEN root.width ELSE d.agency + a.width END,
           CASE g.kind WHEN 'emergency' THEN 1::smallint ELSE d.clearance END, p.name, g.kind
    FROM access_ground g
    JOIN access_duty d ON d.duty = g.duty AND d.person = g.person
    JOIN access_agency a ON a.agency = d.agency
    JOIN access_agency root ON root.agency = 0
    JOIN access_person p ON p.person = g.person
    WHERE g.ground = p_ground AND g.person = p_person AND p.active
      AND now() >= g.starts_at AND now() < g.ends_at AND civil_today() >= d.starts_on AND civil_today() < d.ends_on;
END $$;
GRANT EXECUTE ON FUNCTION bench_enter(bigint, bigint) TO suyuan_app;
CREATE TABLE bench_walled (LIKE records_record INCLUDING ALL);
CREATE TABLE bench_bare (LIKE records_record INCLUDING ALL);
INSERT INTO bench_walled SELECT * FROM records_record ORDER BY record_id LIMIT 2000;
INSERT INTO bench_bare SELECT * FROM bench_walled;
ANALYZE bench_walled, bench_bare;
ALTER TABLE bench_walled ENABLE ROW LEVEL SECURITY;
ALTER TABLE bench_bare ENABLE ROW LEVEL SECURITY;
DO $$ BEGIN
    EXECUTE format('CREATE POLICY walled ON bench_walled FOR SELECT TO suyuan_app USING (%s)', access_range_rule('see'));
END $$;
CREATE POLICY bare ON bench_bare FOR SELECT TO suyuan_app USING (access_in_scope(agency, level));
GRANT SELECT ON bench_walled, bench_bare TO suyuan_app;
CREATE TABLE bench_act (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person int, said text);
GRANT INSERT ON bench_act TO suyuan_app;
"""
ENTER = """SELECT duty, agency, scope_lo, scope_hi, clearance, name, purpose,
       set_config('suyuan.person', %(person)s::text, true), set_config('suyuan.ground', %(ground)s::text, true),
       set_config('suyuan.duty', duty, true), set_config('suyuan.agency', agency::text, true),
       set_config('suyuan.scope_lo', scope_lo::text, true), set_config('suyuan.scope_hi', scope_hi::text, true),
       set_config('suyuan.clearance', clearance::text, true), set_config('suyuan.purpose', purpose, true),
       set_config('suyuan.open_types', '', true), set_config('suyuan.batch', '', true)
FROM bench_enter(%(person)s, %(ground)s)"""
SEARCH = "SELECT * FROM {}('resident', %s, NULL, NULL, NULL, NULL, NULL, 51)"
LIST = "SELECT * FROM {}('resident', NULL, NULL, NULL, 51)"


def bare(db: Any, name: str) -> None:
    """A copy of a function without its question who is proven."""
    [[text]] = db.execute("SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.proname = %s", [name]).fetchall()
    asked = "    IF NOT access_proven() THEN\n        RETURN;\n    END IF;\n"
    assert asked in text
    db.execute(text.replace(asked, "").replace(f"public.{name}(", f"public.bench_{name}("))


class Turns(NamedTuple):
    """Milliseconds without the proof and with it, the medians of each round."""

    before: list[float]
    after: list[float]

    @property
    def ratios(self) -> list[float]:
        """What the wall costs, round by round."""
        return [after / before for before, after in zip(self.before, self.after, strict=True)]

    def __str__(self) -> str:
        low, middle, high = statistics.quantiles(self.ratios, n=4)
        return f"{middle:.3f} x ({low:.3f} to {high:.3f}), {median(self.before):.3f} and {median(self.after):.3f} ms"


def in_turn(old: Any, new: Any) -> Turns:
    """Both, one after the other, for some rounds."""
    old(0), new(0)
    turns = Turns([], [])
    for turn in range(ROUNDS):
        taken: dict[Any, list[float]] = {old: [], new: []}
        for number in range(turn * EACH, (turn + 1) * EACH):
            for one in (old, new) if number % 2 else (new, old):
                taken[one] += milliseconds(lambda _, n=number, run=one: run(n), 1)
        turns.before.append(median(taken[old]))
        turns.after.append(median(taken[new]))
    return turns


def acts(who: Any) -> Turns:
    """A whole act as P5 counts it: enter, one row, its entry, commit."""
    from django.db import connection, transaction

    from suyuan.access.acting import acting
    from suyuan.ledger import actions as ledger
    from suyuan.ledger.acts import Act

    somebody = ledger.Somebody(who.person, who.ground, 0)

    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_act (person, said) VALUES (1, 'an act of some words')")
        ledger.append(somebody, Act.consult)

    def old(_: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ENTER, {"person": who.person, "ground": who.ground})
            act()

    def new(_: int) -> None:
        with acting(who.person, who.ground):
            act()

    return in_turn(old, new)


def reads(who: Any, pairs: dict[str, tuple[str, str, list[Any]]]) -> dict[str, Turns]:
    """Each statement without the check and with it, in one proven transaction."""
    from django.db import connection

    from suyuan.access.acting import acting

    found = {}
    with acting(who.person, who.ground), connection.cursor() as cursor:

        def run(statement: str, values: list[Any], number: int) -> None:
            cursor.execute(statement, [values[number % len(values)]] if values else None)
            cursor.fetchall()

        for label, (old, new, values) in pairs.items():
            found[label] = in_turn(lambda n, s=old, v=values: run(s, v, n), lambda n, s=new, v=values: run(s, v, n))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with installed() as installation:
        people_of = staff()
        collector, final = people_of["collector"], people_of["final"]
        path = installation.data / "residents.csv"
        write(path, people(2_000))
        import_all(collector, path)
        from suyuan.access import queries
        from suyuan.vault import terms

        stations = [one.agency for one in queries.agencies() if one.kind == "station"]
        kept, _ = p3_search.fill(installation, options.records, stations, collector.person)
        with superuser(installation) as db:
            db.execute(BEFORE)
            bare(db, "records_search")
            bare(db, "records_list")
        digest = terms.digester(1, 1)
        exact = [[terms.number(digest(terms.exact(f"resident_id\x1f{row['id_no']}")))] for row in kept]
        names = [[*map(terms.number, map(digest, terms.bigrams(row["name"])))] for row in kept if len(row["name"]) == 3]
        short = [[*map(terms.number, map(digest, terms.bigrams(row["name"])))] for row in kept if len(row["name"]) == 2]
        old, new = SEARCH.format("bench_records_search"), SEARCH.format("records_search")
        joined = "SELECT count(*) FROM {0} a JOIN {0} b USING (record_id) WHERE a.record_id > %s"
        measured = {"act with its entry": acts(final)} | reads(
            final,
            {
                "exact search": (old, new, exact),
                "full name": (old, new, names),
                "two characters": (old, new, short),
                "list of 51": (LIST.format("bench_records_list"), LIST.format("records_list"), []),
                "policy, one row": (
                    "SELECT type FROM bench_bare WHERE record_id = %s",
                    "SELECT type FROM bench_walled WHERE record_id = %s",
                    ["00000000-0000-7000-8000-000000000000"],
                ),
                "policy, join of 2,000": (
                    joined.format("bench_bare"),
                    joined.format("bench_walled"),
                    ["00000000-0000-0000-0000-000000000000"],
                ),
            },
        )
    figures: dict[str, Any] = {"records": options.records, "rounds": f"{ROUNDS} of {EACH} calls each way"}
    figures |= {label: str(turns) for label, turns in measured.items()}
    worst = max((median(measured[label].ratios), label) for label in TARGETED)
    kept = "reached" if worst[0] <= TARGET else "not reached"
    tell(figures, f"{worst[0]:.3f} x at most, at {worst[1]} (target: {TARGET} x on an act and on a search): {kept}")


if __name__ == "__main__":
    main()
