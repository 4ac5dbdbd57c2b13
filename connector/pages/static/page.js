// What all pages have in common: waiting, signing in, and saying what went wrong.

import { Trouble, signIn } from "./session.js";

export const $ = (id) => document.getElementById(id);

/** Shows or hides; true shows. */
export function show(id, shown) {
  $(id).hidden = !shown;
}

/** Says what a person must know in place of the page. */
export function fail(error) {
  const known = error instanceof Trouble;
  if (!known) console.error(error);
  $("trouble-title").textContent = known ? error.title : "Something went wrong here";
  $("trouble-text").textContent = known ? error.message : "Nothing was lost. Try again; if it stays so, tell your admin.";
  show("trouble", true);
  show("waiting", false);
}

/** Signs in, then runs the page with the session; again when the button is pressed. */
export function start(page) {
  const run = async () => {
    show("trouble", false);
    show("waiting", true);
    try {
      const session = await signIn();
      $("who").textContent = session.name;
      await page(session);
      show("waiting", false);
    } catch (error) {
      fail(error);
    }
  };
  $("again").addEventListener("click", run);
  run();
}
