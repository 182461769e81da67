// The offline page around the verifier: a file, a key, and each check in words.
import {check, entriesOf, read} from "./verifier.mjs";

const english = () => document.documentElement.lang === "en";
const say = (zh, en) => (english() ? en : zh);
const id = (name) => document.getElementById(name);

function line(list, good, words) {
  const item = document.createElement("li");
  item.className = good ? "good" : "bad";
  item.textContent = `${good ? "✓" : "✗"} ${words}`;
  list.append(item);
}

function verdict(tone, words) {
  const place = id("verdict");
  place.className = tone;
  place.textContent = words;
}

function story(bundle) {
  const rows = entriesOf(bundle).map((one) => {
    const row = document.createElement("tr");
    const at = new Date(one.at / 1000).toLocaleString(english() ? "en-GB" : "zh-CN", {timeZone: "Asia/Shanghai"});
    const person = bundle.names?.people?.[one.person] ?? "";
    const words = [one.index, at, bundle.names?.acts?.[one.act] ?? one.act, `${one.person} ${person}`, one.ground || "—", one.agency];
    for (const text of words) row.append(Object.assign(document.createElement("td"), {textContent: text}));
    return row;
  });
  id("story").replaceChildren(...rows);
}

async function run() {
  const [file] = id("file").files, list = id("checks"), key = id("key").value.trim();
  if (!file) return;
  list.replaceChildren();
  id("result").hidden = false;
  try {
    const bundle = read(new Uint8Array(await file.arrayBuffer()));
    const results = [...check(bundle, key)];
    for (const [good, zh, en] of results) line(list, good, say(zh, en));
    const bad = results.filter(([good]) => !good).length;
    if (bad) verdict("bad", say(`核验不通过：${bad} 项`, `${bad} checks failed`));
    else if (!key) verdict("half", say("证明包自身一致；未填写另行取得的公钥，不能说明由谁签发。", "It agrees with itself; without a key from outside that says nothing of who signed it."));
    else verdict("good", say("核验通过", "It holds"));
    id("record").textContent = bundle.record;
    story(bundle);
  } catch (error) {
    verdict("bad", say("无法读取：不是溯源证明包，或已损坏。", "Cannot be read: no proof, or a damaged one."));
    line(list, false, String(error.message ?? error));
  }
}

for (const name of ["file", "key"]) id(name).addEventListener("change", run);
id("language").addEventListener("click", () => {
  document.documentElement.lang = english() ? "zh-Hans" : "en";
  run();
});
