// The stream of calls that have just ended. A ticket in its address is good once, so each connection takes a new one.

import { Trouble, ask } from "./session.js";

const FIRST_MS = 1000;
const LONGEST_MS = 30000;

/** Listens for good: `on` is {ended, contact, wrapped} with the event's data, and `state` with "on" or "off". */
export function listen(on) {
  let wait = FIRST_MS;
  const again = () => {
    on.state("off");
    setTimeout(connect, wait * (0.5 + Math.random() / 2));
    wait = Math.min(wait * 2, LONGEST_MS);
  };
  const connect = async () => {
    let ticket;
    try {
      const { status, body } = await ask("/app/ticket", { method: "POST", body: {} });
      if (status !== 200) throw new Trouble(body.title, body.detail);
      ticket = body.ticket;
    } catch {
      again();
      return;
    }
    const stream = new EventSource(`/app/events?ticket=${encodeURIComponent(ticket)}`);
    stream.onopen = () => {
      wait = FIRST_MS;
      on.state("on");
    };
    stream.onerror = () => {
      stream.close();
      again();
    };
    for (const kind of ["ended", "contact", "wrapped"]) {
      stream.addEventListener(kind, (event) => on[kind](JSON.parse(event.data)));
    }
  };
  connect();
}
