// The agent's form: it opens when a call ends, and its words go to the call.

import { listen } from "./live.js";
import { $, show, start } from "./page.js";
import { Queue } from "./queue.js";
import { ask } from "./session.js";

let session;
let queue;
let opened = null; // the call whose form is shown
let saving = false;
let listening = false;

start(async (who) => {
  session = who;
  if (who.location === null) {
    location.replace("/app");
    return;
  }
  queue = new Queue(`${who.location}.${who.user}`);
  choices(who.desk);
  show("desk", true);
  turn({ focus: true });
  if (listening) return;
  listening = true;
  listen({
    ended: (call) => queue.add(call) && turn(),
    contact: ({ call_id, name }) => (queue.name(call_id, name), labels()),
    wrapped: ({ call_id }) => elsewhere(call_id),
    state: connection,
  });
});

// ---- what is shown -------------------------------------------------------------------------------------------------

/** Shows the call whose turn it is. One that is being filled in stays: nothing takes the focus from who is typing. */
function turn({ focus = false } = {}) {
  const call = queue.current;
  if (call?.call_id !== opened) {
    opened = call?.call_id ?? null;
    if (call) fill(call);
    focus = true;
  }
  show("idle", !call);
  show("form", Boolean(call));
  labels();
  if (focus) (call ? first() : $("idle-title")).focus();
}

function labels() {
  const call = queue.current;
  if (call) {
    $("contact").textContent = who(call);
    $("facts").textContent = facts(call).join(" · ");
  }
  const others = queue.calls.slice(1);
  $("queue").replaceChildren(...others.map(entry));
  show("others", others.length > 0);
  $("count").textContent = others.length ? `${others.length} more ${others.length === 1 ? "waits" : "wait"}` : "";
  document.title = `${queue.calls.length ? `(${queue.calls.length}) ` : ""}Wrap up · Ringback`;
}

const who = (call) => call.name ?? call.number ?? "Unknown number";

function facts(call) {
  const number = call.name ? [call.number] : [];
  const way = { inbound: ["incoming"], outbound: ["outgoing"] }[call.direction] ?? [];
  const talk = call.answered ? `talked ${clock(call.talk_s)}` : "not answered";
  return [...number, ...way, talk, new Date(call.ended).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })];
}

function clock(seconds) {
  if (seconds === null) return "for a while";
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function entry(call) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = [who(call), ...facts(call)].join(" · ");
  button.addEventListener("click", () => (queue.open(call.call_id), turn()));
  const row = document.createElement("li");
  row.append(button);
  return row;
}

function connection(state) {
  $("live").dataset.state = state;
  $("live").textContent = state === "on" ? "Listening for calls" : "Not connected; trying again";
}

function choices({ dispositions, workflows }) {
  const all = dispositions.map((name, index) => {
    const input = document.createElement("input");
    input.type = "radio";
    input.name = "disposition";
    input.value = name;
    const text = document.createElement("span");
    text.textContent = name;
    const label = document.createElement("label");
    label.className = "choice";
    label.append(input, text);
    if (index < 10) {
      const key = document.createElement("kbd");
      key.textContent = (index + 1) % 10;
      key.setAttribute("aria-hidden", "true");
      label.append(key);
    }
    return label;
  });
  $("dispositions").replaceChildren(...all);
  $("workflow").replaceChildren(...workflows.map((name) => new Option(name, name)));
  show("enrol-choice", workflows.length > 0);
}

// ---- the form ------------------------------------------------------------------------------------------------------

const form = $("form");
const radios = () => [...form.querySelectorAll("input[name=disposition]")];
const first = () => radios().find((one) => one.checked) ?? radios()[0];

function fill(call) {
  const draft = queue.draft(call.call_id) ?? { disposition: call.suggested, notes: "", step: "none", at: "", workflow: "" };
  for (const one of radios()) one.checked = one.value === draft.disposition;
  $("notes").value = draft.notes;
  form.elements.step.value = draft.step;
  $("at").value = draft.at || tomorrow();
  if (draft.workflow) $("workflow").value = draft.workflow;
  $("wrong").textContent = "";
  details();
}

