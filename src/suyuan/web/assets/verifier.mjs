// Checks a proof of one record in the browser, offline: the same checks as suyuan_verify.py, in the same order.
import {ed25519} from "@noble/curves/ed25519.js";
import {sha256} from "@noble/hashes/sha2.js";
import {bytesToHex as hex, concatBytes as concat, hexToBytes as unhex, utf8ToBytes as utf8} from "@noble/hashes/utils.js";
import {unzipSync} from "fflate";

const FORMAT = "suyuan-proof-1";
const ORIGIN = "suyuan/ledger";
const LARGEST = 256 * 1024 * 1024;
const COLLECT = 1, AMEND = 2, REVIEW = 12, BATCH_CLOSE = 14;

const same = (a, b) => a.length === b.length && a.every((one, n) => one === b[n]);
const base64 = (text) => {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) throw new Error("base64");
  const raw = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  if (btoa(String.fromCharCode(...raw.slice(-3))) !== text.slice(-4) && raw.length % 3 === 0 && raw.length) throw new Error("base64");
  return raw;
};
const uuidBytes = (text) => {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) throw new Error("uuid");
  return unhex(text.replaceAll("-", ""));
};
const uuidText = (raw) => hex(raw).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
const whole = (value) => {
  if (!Number.isSafeInteger(value)) throw new Error("number");
  return value;
};

