// Signs in by the CRM's word on who its user is, and asks our API in that user's name.
// The session is kept in this frame only: no cookie, which many browsers would not send here.

const KEY = "ringback.session";
const ANSWER_MS = 5000; // a CRM without a shared secret for the app never answers
const ASK_AGAIN_MS = 1000; // the page around may not be listening yet
const MARGIN_MS = 60000; // a session that is nearly over is renewed before it is used

/** Something a person must know; `title` and `message` are for the page. */
export class Trouble extends Error {
  constructor(title, message) {
    super(message);
    this.title = title;
  }
}

let held = null;
let renewing = null;

/** Where browsers let a frame keep something: sessionStorage; where it is forbidden, the history entry, for reloads. */
const tab = (() => {
  try {
    sessionStorage.getItem(KEY);
    return sessionStorage;
  } catch {
    return {
      getItem: (key) => history.state?.[key] ?? null,
      setItem: (key, text) => history.replaceState({ ...history.state, [key]: text }, ""),
    };
  }
})();

/** What is kept for this tab, and for nobody but our own pages in it. */
export const store = {
  read(key) {
    try {
      return JSON.parse(tab.getItem(key));
    } catch {
      return null;
    }
  },
  write(key, value) {
    try {
      tab.setItem(key, JSON.stringify(value));
    } catch {
      // full, or asked too often: then it is lost with the page
    }
  },
};

/** The session: the one there is, or a new one. `fresh`: a new one in any case. */
export async function signIn({ fresh = false } = {}) {
  if (fresh) forget();
  held ??= store.read(KEY);
  if (held && held.until - MARGIN_MS > Date.now()) return held;
  renewing ??= exchange().finally(() => (renewing = null));
  held = await renewing;
  store.write(KEY, held);
  return held;
}

function forget() {
  held = null;
  store.write(KEY, null);
}

/** An answer of our API as {status, body}; a session that is over is renewed once. */
export async function ask(path, { method = "GET", body } = {}) {
  const session = await signIn();
  let answer = await send(path, method, body, session);
  if (answer.status === 401) answer = await send(path, method, body, await signIn({ fresh: true }));
  return answer;
}

async function send(path, method, body, session) {
  const headers = session ? { Authorization: `Bearer ${session.token}` } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
  } catch {
    throw new Trouble("Ringback does not answer", "Nothing was lost. Look at your connection, and try again.");
  }
  return { status: answer.status, body: await answer.json().catch(() => ({})), again: answer.headers.get("Retry-After") };
}

async function exchange() {
  let answer = await send("/app/session", "POST", { payload: await word() });
  // The CRM may have told the same twice, and it counts once: ask for another.
  if (answer.status === 401) answer = await send("/app/session", "POST", { payload: await word() });
  if (answer.status === 200) return answer.body;
  throw new Trouble(answer.body.title ?? "Not signed in", answer.body.detail ?? "Load the page again.");
}

/** The CRM's encrypted word on who is signed in: from the page around this one, and from nobody else. */
function word() {
  if (window.parent === window) {
    const help = "It learns from the CRM who you are. Open it from the CRM's menu, or from the app's details there.";
    return Promise.reject(new Trouble("Open this page inside the CRM", help));
  }
  return new Promise((resolve, reject) => {
    const request = () => window.parent.postMessage({ message: "REQUEST_USER_DATA" }, "*");
    const asking = setInterval(request, ASK_AGAIN_MS);
    const waiting = setTimeout(() => end(() => reject(silence())), ANSWER_MS);
    const end = (then) => {
      clearInterval(asking);
      clearTimeout(waiting);
      window.removeEventListener("message", listen);
      then();
    };
    const listen = (event) => {
      if (event.source !== window.parent) return;
      if (event.data?.message !== "REQUEST_USER_DATA_RESPONSE" || typeof event.data.payload !== "string") return;
      end(() => resolve(event.data.payload));
    };
    window.addEventListener("message", listen);
    request();
  });
}

function silence() {
  return new Trouble(
    "The CRM did not say who you are",
    "It says so only once the app has a shared secret. Whoever runs this Ringback generates it in the marketplace " +
      "portal (Advanced Settings, Auth, Shared secret) and sets it as RINGBACK_SSO_SECRET. If that is done, try again.",
  );
}
