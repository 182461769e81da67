// Behaviour of every page. Pages work without it; it spares reloads and keystrokes.
import * as tabler from "@tabler/core";
import htmx from "htmx.org/dist/htmx.esm.js";

window.htmx = htmx;
window.tabler = tabler;
// The content security policy forbids inline styles and evaluated text, so htmx must need neither.
Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
  historyCacheSize: 0, // pages hold personal data: keep no copies in the browser
});

const csrf = () => document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/)?.[1];

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector("meta[name=csrf]")?.content || csrf();
  if (token) event.detail.headers["X-CSRFToken"] = token;
});

// A finding is an answer too: show what the server says for 409 and 422 where the request asked for it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([409, 422].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

document.addEventListener("htmx:responseError", (event) => showLost(event.detail.xhr.status === 401 ? "session" : "server"));
document.addEventListener("htmx:sendError", () => showLost("network"));

function showLost(kind, shown = true) {
  const note = document.querySelector(`[data-lost=${kind}]`);
  if (!note || note.hidden === !shown) return;
  note.hidden = !shown;
  const saved = document.getElementById("saved");
  if (shown && saved && kind !== "ending") saved.textContent = "";
}

// The session ends after some time without a request of any window; five minutes before, the page says so.
const {person, left} = document.body.dataset;
const windows = "BroadcastChannel" in window ? new BroadcastChannel("suyuan-session") : null;
let ends = 0;
let warned;
function stayed(seconds, tell = true) {
  ends = Date.now() + seconds * 1000;
  clearTimeout(warned);
  showLost("ending", false);
  warned = setTimeout(() => showLost("ending"), Math.max(0, seconds - 300) * 1000);
  if (tell) windows?.postMessage(seconds);
}
if (person) {
  stayed(Number(left));
  windows?.addEventListener("message", (event) => stayed(event.data, false));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) { stayed(Number(left)); showLost("session", false); }
  });
}

// Whose session this is now: nobody's (null), or the answer with a fresh token. What the network loses is lost.
async function asked() {
  const answer = await fetch("/session/", {headers: {"HX-Request": "true"}, cache: "no-store"});
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

// Signing in again, in another window, makes the tokens of this page old.
function renewTokens(now) {
  document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((one) => { one.value = now.csrf; });
  document.querySelector("meta[name=csrf]").content = now.csrf;
}
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status !== 403 || !person) return;
  asked().then((now) => { if (now && String(now.person) === person) renewTokens(now); }).catch(() => {});
});

// A form with much typed into it is sent only while the session of who typed it lives; else the page stays as it is.
function turning(button, on) {
  button?.classList.toggle("btn-loading", on);
  button?.setAttribute("aria-busy", String(on));
}
async function sendKept(form, submitter) {
  turning(submitter, true);
  let now;
  let lost = "";
  try { now = await asked(); } catch { lost = "network"; }
  if (!lost && !now) lost = "session";
  if (!lost && String(now.person) !== person) lost = "other";
  turning(submitter, false);
  if (lost) { showLost(lost); return; }
  showLost("session", false);
  showLost("other", false);
  renewTokens(now);
  form.dataset.alive = "1";
  form.requestSubmit(submitter);
}
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!person || !form.matches("[data-keeps]")) return;
  if (form.dataset.alive) { delete form.dataset.alive; return; }
  event.preventDefault();
  event.stopImmediatePropagation();
  sendKept(form, event.submitter);
}, true);
document.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-stay]")) return;
  try {
    const now = await asked();
    if (now) stayed(now.left); else { showLost("ending", false); showLost("session"); }
  } catch { showLost("network"); }
});

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-print],[data-row-href],[data-check-all],[data-dismiss-parent]");
  if (!target) return;
  if (target.matches("[data-print]")) window.print();
  if (target.matches("[data-dismiss-parent]")) target.parentElement.hidden = true;
  if (target.matches("[data-row-href]") && !event.target.closest("a,button,input,label,select,summary")) {
    const link = target.querySelector("a[href]");
    if (link && !String(window.getSelection())) link.click();
  }
  if (target.matches("[data-check-all]")) {
    const form = target.closest("form,table");
    form.querySelectorAll("tbody input[type=checkbox]").forEach((box) => { box.checked = target.checked; });
  }
});

document.addEventListener("change", (event) => {
  // A reason for giving a record back is meant: the box above it follows.
  const back = event.target.closest("[data-back]");
  if (back && event.target.value && event.target.matches("select[name^=field],input[name^=why]")) {
    back.querySelector("input[name=back]").checked = true;
  }
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

// Enter in a form with several acts decides nothing: its first button is a hidden one, which only keeps. Here what was typed
// counts as changed, without sending the page.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.matches("input,select")) return;
  const first = event.target.form?.querySelector("button:not([type=button])");
  if (!first?.hidden) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event("change", {bubbles: true}));
});

// A form sent twice is an act done twice: the button rests after the first press.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); return; }
  // A form that answers with a file leaves the page as it is, so its button must not go on turning.
  if (form.method === "post" && !form.matches("[hx-post],[data-download]")) {
    form.dataset.sent = "1";
    turning(event.submitter, true);
  }
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll(".btn-loading").forEach((button) => turning(button, false));
  });
});

// What a save was refused for stands at the top of a long form: show it.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr?.status === 409) document.querySelector("#conflict .alert,#signing .alert")?.scrollIntoView({block: "center"});
});

// The mark on a field follows what the check now says below it.
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful || event.target.id !== "entry") return;
  event.target.querySelectorAll("[id^='n-']").forEach((notes) => {
    const control = document.getElementById(`f-${notes.id.slice(2)}`);
    control?.classList.toggle("is-invalid", Boolean(notes.querySelector(".text-danger")));
  });
});

// "/" goes to the search box, as in most registers; Escape leaves it.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input,textarea,select,[contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const box = document.querySelector("[data-main-search]") || document.querySelector("[data-top-search]");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  }
  if (event.key === "Escape" && typing?.matches("[data-main-search],[data-top-search]")) typing.blur();
});