export function included(leaf, index, size, path, root) {
  // RFC 9162, 2.1.3.2. Divided, not shifted: a log can be longer than 2^31.
  if (!(index >= 0 && index < size)) return false;
  let fn = index, sn = size - 1, result = leaf;
  for (const step of path) {
    if (sn === 0) return false;
    if (fn % 2 || fn === sn) {
      result = sha256(concat(Uint8Array.of(1), step, result));
      while (fn && fn % 2 === 0) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
    } else result = sha256(concat(Uint8Array.of(1), result, step));
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && same(result, root);
}

export function checkpoint(note, key) {
  try {
    const cut = note.indexOf("\n\n");
    const body = note.slice(0, cut), tail = note.slice(cut + 2), lines = body.split("\n"), [origin, size, root] = lines;
    const mark = `\u2014 ${ORIGIN} `;
    if (lines.length !== 3 || origin !== ORIGIN || !/^\d+$/.test(size) || !tail.startsWith(mark) || !tail.endsWith("\n")) return null;
    const raw = base64(tail.slice(mark.length, -1));
    const named = sha256(concat(utf8(ORIGIN), Uint8Array.of(10, 1), key)).slice(0, 4);
    const good = same(raw.slice(0, 4), named) && ed25519.verify(raw.slice(4), utf8(`${body}\n`), key, {zip215: false});
    return good ? {size: whole(Number(size)), root: base64(root)} : null;
  } catch {
    return null;
  }
}

export function entry(raw) {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  let at = 0;
  const i2 = () => (at += 2, view.getInt16(at - 2));
  const i4 = () => (at += 4, view.getInt32(at - 4));
  const i8 = () => (at += 8, whole(Number(view.getBigInt64(at - 8))));
  const bytes = (count) => {
    if (at + count > raw.length) throw new Error("short");
    return raw.slice(at, at += count);
  };
  const id = (one) => (one.some(Boolean) ? uuidText(one) : null);
  const one = {writer: i4(), n: i8(), at: i8(), act: i2(), person: i8(), ground: i8(), agency: i8()};
  one.record = id(bytes(16));
  one.rev = i4();
  one.batch = id(bytes(16));
  const digest = bytes(32), has = bytes(1)[0], count = (at += 4, view.getUint32(at - 4));
  one.digest = has ? hex(digest) : null;
  one.shown = Array.from({length: count}, () => uuidText(bytes(16)));
  const rest = raw.slice(at);
  one.detail = rest.length ? JSON.parse(new TextDecoder("utf-8", {fatal: true}).decode(rest)) : {};
  return one;
}

function revisionDigest(one) {
  const view = new DataView(new ArrayBuffer(79));
  const raw = new Uint8Array(view.buffer);
  let at = 0;
  const i2 = (value) => (view.setInt16(at, whole(value)), at += 2);
  const i4 = (value) => (view.setInt32(at, whole(value)), at += 4);
  const i8 = (value) => (view.setBigInt64(at, BigInt(whole(value))), at += 8);
  const put = (bytes) => (raw.set(bytes, at), at += bytes.length);
  put(uuidBytes(one.record)); i4(one.rev); i2(one.level); i8(one.agency); i8(one.valid_from); i8(one.recorded_at); i8(one.author);
  put(uuidBytes(one.batch)); i4(one.seq); i4(one.row_no);
  raw[at] = one.final ? 1 : 0;
  return hex(sha256(concat(sha256(concat(raw, utf8(one.type))), unhex(one.commitment ?? ""))));
}

function decisionDigest(batch, one) {
  const parts = [batch, whole(one.step), one.outcome, whole(one.reviewer), whole(one.author), one.digest, whole(one.agency),
    whole(one.level), whole(one.at), one.reason];
  return hex(sha256(utf8(parts.join("|"))));
}

function inChunk(one, chunks) {
  const number = Math.floor(one.seq / 1e6), place = one.seq % 1e6, members = chunks[number]?.members;
  return Boolean(members) && members[place] === one.digest && hex(sha256(concat(...members.map(unhex)))) === chunks[number].digest;
}

export function read(data) {
  const files = unzipSync(data, {filter: (file) => file.name === "proof.json" && file.originalSize <= LARGEST});
  const bundle = JSON.parse(new TextDecoder("utf-8", {fatal: true}).decode(files["proof.json"]));
  if (bundle?.format !== FORMAT) throw new Error("格式不符 another format");
  return bundle;
}

export const entriesOf = (bundle) => bundle.entries.map((one) => ({index: one.index, ...entry(base64(one.encoded))}));

function* signers(bundle, size, said) {
  const chain = bundle.handovers?.length ? bundle.handovers : [{public: bundle.public_key, since: 0, signature: ""}];
  const last = chain.at(-1);
  const begun = chain[0].since === 0 && chain[0].signature === "";
  const good = begun && last.public === bundle.public_key && chain.slice(1).every((one, n) => handedOver(chain[n], one))
    && (chain.length === 1 || size > last.since);
  if (chain.length > 1) yield [good, `签名密钥更换 ${chain.length - 1} 次，每次由前一把签发`,
    `the signing key was renewed ${chain.length - 1} times, each time signed by the one before`];
  if (!said) return;
  const known = chain.some((one) => said === one.public || said === hex(sha256(unhex(one.public))));
  yield [good && known, "签名公钥与另行取得的一致", "the key is the one that was given from outside"];
}

function handedOver(before, after) {
  const told = utf8(`suyuan signing key\n${before.public}\n${after.public}\n${whole(after.since)}\n`);
  return after.since >= before.since && ed25519.verify(unhex(after.signature), told, unhex(before.public), {zip215: false});
}

export function* check(bundle, outside = "") {
  const key = unhex(bundle.public_key), entries = entriesOf(bundle), {revisions, batches} = bundle;
  const point = checkpoint(bundle.checkpoint, key);
  yield* signers(bundle, point?.size ?? 0, outside.trim().toLowerCase());
  yield [point !== null, "检查点的签名有效", "the checkpoint's signature is good"];

  const {size, root} = point ?? {size: 0, root: new Uint8Array()};
  const lost = bundle.entries.find((one) => {
    const leaf = sha256(concat(Uint8Array.of(0), base64(one.encoded), unhex(one.mac)));
    return !included(leaf, whole(one.index), size, one.path.map(unhex), root);
  });
  const count = entries.length;
  if (lost) yield [false, `账本第 ${lost.index} 条的存在证明不成立`, `entry ${lost.index} is not in the tree`];
  else yield [count > 0, `${count} 个条目均在检查点之下（账本共 ${size} 条）`, `${count} entries stand under the checkpoint (of ${size})`];

  const arrivals = entries.filter((one) => one.act === COLLECT || one.act === AMEND);
  for (const one of revisions) {
    const good = one.record === bundle.record && revisionDigest(one) === one.digest;
    yield [good, `版本 r${one.rev} 的摘要由其各项与内容承诺得出`, `revision r${one.rev}: its digest follows from header and commitment`];
    const inside = arrivals.findLast((each) => each.record === one.record && each.rev === one.rev)?.digest === one.digest;
    yield [inside, `版本 r${one.rev} 的摘要已登记在账本`, `revision r${one.rev}: its digest is in the ledger`];
    if ("opened" in one) {
      const fits = hex(sha256(base64(one.opened))) === one.commitment;
      yield [fits, `版本 r${one.rev} 的内容与承诺相符`, `revision r${one.rev}: the content opens its commitment`];
    }
  }
  for (const batch of batches) yield* checkBatch(batch, revisions, entries);

  const revs = revisions.map((one) => one.rev);
  const told = new Set(arrivals.filter((one) => one.record === bundle.record).map((one) => one.rev));
  const known = new Set(batches.map((one) => one.batch));
  const closed = new Set(entries.filter((one) => one.act === BATCH_CLOSE).map((one) => one.batch));
  const complete = revs.length > 0 && revs.every((rev, n) => rev === n + 1) && told.size === revs.length
    && revs.every((rev) => told.has(rev)) && revisions.every((one) => known.has(one.batch) || !closed.has(one.batch));
  yield [complete, `${revs.length} 个版本连续，无缺漏`, `${revs.length} revisions without a gap`];
}

function* checkBatch(batch, revisions, entries) {
  const {chunks, decisions} = batch;
  const made = hex(sha256(concat(...chunks.map((one) => unhex(one.digest)))));
  const held = revisions.filter((one) => one.batch === batch.batch).every((one) => inChunk(one, chunks));
  const good = made === batch.digest && chunks.every((one, n) => one.chunk_no === n) && held;
  yield [good, `批次 ${batch.batch} 的摘要由各版本的摘要得出`, `batch ${batch.batch}: its digest follows from those of the revisions`];
  const entered = new Set(
    entries.filter((one) => one.act === REVIEW && one.batch === batch.batch && !one.record).map((one) => one.digest));
  for (const one of decisions) {
    const signed = entered.has(decisionDigest(batch.batch, one)) && one.digest === batch.digest;
    yield [signed, `第 ${one.step} 次审核（${one.outcome}）已登记，所签即该批次摘要`,
      `review ${one.step} (${one.outcome}) is in the ledger and signs the batch's digest`];
  }
  const told = new Set(decisions.map((one) => decisionDigest(batch.batch, one)));
  yield [[...entered].every((one) => told.has(one)), "账本中的每次审核都在证明包内", "every review in the ledger is told"];
  const people = decisions.map((one) => one.reviewer);
  const apart = new Set(people).size === people.length && decisions.every((one) => !people.includes(one.author));
  yield [decisions.every((one, n) => one.step === n + 1) && apart, "各次审核依次进行，采集人与审核人互不相同",
    "the reviews are in order, by different persons, none of them the author"];
}
