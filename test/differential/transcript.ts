import { setTimeout as pause } from "node:timers/promises";

/** What the clients of both SDKs have in common, as far as it is called here. */
export interface AnyClient {
  getServerVersion(): unknown;
  getServerCapabilities(): unknown;
  getInstructions(): unknown;
  ping(): Promise<unknown>;
  setLoggingLevel(level: "debug"): Promise<unknown>;
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  listResourceTemplates(): Promise<unknown>;
  readResource(params: { uri: string }): Promise<unknown>;
  subscribeResource(params: { uri: string }): Promise<unknown>;
  unsubscribeResource(params: { uri: string }): Promise<unknown>;
  listPrompts(): Promise<unknown>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<unknown>;
  complete(params: {
    ref: { type: "ref/prompt"; name: string } | { type: "ref/resource"; uri: string };
    argument: { name: string; value: string };
  }): Promise<unknown>;
}

/** What is done with a server, one after the other; each answer is kept under its name. */
export type Script = Record<string, (client: AnyClient) => unknown>;

/** What came of each step, failures too. */
export async function transcribe(client: AnyClient, script: Script): Promise<Record<string, unknown>> {
  const transcript: Record<string, unknown> = {};
  for (const [step, run] of Object.entries(script)) {
    transcript[step] = await Promise.resolve()
      .then(() => run(client))
      .then((answer) => withoutChance(answer), describeFailure);
  }
  return transcript;
}

