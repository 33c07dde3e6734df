# ruff: noqa: E501 - SQL reads better in long lines
"""The same questions in SQL, written by hand for DuckDB over the same Parquet: what speed is held against.

It answers what `books/book.yaml` asks, three-valued where a field may be missing, and nothing else: no registry
with validity, no waivers, no explanations.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

AS_OF = 1_735_660_800_000_000  # 2025-01-01T00:00+08:00
ZONE_US = 8 * 3_600_000_000
DAY = 86_400_000_000

SETUP = """
create or replace view g as select * from '{d}/grids.parquet';
create or replace view post as select * from '{d}/posts.parquet';
create or replace macro day_of(t) as (date '1970-01-01' + cast((t + {zone}) // {day} as integer));
create or replace macro us(d) as ((d - date '1970-01-01') * {day} - {zone});
create or replace table cell as
  select c.code, c.parent village, v.parent town from g c join g v on v.code = c.parent where c.level = 'cell';
create or replace table month as
  select cast(range as date) s, cast(range + interval 1 month as date) e, strftime(range, '%Y-%m') label
  from range(timestamp '2024-01-01', timestamp '2025-01-01', interval 1 month);
create or replace table week as
  select s, s + 7 e, strftime(s, '%G-W%V') label, strftime(s + 3, '%Y-%m') home from (
    select cast(range as date) s from range(timestamp '2024-01-01', timestamp '2025-01-01', interval 7 day))
  where (select count(*) from range(7) t(i) where s + cast(i as integer) between date '2024-07-01' and date '2024-09-30') >= 4;
"""

MONTHLY = """
create or replace table monthly as
with f as (
  select i.grid, strftime(day_of(i."at"), '%Y-%m') label,
         count(*) filter (i."f.filed") low, count(*) filter (i."f.filed" is not false) high
  from '{d}/inspection.parquet' i join post p on p.person = i.actor and p.grid = i.grid and p.role = 'keeper'
  where i."at" <= {as_of} group by all)
select c.code holder, m.label, coalesce(f.low, 0) low, coalesce(f.high, 0) high,
       case when coalesce(f.low, 0) >= 1 then 'met' when coalesce(f.high, 0) >= 1 then 'undetermined' else 'missed' end status
from cell c cross join month m left join f on f.grid = c.code and f.label = m.label;
"""

TYPHOON = """
create or replace table typhoon as
with f as (
  select i.grid, date_trunc('week', day_of(i."at")) s, count(*) n from '{d}/inspection.parquet' i where i."at" <= {as_of} group by all)
select c.code holder, w.label, w.home, coalesce(f.n, 0) low, case when coalesce(f.n, 0) >= 1 then 'met' else 'missed' end status
from cell c cross join week w left join f on f.grid = c.code and f.s = w.s;
"""

HAZARD = """
create or replace table hazard as
with h as (select *, us(day_of("at") + 8) due from '{d}/hazard.parquet' where "at" <= {as_of}),
fix as (
  select h."f.hazard_id" id, min(greatest(r."at", h."at")) filter (r."f.accepted") sure,
         min(greatest(r."at", h."at")) filter (r."f.accepted" is null) maybe
  from '{d}/rectified.parquet' r join h on h."f.hazard_id" = r."f.hazard_id" where r."at" <= {as_of} group by all),
s as (
  select h.grid, h."at" opened, h.due, h."f.hazard_id" id, h."f.severity" severity, f.sure, f.maybe,
    case when f.sure <= h.due then 'done' when f.sure > h.due then 'late'
         when h.due < {as_of} then 'overdue' else 'waiting' end plain
  from h left join fix f on f.id = h."f.hazard_id")
select s.*, case when maybe is not null and (sure is null or (maybe < sure and plain = 'late' and maybe <= due))
            then 'undetermined' else plain end status from s;
create or replace table chief as
select h.id, case when h.severity is null then 'undetermined'
    when h.opened + 259200000000 < {as_of} and (h.status not in ('done', 'late') or h.sure > h.opened + 259200000000)
    then case when p.person is null then 'unstaffed' else 'told' end
    when h.status in ('done', 'late') and h.sure <= h.opened + 259200000000 then 'dropped'
    else 'waiting' end status
from hazard h join cell c on c.code = h.grid left join post p on p.grid = c.town and p.role = 'chief'
where h.severity is null or h.severity = 'major';
"""

SCORE = """
create or replace table veto as
select grid holder, "at", case when "f.grade" is null then 'undetermined' else 'struck' end status
from '{d}/fire.parquet' where "at" <= {as_of} and "f.poor_work" and ("f.grade" is null or "f.grade" in ('larger', 'major'));
create or replace table score as
with missed as (
  select holder, label, count(*) n from (
    select holder, label from monthly where status = 'missed'
    union all select holder, home from typhoon where status = 'missed') group by all),
late as (
  select grid holder, strftime(day_of(case when status = 'late' then sure else due end), '%Y-%m') label, count(*) n
  from hazard where status in ('late', 'overdue') group by all),
struck as (
  select c.code holder, m.label from cell c cross join month m join veto v on v.holder = c.code and v.status = 'struck'
  where (v."at" >= us(m.s) and v."at" < us(m.e)) or (us(m.e) - 1 >= v."at") group by all),
s as (
  select c.code holder, c.village, m.label,
    case when k.holder is not null then 0
         else least(100, greatest(0, 100 + greatest(-20, -5 * coalesce(x.n, 0)) - 2 * coalesce(l.n, 0))) end score
  from cell c cross join month m
  left join missed x on x.holder = c.code and x.label = m.label
  left join late l on l.holder = c.code and l.label = m.label
  left join struck k on k.holder = c.code and k.label = m.label)
select *, case when score >= 90 then 'good' when score >= 60 then 'fair' else 'poor' end band,
  rank() over (partition by village, label order by score desc) rank from s;
"""

TAUGHT = """
create or replace table taught as
select c.town holder, count(*) filter (c.code in (
    select grid from '{d}/education.parquet' where "f.people" > 10 and "at" < {as_of})) / count(*) share
from cell c group by all;
"""


def run(folder: Path, out: Path | None = None, memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """Answers every question; with `out`, writes the answers as Parquet too."""
    con = duckdb.connect()
    if memory:
        con.execute(f"set memory_limit = '{memory}'")
    words = {"d": folder, "as_of": AS_OF, "zone": ZONE_US, "day": DAY}
    for text in (SETUP, MONTHLY, TYPHOON, HAZARD, SCORE, TAUGHT):
        con.execute(text.format(**words))
    if out is not None:
        for table in ("monthly", "typhoon", "hazard", "chief", "veto", "score", "taught"):
            con.execute(f"copy {table} to '{out}/{table}.parquet'")
    return con
