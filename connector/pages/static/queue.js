// Calls that wait for their wrap-up, and what was written of each so far. Kept for this tab: a reload loses nothing.

import { store } from "./session.js";

const MOST = 50;
const REMEMBERED = 500;

export class Queue {
  /** `owner`: whose, so that another user of this tab sees nothing of it. */
  constructor(owner) {
    this.key = `ringback.queue.${owner}`;
    const kept = store.read(this.key);
    this.calls = kept?.calls ?? [];
    this.drafts = kept?.drafts ?? {};
    this.settled = kept?.settled ?? [];
  }

  /** The call whose form is open. */
  get current() {
    return this.calls[0] ?? null;
  }

  /** A call that ended; false where it is known already. */
  add(call) {
    if (this.settled.includes(call.call_id)) return false;
    const known = this.calls.find((one) => one.call_id === call.call_id);
    if (known) {
      this.name(call.call_id, call.name);
      return false;
    }
    this.calls.push(call);
    for (const old of this.calls.splice(MOST)) this.#forget(old.call_id);
    this.#keep();
    return true;
  }

  /** The contact's name became known. */
  name(callId, name) {
    const call = this.calls.find((one) => one.call_id === callId);
    if (!call || !name) return;
    call.name = name;
    this.#keep();
  }

  /** That call's form is to be open. */
  open(callId) {
    const call = this.calls.find((one) => one.call_id === callId);
    if (!call) return;
    this.calls = [call, ...this.calls.filter((one) => one !== call)];
    this.#keep();
  }

  /** It is to be looked at after all others. */
  putBack(callId) {
    const call = this.calls.find((one) => one.call_id === callId);
    this.calls = [...this.calls.filter((one) => one !== call), call];
    this.#keep();
  }

  /** It wants nobody any more; true where it was there. */
  settle(callId) {
    const before = this.calls.length;
    this.settled = [...this.settled.filter((one) => one !== callId), callId].slice(-REMEMBERED);
    this.#forget(callId);
    this.#keep();
    return this.calls.length < before;
  }

  draft(callId) {
    return this.drafts[callId] ?? null;
  }

  write(callId, draft) {
    this.drafts[callId] = draft;
    this.#keep();
  }

  #forget(callId) {
    this.calls = this.calls.filter((one) => one.call_id !== callId);
    delete this.drafts[callId];
  }

  #keep() {
    store.write(this.key, { calls: this.calls, drafts: this.drafts, settled: this.settled });
  }
}
