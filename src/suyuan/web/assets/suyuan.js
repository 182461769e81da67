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

document.addEventListener("htmx:responseError", () => showLost("server"));
document.addEventListener("htmx:sendError", () => showLost("network"));

function showLost(kind) {
  const note = document.querySelector(`[data-lost=${kind}]`);
  if (note) note.hidden = false;
}

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

// A form sent twice is an act done twice: the button rests after the first press.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); return; }
  // A form that answers with a file leaves the page as it is, so its button must not go on turning.
  if (form.method === "post" && !form.matches("[hx-post],[data-download]")) {
    form.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
    event.submitter?.classList.add("btn-loading");
  }
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll(".btn-loading").forEach((button) => button.classList.remove("btn-loading"));
  });
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
