"""The fact types that every domain has: rulings and absences, of the domain `core`."""

from __future__ import annotations

from wuding.program.model import FieldType, Label, Thing


def _field(name: str, type_: str, zh: str, en: str, required: bool = True) -> FieldType:
    return FieldType(name, type_, Label(zh, en), required=required)


def _thing(name: str, zh: str, en: str, *fields: FieldType) -> Thing:
    return Thing(name, Label(zh, en), {f.name: f for f in fields})


_FROM = _field("from", "date", "起", "from")
_TO = _field("to", "date", "止", "to", required=False)

FACTS: dict[str, Thing] = {
    t.name: t
    for t in (
        _thing(
            "waiver", "豁免", "waiver",
            _field("rule", "text", "规则", "rule"), _field("holder", "text", "责任对象", "holder"), _FROM, _TO,
            _field("approver", "person", "批准人", "approver"), _field("reason", "text", "理由", "reason"),
            _field("retroactive", "bool", "溯及既往", "retroactive", required=False),
        ),
        _thing(
            "appeal", "申诉", "appeal",
            _field("finding", "text", "结论编号", "finding"), _field("upheld", "bool", "成立", "upheld"),
            _field("reason", "text", "理由", "reason", required=False),
        ),
        _thing("absence", "缺勤", "absence", _field("person", "person", "人员", "person"), _FROM, _TO),
        _thing(
            "correction", "更正", "correction",
            _field("fact", "int", "事实序号", "fact"), _field("void", "bool", "作废", "void", required=False),
            _field("grid", "text", "网格", "grid", required=False),
            _field("subject", "text", "监管对象", "subject", required=False),
            _field("actor", "person", "人员", "actor", required=False),
            _field("at", "time", "发生时间", "occurred at", required=False),
            _field("fields", "text", "字段", "fields", required=False),
        ),
    )
}  # fmt: skip