/** Tomorrow at ten, as the field wants it: local, without a zone. */
function tomorrow() {
  const day = new Date();
  day.setDate(day.getDate() + 1);
  const two = (number) => String(number).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}T10:00`;
}

/** Only the chosen step's own field can be used; its place is kept, so that nothing moves. */
function details() {
  const step = form.elements.step.value;
  for (const [field, input, wanted] of [["at-field", "at", "callback"], ["workflow-field", "workflow", "enrol"]]) {
    $(field).toggleAttribute("data-on", step === wanted);
    $(input).disabled = step !== wanted;
  }
}

form.addEventListener("input", () => {
  details();
  queue.write(opened, {
    disposition: radios().find((one) => one.checked)?.value ?? null,
    notes: $("notes").value,
    step: form.elements.step.value,
    at: $("at").value,
    workflow: $("workflow").value,
  });
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});

$("skip").addEventListener("click", skip);

document.addEventListener("keydown", (event) => {
  if (form.hidden || event.altKey || event.metaKey) return;
  if (event.key === "Enter" && event.ctrlKey) save();
  else if (event.key === "Escape") skip();
  else if (!event.ctrlKey && /^\d$/.test(event.key) && !event.target.matches("textarea, select, #at")) pick(event.key);
  else return;
  event.preventDefault();
});

function pick(key) {
  const chosen = radios()[(Number(key) + 9) % 10];
  chosen?.focus();
  chosen?.click();
}

function skip() {
  if (saving || queue.calls.length < 2) {
    $("wrong").textContent = "No other call waits. This one stays until you save it.";
    return;
  }
  queue.putBack(opened);
  turn();
}

function said() {
  const step = form.elements.step.value;
  const body = { agent: session.name };
  const disposition = radios().find((one) => one.checked)?.value;
  const notes = $("notes").value.trim();
  if (disposition) body.disposition = disposition;
  if (notes) body.notes = notes;
  if (step === "callback") body.next_step = { kind: step, at: new Date($("at").value).toISOString() };
  else if (step === "enrol") body.next_step = { kind: step, workflow: $("workflow").value };
  else if (step !== "none") body.next_step = { kind: step };
  return body;
}

function wrong() {
  if (!radios().some((one) => one.checked)) return [first(), "Choose what came of the call."];
  const callback = form.elements.step.value === "callback";
  if (callback && Number.isNaN(Date.parse($("at").value))) return [$("at"), "Say when to call back."];
  if (callback && Date.parse($("at").value) < Date.now()) return [$("at"), "That time is over: choose a later one."];
  return null;
}

async function save() {
  if (saving) return;
  const [where, why] = wrong() ?? [];
  $("wrong").textContent = why ?? "";
  if (where) {
    where.focus();
    return;
  }
  const call = queue.current;
  busy(true);
  try {
    const path = `/api/v1/locations/${encodeURIComponent(session.location)}/calls/${encodeURIComponent(call.call_id)}/wrapup`;
    const { status, body } = await ask(path, { method: "POST", body: said() });
    if (status === 202) settled(call);
    else $("wrong").textContent = body.detail ?? "It could not be saved. What you wrote is still here: try again.";
  } catch (error) {
    $("wrong").textContent = `${error.message} What you wrote is still here.`;
  } finally {
    busy(false);
  }
}

function settled(call) {
  $("done").textContent = `Saved: ${who(call)}`;
  queue.settle(call.call_id);
  turn();
}

function busy(now) {
  saving = now;
  $("save").disabled = now;
}

/** Somebody wrapped the call up, here or elsewhere. What is being written of it stays. */
function elsewhere(callId) {
  if (saving && callId === opened) return;
  if (callId === opened && queue.draft(callId)) {
    $("wrong").textContent = "This call was wrapped up elsewhere meanwhile. What you save is added to that.";
    return;
  }
  if (queue.settle(callId)) turn();
}
