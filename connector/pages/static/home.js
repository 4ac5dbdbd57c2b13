// The page the CRM opens: who you are decides what there is.

import { $, show, start } from "./page.js";
import { Trouble, ask } from "./session.js";

start(async (session) => {
  if (session.role === "agent") {
    location.replace("/app/wrapup");
    return;
  }
  show("in-location", session.location !== null);
  show("connection", session.role === "admin" && session.location !== null);
  $("connection-trouble").textContent = session.desk?.trouble ?? "";
  show("connection-trouble", Boolean(session.desk?.trouble));
  if (session.location === null) await agency();
  show("home", true);
});

$("reveal").addEventListener("click", async () => {
  show("reveal-trouble", false);
  try {
    const { status, body } = await ask("/app/connection", { method: "POST", body: {} });
    if (status !== 200) throw new Trouble(body.title, body.detail);
    $("trunk-url").textContent = body.url ?? "this sub-account has phone providers of its own";
    $("trunk-secret").textContent = body.secret ?? "kept with them";
    show("revealed", true);
  } catch (error) {
    $("reveal-trouble").textContent = error.message;
    show("reveal-trouble", true);
  }
});

async function agency() {
  const { status, body } = await ask("/api/v1/locations?limit=100");
  if (status !== 200) throw new Trouble(body.title, body.detail);
  const rows = body.locations.map((one) => {
    const row = document.createElement("li");
    row.textContent = one.location;
    return row;
  });
  $("locations").replaceChildren(...rows);
  show("more", rows.length === 100);
  show("agency", true);
}
