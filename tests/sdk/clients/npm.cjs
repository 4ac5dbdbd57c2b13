// The vendor's npm package, asked for one verb a line: {"verb", "asked"} in, "= {answer}" out.
// node npm.cjs FOLDER URL: the package is looked for under FOLDER/node_modules.
"use strict";
const { createRequire } = require("node:module");
const { createInterface } = require("node:readline");
const { join } = require("node:path");

const [folder, url] = process.argv.slice(2);
const { HighLevel } = createRequire(join(folder, "package.json"))("@gohighlevel/api-client");
HighLevel.BASE_URL = url;

const PRIVATE = process.env.PRIVATE_TOKEN;
const crm = () => new HighLevel({ privateIntegrationToken: PRIVATE });
const app = (asked) =>
  new HighLevel({ clientId: asked.client_id, clientSecret: asked.client_secret, agencyAccessToken: asked.token });

const VERBS = {
  get_contact: (a) => crm().contacts.getContact({ contactId: a.contact }),
  find_contact: (a) => crm().contacts.getDuplicateContact({ locationId: a.location, number: a.number }),
  create_contact: (a) => crm().contacts.createContact({ locationId: a.location, phone: a.phone, name: a.name }),
  add_note: (a) => crm().contacts.createNote({ contactId: a.contact }, { body: a.body }),
  add_tags: (a) => crm().contacts.addTags({ contactId: a.contact }, { tags: a.tags }),
  remove_tags: (a) => crm().contacts.removeTags({ contactId: a.contact }, { tags: a.tags }),
  enrol: (a) => crm().contacts.addContactToWorkflow({ contactId: a.contact, workflowId: a.workflow }, {}),
  create_task: (a) =>
    crm().contacts.createTask(
      { contactId: a.contact },
      { title: a.title, body: a.body, dueDate: new Date(a.due_ms).toISOString(), completed: false },
    ),
  exchange: (a) =>
    app(a).oauth.getAccessToken({
      client_id: a.client_id,
      client_secret: a.client_secret,
      grant_type: "authorization_code",
      code: a.code,
      redirect_uri: a.redirect_uri,
      user_type: a.kind,
    }),
  refresh: (a) => app(a).oauth.refreshToken(a.refresh_token, a.client_id, a.client_secret, "refresh_token", a.kind),
  location_token: (a) => app(a).oauth.getLocationAccessToken({ companyId: a.company, locationId: a.location }),
  installed_locations: (a) =>
    app(a).oauth.getInstalledLocation({
      companyId: a.company,
      appId: a.app,
      isInstalled: true,
      skip: "0",
      limit: String(a.limit),
    }),
};

async function answered(line) {
  const { verb, asked } = JSON.parse(line);
  try {
    return (await VERBS[verb](asked)) ?? {};
  } catch (error) {
    return { error: String(error.message ?? error) };
  }
}

(async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`= ${JSON.stringify(await answered(line))}\n`);
  }
})();
