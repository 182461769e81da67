"""What an entry can say happened. Numbers are stored and never change."""

from __future__ import annotations

from enum import IntEnum


class Act(IntEnum):
    """Acts, in the order of the six operations of law-enforcement logging (directive 2016/680, art. 25), then the rest."""

    collect = 1
    amend = 2
    consult = 3
    list = 4
    search = 5
    reveal = 6
    disclose = 7
    export = 8
    combine = 9
    seal = 10
    erase = 11
    review = 12
    batch_open = 13
    batch_close = 14
    draw_sample = 15
    sign_in = 20
    sign_out = 21
    sign_in_failed = 22
    denied = 23
    administer = 24
    catalog_release = 25
    custody = 27
    prune = 28
    audit = 30
    audit_commit = 31
    audit_draw = 32
    audit_answer = 33


WORDS = {
    Act.collect: ("采集", "collected"),
    Act.amend: ("更正", "amended"),
    Act.consult: ("查看", "looked at"),
    Act.list: ("列表显示", "shown in a list"),
    Act.search: ("检索", "searched"),
    Act.reveal: ("显示原文", "revealed"),
    Act.disclose: ("提供", "disclosed"),
    Act.export: ("导出", "exported"),
    Act.combine: ("关联", "combined"),
    Act.seal: ("封存", "sealed"),
    Act.erase: ("销毁", "erased"),
    Act.review: ("审核", "reviewed"),
    Act.batch_open: ("新建批次", "opened a batch"),
    Act.batch_close: ("提交批次", "closed a batch"),
    Act.draw_sample: ("抽样", "drew a sample"),
    Act.sign_in: ("登录", "signed in"),
    Act.sign_out: ("退出", "signed out"),
    Act.sign_in_failed: ("登录失败", "failed to sign in"),
    Act.denied: ("被拒绝", "was denied"),
    Act.administer: ("管理操作", "administered"),
    Act.catalog_release: ("目录发布", "released a catalog"),
    Act.prune: ("按期清理条目", "pruned old entries"),
    Act.custody: ("警务工作秘密启封或封闭", "unsealed or sealed a level"),
    Act.audit: ("查询账本", "searched the ledger"),
    Act.audit_commit: ("封存抽查种子", "committed the seed of a sample"),
    Act.audit_draw: ("抽查", "drew a sample of accesses"),
    Act.audit_answer: ("核查答复", "answered for an access"),
}
