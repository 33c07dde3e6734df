"""Boston's requests: real ones, with the city's own verdict beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files

import polars as pl

from wuding import CheckResult, Wuding
from wuding.demo import table
from wuding.hookspecs import Demo
from wuding.program.model import Label

DOMAIN, BOOK = "demo-requests", "demo/requests"
EXTRACT = "2016-01-12T23:00:00-05:00"  # when the city wrote its table
VERDICTS = {"done": "ONTIME", "waiting": "ONTIME", "late": "OVERDUE", "overdue": "OVERDUE"}
SAY = {
    "agree": Label("我们的结论与市政府的结论：", "Our verdicts beside the city's own:"),
    "closed": Label("已办结、有期限", "closed, with a target"),
    "open": Label("未办结、有期限", "open, with a target"),
    "free": Label("没有期限", "without a target"),
    "blank": Label("市政府没有给出结论（我们：超期）", "no verdict of the city (ours: overdue)"),
    "worst": Label("按时办结率最低的街区：", "Neighborhoods that answered least in time:"),
    "of": Label("{n} / {all} 一致", "{n} of {all} agree"),
}


def demo() -> Demo:
    return Demo(
        name="requests",
        title=Label("波士顿市民服务请求，2015年", "Service requests to the City of Boston, 2015"),
        source=Label(
            "真实数据：Analyze Boston（PDDL），121,145 条中每 60 条取一条。",
            "Real data: Analyze Boston (PDDL), every sixtieth of 121,145 requests.",
        ),
        books=(BOOK,),
        as_of=EXTRACT,
        load=load,
        tell=tell,
        next=try_next,
    )


def load(w: Wuding, seed: int) -> None:
    """Import the sample. It is real: the seed changes nothing."""
    with as_file(files("wuding_rules").joinpath("demo/data/boston-requests.csv.gz")) as path:
        w.import_facts(path, mapping="boston-sample", domain=DOMAIN)


def verdicts(w: Wuding, result: CheckResult) -> pl.DataFrame:
    """One row per request: `case`, the city's `verdict` (null: none), `ours`, whether it has a `target` and is
    `closed`."""
    asked = w.columns.scan(DOMAIN, "request", result.known_seq)
    answered = w.columns.scan(DOMAIN, "closed", result.known_seq).select(case="f.case_id", closed=True)
    steps = result.frame.filter(rule="deadline", step="answered")
    ours = steps.select("case", ours=pl.col("status").replace_strict(VERDICTS))
    return (
        asked.select(case="f.case_id", verdict="f.verdict", target=pl.col("f.target").is_not_null())
        .join(answered.unique(), on="case", how="left")
        .with_columns(pl.col("closed").fill_null(False))
        .collect()
        .join(ours, on="case", how="left")
    )


def tell(w: Wuding, result: CheckResult, lang: str) -> Iterator[str]:
    found = verdicts(w, result)
    labelled, target, closed = pl.col("verdict").is_not_null(), pl.col("target"), pl.col("closed")
    same = (pl.col("verdict") == pl.col("ours")).fill_null(False)
    kinds = {
        "closed": (labelled & target & closed, same),
        "open": (labelled & target & ~closed, same),
        "free": (labelled & ~target, same),
        "blank": (~labelled, pl.col("ours") == "OVERDUE"),
    }
    yield SAY["agree"].get(lang)
    rows = []
    for name, (which, good) in kinds.items():
        some = found.filter(which)
        rows.append([SAY[name].get(lang), SAY["of"].get(lang).format(n=some.filter(good).height, all=some.height)])
    yield from table(rows)
    yield SAY["worst"].get(lang)
    share = result.frame.filter(rule="in-time", period="2015", status="missed").sort("value_low", "holder")
    yield from table([[row["holder"], f"{row['value_low'] / 10_000:.0f}%"] for row in share.head(3).to_dicts()])


def try_next(result: CheckResult) -> Sequence[Sequence[str]]:
    return [["check", "--book", BOOK, "--as-of", EXTRACT]]