function describeFailure(error: Error & { code?: unknown; data?: unknown }): unknown {
  return withoutChance({ failed: error.message, code: error.code, data: error.data });
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const CLOCK = /\d{1,2}:\d\d:\d\d [AP]M/g;

/** Without what no two runs have in common: the time of day, and ids made up on the spot. */
function withoutChance(answer: unknown): unknown {
  if (answer === undefined) return null;
  return JSON.parse(JSON.stringify(answer), (key, value) => {
    if (typeof value !== "string") return value;
    const text = key === "blob" ? Buffer.from(value, "base64").toString("latin1") : value;
    return text.replace(UUID, "(id)").replace(CLOCK, "(time)");
  });
}

const lists: Script = {
  version: (client) => client.getServerVersion(),
  capabilities: (client) => client.getServerCapabilities(),
  instructions: (client) => client.getInstructions(),
  ping: (client) => client.ping(),
  tools: (client) => client.listTools(),
};

const call =
  (name: string, args: Record<string, unknown> = {}) =>
  (client: AnyClient) =>
    client.callTool({ name, arguments: args });

const everything: Script = {
  ...lists,
  level: (client) => client.setLoggingLevel("debug"),
  // It asks for roots a third of a second after the session has begun.
  "roots, when it knows them": (client) => pause(1000).then(() => call("get-roots-list")(client)),
  echo: call("echo", { message: "Grüße, 世界" }),
  "echo of nothing": call("echo"),
  sum: call("get-sum", { a: 2, b: 3 }),
  "sum of words": call("get-sum", { a: "two", b: 3 }),
  image: call("get-tiny-image"),
  annotated: call("get-annotated-message", { messageType: "error", includeImage: true }),
  links: call("get-resource-links", { count: 3 }),
  reference: call("get-resource-reference", { resourceType: "Text", resourceId: 1 }),
  structured: call("get-structured-content", { location: "New York" }),
  gzip: call("gzip-file-as-resource", {
    name: "a.gz",
    data: "data:text/plain;base64,aGVsbG8=",
    outputType: "resource",
  }),
  long: call("trigger-long-running-operation", { duration: 0.2, steps: 4 }),
  elicitation: call("trigger-elicitation-request"),
  "elicitation of a page": call("trigger-url-elicitation", { url: "https://example.com/pay" }),
  "a page to open first": call("trigger-url-elicitation", { url: "https://example.com/first", errorPath: true }),
  sampling: call("trigger-sampling-request", { prompt: "Capital of France?", maxTokens: 10 }),
  "logging on": call("toggle-simulated-logging"),
  "logging off": call("toggle-simulated-logging"),
  resources: (client) => client.listResources(),
  templates: (client) => client.listResourceTemplates(),
  text: (client) => client.readResource({ uri: "demo://resource/dynamic/text/1" }),
  blob: (client) => client.readResource({ uri: "demo://resource/dynamic/blob/2" }),
  document: async (client) => client.readResource({ uri: (await client.listResources()).resources[0]!.uri }),
  "no such resource": (client) => client.readResource({ uri: "demo://nowhere" }),
  subscribe: (client) => client.subscribeResource({ uri: "demo://resource/dynamic/text/1" }),
  unsubscribe: (client) => client.unsubscribeResource({ uri: "demo://resource/dynamic/text/1" }),
  prompts: (client) => client.listPrompts(),
  prompt: (client) => client.getPrompt({ name: "simple-prompt" }),
  "prompt with arguments": (client) => client.getPrompt({ name: "args-prompt", arguments: { city: "Ulm" } }),
  "prompt without its arguments": (client) => client.getPrompt({ name: "args-prompt", arguments: {} }),
  "no such prompt": (client) => client.getPrompt({ name: "nothing" }),
  completion: (client) =>
    client.complete({
      ref: { type: "ref/prompt", name: "completable-prompt" },
      argument: { name: "department", value: "S" },
    }),
  "completion of a template": (client) =>
    client.complete({
      ref: { type: "ref/resource", uri: "demo://resource/dynamic/text/{resourceId}" },
      argument: { name: "resourceId", value: "7" },
    }),
};

const ada = { name: "Ada", entityType: "person", observations: ["writes programs"] };
const engine = { name: "Engine", entityType: "machine", observations: [] };
const works = { from: "Ada", to: "Engine", relationType: "programs" };

const memory: Script = {
  ...lists,
  create: call("create_entities", { entities: [ada, engine] }),
  relate: call("create_relations", { relations: [works] }),
  observe: call("add_observations", { observations: [{ entityName: "Ada", contents: ["writes letters"] }] }),
  "observe nobody": call("add_observations", { observations: [{ entityName: "Bob", contents: ["?"] }] }),
  graph: call("read_graph"),
  search: call("search_nodes", { query: "letters" }),
  open: call("open_nodes", { names: ["Engine"] }),
  forget: call("delete_observations", { deletions: [{ entityName: "Ada", observations: ["writes letters"] }] }),
  unrelate: call("delete_relations", { relations: [works] }),
  delete: call("delete_entities", { entityNames: ["Engine"] }),
  "what is left": call("read_graph"),
  "not the arguments": call("create_entities", { entities: "Ada" }),
  prompts: (client) => client.listPrompts(),
};

const filesystem = (folder: string): Script => ({
  ...lists,
  allowed: call("list_allowed_directories"),
  read: call("read_text_file", { path: `${folder}/notes.txt`, head: 2 }),
  media: call("read_media_file", { path: `${folder}/notes.txt` }),
  several: call("read_multiple_files", { paths: [`${folder}/notes.txt`, `${folder}/none.txt`] }),
  write: call("write_file", { path: `${folder}/new.txt`, content: "Neu\n" }),
  "dry edit": call("edit_file", {
    path: `${folder}/notes.txt`,
    edits: [{ oldText: "Two", newText: "Zwei" }],
    dryRun: true,
  }),
  folder: call("create_directory", { path: `${folder}/sub/deep` }),
  list: call("list_directory", { path: folder }),
  sizes: call("list_directory_with_sizes", { path: folder, sortBy: "size" }),
  tree: call("directory_tree", { path: folder }),
  move: call("move_file", { source: `${folder}/new.txt`, destination: `${folder}/sub/new.txt` }),
  search: call("search_files", { path: folder, pattern: "**/*.txt" }),
  outside: call("read_text_file", { path: "/etc/hostname" }),
  missing: call("read_text_file", { path: `${folder}/none.txt` }),
});

export const scripts = {
  everything: () => everything,
  memory: () => memory,
  filesystem,
};
