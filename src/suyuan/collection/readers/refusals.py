"""Why a file cannot be read: what is wrong, where, and how to mend it, in Chinese and English.

The reading process knows only the code and the particulars; the words are put to it here.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = tuple[str, str, str, str]

REFUSALS: dict[str, Words] = {
    "empty": (
        "文件为空。", "The file is empty.",
        "请核对导出是否成功。", "Check that the export worked.",
    ),
    "no_rows": (
        "没有找到表头和数据（{where}）。", "No header and no rows were found ({where}).",
        "请选择有数据的工作表，或核对表头所在行。", "Choose the sheet that has the data, or check the header row.",
    ),
    "no_sheet": (
        "没有名为“{sheet}”的工作表；现有：{sheets}。", "There is no sheet named “{sheet}”; there are: {sheets}.",
        "请核对工作表名称。", "Check the name of the sheet.",
    ),
    "header_row": (
        "第 {row} 行不是表头：文件没有这一行，或该行是空的。", "Row {row} is no header: it is missing or blank.",
        "请改正表头所在行。", "Correct the number of the header row.",
    ),
    "unknown_format": (
        "该文件不是可导入的表格文件（疑似 {kind}）。", "This is not a table that can be imported (it looks like {kind}).",
        "请另存为 CSV、TSV、JSON 行、XLSX 或 ODS。", "Save it as CSV, TSV, JSON lines, XLSX or ODS.",
    ),
    "archive": (
        "该文件是压缩包（{kind}），不是表格。", "This is an archive ({kind}), not a table.",
        "请解压后逐个导入其中的表格。", "Unpack it and import the tables in it one by one.",
    ),
    "nested": (
        "压缩文件内仍为压缩文件。", "There is a compressed file inside the compressed file.",
        "请解压后导入。", "Unpack one layer and import again.",
    ),
    "bomb": (
        "解压后过大：{unpacked} 字节，是原文件的 {ratio} 倍（上限 {limit}）。",
        "It unpacks too large: {unpacked} bytes, {ratio} times the file (limit {limit}).",
        "请把数据拆成较小的文件，或另存为 CSV。", "Split the data into smaller files, or save it as CSV.",
    ),
    "too_many_parts": (
        "工作簿含有 {parts} 个部件，超过上限 {limit}。", "The workbook has {parts} parts, over the limit of {limit}.",
        "请另存为 CSV 后导入。", "Save it as CSV and import that.",
    ),
    "unsafe_part": (
        "工作簿内的部件名称不安全：{name}。", "A part of the workbook has an unsafe name: {name}.",
        "请用表格软件重新保存后再导入。", "Save it again with a spreadsheet program.",
    ),
    "xml_entities": (
        "工作簿的 {name} 中含有文档类型或实体声明。", "The workbook's {name} declares a document type or entities.",
        "请用表格软件重新保存后再导入。", "Save it again with a spreadsheet program.",
    ),
    "encrypted": (
        "文件设有打开密码。", "The file is protected by a password.",
        "请取消密码，另存后导入。", "Remove the password, save, and import again.",
    ),
    "broken": (
        "文件已损坏或不完整：{detail}。", "The file is damaged or cut off: {detail}.",
        "请重新导出或重新传送。", "Export or transfer it again.",
    ),
    "too_many_columns": (
        "第 {row} 行有 {columns} 列，超过上限 {limit}。", "Row {row} has {columns} columns, over the limit of {limit}.",
        "请核对分隔符，或删去多余的列。", "Check the delimiter, or remove columns.",
    ),
    "cell_too_long": (
        "第 {row} 行附近有一个单元格超过 {limit} 个字符，可能是引号未成对。",
        "Near row {row} a cell is longer than {limit} characters; most likely a quote is never closed.",
        "请检查该行的引号。", "Check the quotes of that row.",
    ),
    "open_quote": (
        "自第 {row} 行起的引号至文件末尾未闭合。", "A quote opened in row {row} is not closed by the end of the file.",
        "请补上或去掉该行的引号。", "Close or remove the quote in that row.",
    ),
    "encoding": (
        "文件不是 {encoding} 编码：第 {byte} 个字节处（第 {line} 行）无法识别。",
        "The file is not {encoding}: byte {byte} (line {line}) cannot be read.",
        "请指定正确的编码；如果文件混用了多种编码，请重新导出为 UTF-8。",
        "Name the right encoding; if the file mixes several, export it again as UTF-8.",
    ),
    "encoding_unsure": (
        "无法可靠判断文件编码：可能是 {candidates}。", "The encoding is uncertain: it may be {candidates}.",
        "请用 --encoding 指明编码。", "Say which it is with --encoding.",
    ),
    "encoding_unknown": (
        "未知的编码名称：{encoding}。", "Unknown encoding: {encoding}.",
        "可用：utf-8、utf-16、gb18030、windows-1252 等。", "Use utf-8, utf-16, gb18030, windows-1252 or the like.",
    ),
    "not_json_lines": (
        "不是 JSON 行文件：第 {row} 行不是一个 JSON 对象。", "Not JSON lines: line {row} is not a JSON object.",
        "请导出为每行一个 JSON 对象。", "Export one JSON object a line.",
    ),
    "memory": (
        "读取该文件需要的内存超过上限（{limit} MB）。", "Reading the file needs more memory than allowed ({limit} MB).",
        "请另存为 CSV，或拆成较小的文件。", "Save it as CSV, or split it.",
    ),
    "time": (
        "读取该文件的时间超过上限（{limit} 秒）。", "Reading the file took longer than allowed ({limit} s).",
        "请另存为 CSV，或拆成较小的文件。", "Save it as CSV, or split it.",
    ),
    "died": (
        "读取程序在该文件上意外终止（{detail}）。", "The reader stopped unexpectedly on this file ({detail}).",
        "请用表格软件重新保存后再导入。", "Save it again with a spreadsheet program.",
    ),
    "missing": (
        "找不到文件：{path}。", "File not found: {path}.",
        "请核对路径。", "Check the path.",
    ),
}  # fmt: skip

BLANK = "blank_cells"
"""A row whose cells are all empty: no fault, but nothing to take in either."""

ROW_PROBLEMS: dict[str, tuple[str, str]] = {
    "too_many_cells": ("单元格数多于表头列数", "More cells than the header has columns"),
    "too_few_cells": ("单元格数少于表头列数", "Fewer cells than the header has columns"),
    "nul": ("含有空字符（NUL）", "Holds a NUL character"),
    "bad_quote": ("引号使用有误", "Misplaced quote"),
    "bad_json": ("不是有效的 JSON", "Not valid JSON"),
    "json_not_object": ("不是 JSON 对象", "Not a JSON object"),
    "json_too_deep": ("嵌套层次过多", "Nested too deeply"),
    "json_repeated_name": ("同一对象中有重复的名称", "A name occurs twice in one object"),
    "digits_lost": ("超过 15 位的数字按数值存放，末尾数字已丢失；请以文本格式存放",
        "A number of over 15 digits was kept as a number and lost its last digits; keep it as text"),
    "error_cell": ("单元格是公式错误值", "A cell holds a formula error"),
}  # fmt: skip


def words(code: str, details: Mapping[str, object]) -> Words:
    """The four texts of a refusal: what (zh, en) and the mend (zh, en)."""
    zh, en, mend_zh, mend_en = REFUSALS[code]
    return zh.format_map(details), en.format_map(details), mend_zh, mend_en
