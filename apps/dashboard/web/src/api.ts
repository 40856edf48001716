import type { EditableTool, ToolEdits } from "@gatehouse/connectors/choice/edits";
import { hc, type InferResponseType } from "hono/client";
import type { PreviewLine } from "../../server/connectors/apis.ts";
import type { Api, PlatformApi } from "../../server/dashboard.ts";
import type { PageQuery } from "./ui/use-pages.ts";

interface Problem {
  status: number;
  detail: string;
  fields?: Record<string, string>;
  [member: string]: unknown;
}

/** A refusal by the management API, as RFC 9457 describes it. */
export class ApiProblem extends Error {
  readonly status: number;
  /** One sentence for each field that needs attention. */
  readonly fields: Record<string, string>;
  /** What the problem says besides. */
  readonly data: Record<string, unknown>;

  constructor({ status, detail, fields = {}, ...data }: Problem) {
    super(detail);
    this.name = "ApiProblem";
    this.status = status;
    this.fields = fields;
    this.data = data;
  }

  get hasFields(): boolean {
    return Object.keys(this.fields).length > 0;
  }
}

let csrfToken = "";

/** The only place that talks to the API. Answers are always the success that the types promise; refusals are thrown. */
const client = hc<Api>("/api", { fetch: send, headers: () => ({ "x-csrf-token": csrfToken }) });

async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init).catch(() => {
    throw new ApiProblem({ status: 0, detail: "Gatehouse cannot be reached. Are you online?" });
  });
  if (response.status === 401) return signIn();
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const { status } = response;
  try {
    return new ApiProblem({ ...(await response.json()), status });
  } catch {
    return new ApiProblem({ status, detail: `The server answered ${status} and gave no reason` });
  }
}

/** Leaves the page, to come back to it; nothing here goes on meanwhile. */
function signIn(): Promise<never> {
  const here = location.pathname + location.search;
  location.assign(`/dashboard/login?return=${encodeURIComponent(here)}`);
  return new Promise(() => {});
}

/** What was read, and what names it as it was then. */
export type Seen<Read> = Read & { etag: string };

async function seen<Read>(response: { json: () => Promise<Read>; headers: Headers }): Promise<Seen<Read>> {
  return { ...(await response.json()), etag: response.headers.get("etag") ?? "" };
}

/** A change that is refused where something else is there by now; `null` is over whatever there is. */
const over = (etag: string | null) => (etag === null ? {} : { header: { "if-match": etag } });

/** No ETag is like this one, so that the answer is a refusal, with who was faster. */
const STALE = '"as it was shown"';

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/**
 * For a change of what is a part of what is read: it is refused where that part is another now than it was `shown`, and not for what
 * others have changed beside it. `null` is over whatever there is.
 */
async function overPart<Read>(
  shown: object | string | null,
  read: () => Promise<Seen<Read>>,
  partOf: (read: Read) => unknown,
): Promise<ReturnType<typeof over>> {
  if (shown === null) return over(null);
  const now = await read();
  return over(isSame(partOf(now), shown) ? now.etag : STALE);
}

/** Page after page. */
async function allOf<Page extends { next: string | null }, Item>(
  read: (query: { after?: string }) => Promise<Page>,
  itemsOf: (page: Page) => Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  for (let next: string | null = ""; next !== null; ) {
    const page: Page = await read(next === "" ? {} : { after: next });
    items.push(...itemsOf(page));
    next = page.next;
  }
  return items;
}

export async function readSession() {
  const session = await (await client.session.$get()).json();
  csrfToken = session.csrfToken;
  return session;
}

/** Tells where to go on, for the authorization server has a session too. */
export async function signOut(): Promise<string> {
  return (await (await client.session.logout.$post()).json()).signOutUrl;
}

const { connectors, audit, access, tokens } = client.orgs[":org"];
const accounts = client.orgs[":org"]["service-accounts"];

/** A part of them, by name; `after` is what the part before said comes next. */
export async function pageConnectors(org: string, query: PageQuery) {
  return (await connectors.$get({ param: { org }, query })).json();
}

export async function readConnector(org: string, slug: string) {
  return seen(await connectors[":slug"].$get({ param: { org, slug } }));
}

export async function registerConnector(org: string, json: Parameters<typeof connectors.$post>[0]["json"]) {
  return (await connectors.$post({ param: { org }, json })).json();
}

const { probe } = connectors[":slug"];
export type Probed = InferResponseType<typeof probe.$post>;

/** Has the upstream looked at once more; tells how its tools have changed. */
export async function probeConnector(org: string, slug: string): Promise<Probed> {
  return (await probe.$post({ param: { org, slug } })).json();
}

export type EraDecision = Parameters<(typeof connectors)[":slug"]["$patch"]>[0]["json"];

export async function pinEras(org: string, { slug, ...shown }: Connector, json: EraDecision): Promise<void> {
  const erasOf = ({ clientEras, upstreamEra }: Omit<Connector, "etag">) => ({ clientEras, upstreamEra });
  const unless = await overPart(erasOf(shown as Connector), () => readConnector(org, slug), erasOf);
  await connectors[":slug"].$patch({ param: { org, slug }, json, ...unless });
}

export type UpstreamChange = Parameters<(typeof connectors)[":slug"]["upstream"]["$put"]>[0]["json"];

/** Tried before it is stored. */
export async function changeUpstream(
  org: string,
  slug: string,
  json: UpstreamChange,
  etag: string | null,
): Promise<void> {
  await connectors[":slug"].upstream.$put({ param: { org, slug }, json, ...over(etag) });
}

const { tools, risk } = connectors[":slug"];
const tool = tools[":name"];
export type ToolDecision = Parameters<typeof tool.$patch>[0]["json"];
export type ToolDetails = Seen<Omit<InferResponseType<typeof tool.$get>, "definition" | "edits">> & {
  definition: EditableTool;
  edits: ToolEdits | null;
};

export async function readTool(org: string, slug: string, name: string): Promise<ToolDetails> {
  return seen(await tool.$get({ param: { org, slug, name } })) as Promise<ToolDetails>;
}

export async function decideOnTool(
  org: string,
  { slug, name }: { slug: string; name: string },
  json: ToolDecision,
  etag: string | null,
): Promise<void> {
  await tool.$patch({ param: { org, slug, name }, json, ...over(etag) });
}

type Decided = Pick<Tool, "offered" | "classification">;
const decidedOf = ({ offered, classification }: Decided): Decided => ({ offered, classification });

/** What is decided with a switch, on the tool as it is `shown`. */
export async function switchTool(org: string, slug: string, shown: Tool, json: ToolDecision): Promise<void> {
  const param = { org, slug, name: shown.name };
  const unless = await overPart(decidedOf(shown), () => readTool(org, slug, shown.name), decidedOf);
  await tool.$patch({ param, json, ...unless });
}

const NAMES_AT_ONCE = 500;

/** Of many at once, as they are `shown`. */
export async function switchTools(
  org: string,
  slug: string,
  shown: Tool[],
  decision: { offered: boolean } | { classification: "read" | "write" },
): Promise<void> {
  const names = new Set(shown.map(({ name }) => name));
  const [{ etag }, now] = await Promise.all([
    tools.$get({ param: { org, slug }, query: {} }).then(seen),
    readConnector(org, slug),
  ]);
  const decided = (all: Tool[]) => all.filter(({ name }) => names.has(name)).map(decidedOf);
  let unless = over(isSame(decided(now.tools), decided(shown)) ? etag : STALE);
  for (let from = 0; from < shown.length; from += NAMES_AT_ONCE) {
    const json = { names: [...names].slice(from, from + NAMES_AT_ONCE), ...decision };
    await tools.$post({ param: { org, slug }, json, ...unless });
    unless = over(null);
  }
}

export type OpenTo = Connector["openTo"];

/** Who may use it; `null` is every member. */
export async function openConnector(org: string, slug: string, openTo: OpenTo, etag: string | null): Promise<void> {
  await connectors[":slug"]["open-to"].$put({ param: { org, slug }, json: { openTo }, ...over(etag) });
}

const { announcement } = connectors[":slug"];

/** How many people it would reach. */
export async function readReach(org: string, slug: string): Promise<number> {
  return (await (await announcement.$get({ param: { org, slug } })).json()).reach;
}

export async function announce(org: string, slug: string, json: { note: string; reach: number }): Promise<number> {
  return (await (await announcement.$post({ param: { org, slug }, json })).json()).reach;
}

const firstSteps = client.orgs[":org"]["first-steps"];
export type FirstSteps = InferResponseType<typeof firstSteps.$get>;

export async function readFirstSteps(org: string): Promise<FirstSteps> {
  return (await firstSteps.$get({ param: { org } })).json();
}

export type RiskReport = Extract<InferResponseType<typeof risk.$get>, { score: number }>;

export async function readRisks(org: string, slug: string): Promise<RiskReport> {
  return (await risk.$get({ param: { org, slug }, query: {} })).json() as Promise<RiskReport>;
}

/** Where the report is as a file. */
export function riskFile(org: string, slug: string, format: "json" | "sarif"): string {
  return risk.$path({ param: { org, slug }, query: { format } });
}

const { apis } = client.orgs[":org"];
export type ReadApi = Extract<PreviewLine, { api: unknown }>["api"];
export type ApiSource = ({ text: string } | { url: string }) & { followReferences: boolean };

/** What an API's description comes to; nothing is stored. */
export async function readDescription(
  org: string,
  json: ApiSource,
  onProgress: (progress: { done: number; all: number }) => void,
): Promise<ReadApi> {
  const response = await apis.preview.$post({ param: { org }, json });
  for await (const line of linesOf(response.body!)) {
    const said = JSON.parse(line) as PreviewLine;
    if ("api" in said) return said.api;
    if ("fault" in said) throw new ApiProblem(said.fault);
    onProgress(said.progress);
  }
  throw new ApiProblem({ status: 0, detail: "The answer broke off. Try again" });
}

async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value = "" } = await reader.read();
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    yield* lines;
    if (done) return;
  }
}

export type NewApi = Parameters<typeof apis.$post>[0]["json"];

export async function registerApi(org: string, json: NewApi) {
  return (await apis.$post({ param: { org }, json })).json();
}

const importOfApi = apis[":slug"].import;
export type ImportAnew = Parameters<typeof importOfApi.$post>[0]["json"];
export type Imported = InferResponseType<typeof importOfApi.$post>;

export async function importAnew(org: string, slug: string, json: ImportAnew): Promise<Imported> {
  return (await importOfApi.$post({ param: { org, slug }, json })).json();
}

export type AuditPage = InferResponseType<typeof audit.$get>;
/** With all that it says, which differs from event to event. */
export type FullAuditEntry = Omit<AuditEntry, "entry"> & { seq: number | null; entry: Record<string, unknown> };
export type AuditIntegrity = InferResponseType<typeof audit.integrity.$get>;
export type AuditVerdict = InferResponseType<typeof audit.verdict.$get>;
export type AuditSettings = InferResponseType<typeof audit.settings.$get>;
type AuditQuery = Parameters<typeof audit.$get>[0]["query"];

export async function listAudit(org: string, query: AuditQuery): Promise<AuditPage> {
  return (await audit.$get({ param: { org }, query })).json();
}

export async function readAuditEntry(org: string, id: string) {
  const { otherHalf, neighbours, ...row } = await (await audit[":id"].$get({ param: { org, id } })).json();
  return { row: row as FullAuditEntry, otherHalf: otherHalf as FullAuditEntry | null, neighbours };
}

/** What was sealed of a call's arguments. */
export async function openArguments(org: string, id: string): Promise<unknown> {
  return (await (await audit[":id"].arguments.$get({ param: { org, id } })).json()).arguments;
}

/** Line by line, as it comes. */
export function exportAudit(
  org: string,
  query: Parameters<typeof audit.export.$get>[0]["query"],
  signal: AbortSignal,
): Promise<Response> {
  return audit.export.$get({ param: { org }, query }, { init: { signal } }) as Promise<Response>;
}

export async function readAuditIntegrity(org: string): Promise<AuditIntegrity> {
  return (await audit.integrity.$get({ param: { org } })).json();
}

/** Looks at every row. */
export async function verifyAudit(org: string): Promise<AuditVerdict> {
  return (await audit.verdict.$get({ param: { org } })).json();
}

export async function readAuditSettings(org: string): Promise<Seen<AuditSettings>> {
  return seen(await audit.settings.$get({ param: { org } }));
}

export async function changeAuditSettings(org: string, json: AuditSettings, etag: string | null): Promise<void> {
  await audit.settings.$put({ param: { org }, json, ...over(etag) });
}

const deliveries = client.orgs[":org"]["audit-deliveries"];
export type Delivery = InferResponseType<typeof deliveries.$get>["deliveries"][number];
export type NewDelivery = Parameters<typeof deliveries.$post>[0]["json"];

export async function listDeliveries(org: string): Promise<Seen<{ deliveries: Delivery[] }>> {
  return seen(await deliveries.$get({ param: { org } }));
}

/** Tells the secret of a webhook, this once. */
export async function createDelivery(org: string, json: NewDelivery) {
  return (await deliveries.$post({ param: { org }, json })).json();
}

export async function pauseDelivery(org: string, { id, paused: shown }: Delivery, paused: boolean): Promise<void> {
  const unless = await overPart(
    { paused: shown },
    () => listDeliveries(org),
    ({ deliveries }) => deliveries.filter((one) => one.id === id).map(({ paused }) => ({ paused }))[0],
  );
  await deliveries[":id"].$patch({ param: { org, id }, json: { paused }, ...unless });
}

export async function replaceDeliverySecret(org: string, id: string): Promise<string> {
  return (await (await deliveries[":id"].secret.$post({ param: { org, id } })).json()).secret;
}

/** Sends something without rows. */
export async function tryDelivery(org: string, id: string) {
  return (await deliveries[":id"].test.$post({ param: { org, id } })).json();
}

export async function deleteDelivery(org: string, id: string): Promise<void> {
  await deliveries[":id"].$delete({ param: { org, id } });
}

/** A part of what was let in, and all tokens. */
export async function pageAccess(org: string, query: PageQuery) {
  return (await access.$get({ param: { org }, query })).json();
}

export async function pageAccessOfMembers(org: string, query: PageQuery) {
  return (await access.members.$get({ param: { org }, query })).json();
}

export async function pageAccessOfMember(org: string, member: string, query: PageQuery) {
  return (await access.members[":member"].$get({ param: { org, member }, query })).json();
}

export type OwnEndpoint = InferResponseType<typeof access.endpoints.$get>["endpoints"][number];
export type OwnCall = InferResponseType<typeof access.calls.$get>["calls"][number];

export async function pageOwnEndpoints(org: string, query: { after?: string }) {
  return (await access.endpoints.$get({ param: { org }, query })).json();
}

export async function pageOwnCalls(org: string, query: { after?: string }) {
  return (await access.calls.$get({ param: { org }, query })).json();
}

export async function endGrant(org: string, grant: string): Promise<void> {
  await access.grants[":grant"].$delete({ param: { org, grant } });
}

const { links } = client.orgs[":org"];
export type Link = InferResponseType<typeof links.$get>["links"][number];

export async function pageLinks(org: string, query: PageQuery) {
  return (await links.$get({ param: { org }, query })).json();
}

export async function unlink(org: string, connector: string): Promise<void> {
  await links[":connector"].$delete({ param: { org, connector } });
}

const { linked } = connectors[":slug"];
export type Linked = InferResponseType<typeof linked.$get>;
export type OAuthAppFields = Parameters<typeof linked.app.$put>[0]["json"];

/** A part of who has linked an account, and what Gatehouse asks for them as. */
export async function pageLinked(org: string, slug: string, query: PageQuery): Promise<Seen<Linked>> {
  return seen(await linked.$get({ param: { org, slug }, query }));
}

const appOf = ({ app }: Linked) => ({ app });

/** In the place of the one that is `shown`; `null` is whichever there is. */
export async function giveOAuthApp(
  org: string,
  slug: string,
  json: OAuthAppFields,
  shown: Linked | null,
): Promise<void> {
  const unless = await overPart(shown && appOf(shown), () => pageLinked(org, slug, {}), appOf);
  await linked.app.$put({ param: { org, slug }, json, ...unless });
}

export async function takeOAuthApp(org: string, slug: string, shown: Linked): Promise<void> {
  const unless = await overPart(appOf(shown), () => pageLinked(org, slug, {}), appOf);
  await linked.app.$delete({ param: { org, slug }, ...unless });
}

export type NewTokenFields = Parameters<typeof tokens.$post>[0]["json"];
export type Minted = InferResponseType<typeof tokens.$post>;

export async function mintToken(org: string, json: NewTokenFields): Promise<Minted> {
  return (await tokens.$post({ param: { org }, json })).json();
}

export async function endToken(org: string, token: string): Promise<void> {
  await tokens[":token"].$delete({ param: { org, token } });
}

export async function listServiceAccounts(org: string) {
  return allOf(
    async (query) => (await accounts.$get({ param: { org }, query })).json(),
    ({ accounts }) => accounts,
  );
}

export type NewServiceAccount = Required<Parameters<typeof accounts.$post>[0]["json"]>;

export async function createServiceAccount(org: string, json: NewServiceAccount): Promise<void> {
  await accounts.$post({ param: { org }, json });
}

/** A change of the account as it is `shown`. */
function overAccount(org: string, shown: ServiceAccount) {
  const standingOf = ({ role, suspendedAt }: Pick<ServiceAccount, "role" | "suspendedAt">) => ({ role, suspendedAt });
  const param = { org, account: shown.id };
  return overPart(standingOf(shown), async () => seen(await accounts[":account"].$get({ param })), standingOf);
}

export async function suspendServiceAccount(org: string, shown: ServiceAccount, suspended: boolean): Promise<void> {
  const param = { org, account: shown.id };
  await accounts[":account"].$patch({ param, json: { suspended }, ...(await overAccount(org, shown)) });
}

export async function deleteServiceAccount(org: string, shown: ServiceAccount): Promise<void> {
  const param = { org, account: shown.id };
  await accounts[":account"].$delete({ param, ...(await overAccount(org, shown)) });
}

export async function mintServiceToken(org: string, account: string, json: NewTokenFields): Promise<Minted> {
  return (await accounts[":account"].tokens.$post({ param: { org, account }, json })).json();
}

const { clients, "own-clients": ownClients } = client.orgs[":org"];

export async function readClients(org: string) {
  return seen(await clients.$get({ param: { org } }));
}

type ClientPolicy = Parameters<typeof clients.policy.$put>[0]["json"];

export async function chooseClientPolicy(org: string, shown: Clients["policy"], json: ClientPolicy): Promise<void> {
  const unless = await overPart(
    shown,
    () => readClients(org),
    ({ policy }) => policy,
  );
  await clients.policy.$put({ param: { org }, json, ...unless });
}

/** A host, or the URL of a client's metadata document. */
export async function putOnClientList(org: string, entry: string): Promise<void> {
  await clients.list.$post({ param: { org }, json: { entry } });
}

export async function takeOffClientList(org: string, json: { host: string; confirmed?: boolean }): Promise<void> {
  await clients.list.$delete({ param: { org }, json });
}

type ClientDecision = Parameters<typeof clients.decision.$put>[0]["json"];

/** `shown` is what has been decided so far, as whoever decides has seen it. */
export async function decideOnClient(
  org: string,
  shown: Pick<KnownClient, "decision">,
  json: ClientDecision,
): Promise<void> {
  const decisionOf = ({ decision }: Pick<KnownClient, "decision">) => ({ decision });
  const unless = await overPart(
    decisionOf(shown),
    () => readClients(org),
    ({ decided }) => ({ decision: decided.find(({ identity }) => identity === json.identity)?.decision ?? null }),
  );
  await clients.decision.$put({ param: { org }, json, ...unless });
}

export type NewOwnClient = Parameters<typeof ownClients.$post>[0]["json"];

/** Tells the secret, this once; `null` for a public client. */
export async function registerOwnClient(
  org: string,
  json: NewOwnClient,
): Promise<{ id: string; secret: string | null }> {
  return (await ownClients.$post({ param: { org }, json })).json();
}

/** A change of the client as it is `shown`. */
function overOwnClient(org: string, shown: OwnClient) {
  const read = async () => seen(await ownClients[":id"].$get({ param: { org, id: shown.id } }));
  return overPart(shown, read, ({ etag: _, ...now }: Seen<OwnClient>) => now);
}

export async function replaceOwnClientSecret(org: string, shown: OwnClient): Promise<string> {
  const param = { org, id: shown.id };
  return (await (await ownClients[":id"].secret.$post({ param, ...(await overOwnClient(org, shown)) })).json()).secret;
}

export async function deleteOwnClient(org: string, shown: OwnClient): Promise<void> {
  await ownClients[":id"].$delete({ param: { org, id: shown.id }, ...(await overOwnClient(org, shown)) });
}

/** A part of those that members ask for, or of the others. */
export async function pageClients(org: string, waiting: boolean, query: PageQuery) {
  return (await clients.known.$get({ param: { org }, query: { ...query, waiting: String(waiting) } })).json();
}

export type Clients = InferResponseType<typeof clients.$get>;
export type KnownClient = InferResponseType<typeof clients.known.$get>["clients"][number];
export type OwnClient = Clients["own"][number];

const { people, "token-lifetimes": tokenLifetimes } = client.orgs[":org"];

export async function readTokenLifetimes(org: string) {
  return seen(await tokenLifetimes.$get({ param: { org } }));
}

type TokenLifetimesChange = Parameters<typeof tokenLifetimes.$put>[0]["json"];

export async function changeTokenLifetimes(
  org: string,
  json: TokenLifetimesChange,
  etag: string | null,
): Promise<void> {
  await tokenLifetimes.$put({ param: { org }, json, ...over(etag) });
}

export type TokenLifetimes = Seen<InferResponseType<typeof tokenLifetimes.$get>>;

const { limits, usage } = client.orgs[":org"];
export type Limits = InferResponseType<typeof limits.$get>;
type SubjectSearch = Parameters<typeof limits.subjects.$get>[0]["query"] & { search: string };
export type LimitChange = Parameters<typeof limits.$put>[0]["json"];

/** What can be limited by itself, and has this in its name. */
export async function searchSubjects(org: string, query: SubjectSearch) {
  return (await (await limits.subjects.$get({ param: { org }, query })).json()).subjects;
}

export async function readLimits(org: string): Promise<Seen<Limits>> {
  return seen(await limits.$get({ param: { org } }));
}

export async function changeLimit(org: string, json: LimitChange, etag: string | null): Promise<void> {
  await limits.$put({ param: { org }, json, ...over(etag) });
}

export type UsageSummary = InferResponseType<typeof usage.$get>;

export async function readUsage(org: string, days: number): Promise<UsageSummary> {
  return (await usage.$get({ param: { org }, query: { days: String(days) } })).json();
}

/** Where usage by hour is as a file. */
export function usageFile(org: string, format: "json" | "csv", span: { from: Date; to: Date }): string {
  const query = { from: span.from.toISOString(), to: span.to.toISOString(), format };
  return usage.hours.$path({ param: { org }, query });
}

export async function pageMembers(org: string, query: PageQuery) {
  return (await people.members.$get({ param: { org }, query })).json();
}

export async function pageInvitations(org: string, query: PageQuery) {
  return (await people.invitations.$get({ param: { org }, query })).json();
}

export type Member = InferResponseType<typeof people.members.$get>["members"][number];

/** A change of the member as they are `shown`. */
function overMember(org: string, shown: Member) {
  const param = { org, user: shown.id };
  return overPart(
    shown.role,
    async () => seen(await people.members[":user"].$get({ param })),
    ({ role }) => role,
  );
}

export async function changeRole(org: string, shown: Member, role: Role): Promise<void> {
  const param = { org, user: shown.id };
  await people.members[":user"].$patch({ param, json: { role }, ...(await overMember(org, shown)) });
}

export async function removeMember(org: string, shown: Member): Promise<void> {
  await people.members[":user"].$delete({ param: { org, user: shown.id }, ...(await overMember(org, shown)) });
}

const { many } = people.invitations;
export type Invited = InferResponseType<typeof many.$post>;

/** Tells what became of each. */
export async function invite(org: string, json: { addresses: string; role: Role }): Promise<Invited> {
  return (await many.$post({ param: { org }, json })).json();
}

export async function sendInvitationAgain(org: string, id: string): Promise<void> {
  await people.invitations[":id"].send.$post({ param: { org, id } });
}

export async function withdrawInvitation(org: string, id: string): Promise<void> {
  await people.invitations[":id"].$delete({ param: { org, id } });
}

const { teams } = client.orgs[":org"];
export type Team = InferResponseType<typeof teams.$get>["teams"][number];

export async function pageTeams(org: string, query: PageQuery) {
  return (await teams.$get({ param: { org }, query })).json();
}

export async function listTeams(org: string): Promise<Team[]> {
  return allOf(
    (query) => pageTeams(org, query),
    ({ teams }) => teams,
  );
}

export async function pageTeamMembers(org: string, id: string, query: PageQuery) {
  return (await teams[":id"].members.$get({ param: { org, id }, query })).json();
}

export async function createTeam(org: string, json: { name: string }): Promise<void> {
  await teams.$post({ param: { org }, json });
}

export async function deleteTeam(org: string, id: string): Promise<void> {
  await teams[":id"].$delete({ param: { org, id } });
}

export async function addToTeam(org: string, id: string, userIds: string[]): Promise<void> {
  await teams[":id"].members.$post({ param: { org, id }, json: { userIds } });
}

export async function removeFromTeam(org: string, id: string, user: string): Promise<void> {
  await teams[":id"].members[":user"].$delete({ param: { org, id, user } });
}

export type Role = Parameters<(typeof people.members)[":user"]["$patch"]>[0]["json"]["role"];
export type Invitation = InferResponseType<typeof people.invitations.$get>["invitations"][number];

export type Session = InferResponseType<typeof client.session.$get>;
export type ConnectorSummary = InferResponseType<typeof connectors.$get>["connectors"][number];
export type Connector = Seen<InferResponseType<(typeof connectors)[":slug"]["$get"]>>;
export type Tool = Connector["tools"][number];
export type Grant = InferResponseType<typeof access.$get>["grants"][number];
export type Token = InferResponseType<typeof access.$get>["tokens"][number];
export type ServiceAccount = InferResponseType<typeof accounts.$get>["accounts"][number];
export type AuditEntry = InferResponseType<typeof audit.$get>["entries"][number];

const { playground } = connectors[":slug"];
export type Offer = InferResponseType<(typeof playground)[":kind"]["$get"]>["items"][number];
export type PlaygroundCall = Parameters<typeof playground.$post>[0]["json"];
export type Called = InferResponseType<typeof playground.$post>;

/** What there is for whoever is signed in. */
export async function listOffers(org: string, slug: string, kind: "tools" | "resources" | "prompts"): Promise<Offer[]> {
  return (await (await playground[":kind"].$get({ param: { org, slug, kind } })).json()).items;
}

export async function callFromPlayground(org: string, slug: string, json: PlaygroundCall): Promise<Called> {
  return (await playground.$post({ param: { org, slug }, json })).json();
}

const nameOf = ({ name }: { name: string }) => name;

/** In the place of the name that is `shown`; `null` is whichever there is. */
export async function renameConnector(org: string, slug: string, name: string, shown: string | null): Promise<void> {
  const unless = await overPart(shown, () => readConnector(org, slug), nameOf);
  await connectors[":slug"].name.$put({ param: { org, slug }, json: { name }, ...unless });
}

/** `confirm` is its slug once more. */
export async function deleteConnector(org: string, { slug, etag }: Connector, confirm: string): Promise<void> {
  await connectors[":slug"].$delete({ param: { org, slug }, json: { confirm }, ...over(etag) });
}

/** The same of the org. */
export async function renameOrg(org: string, name: string, shown: string | null): Promise<void> {
  const address = client.orgs[":org"].name;
  const unless = await overPart(shown, async () => seen(await address.$get({ param: { org } })), nameOf);
  await address.$put({ param: { org }, json: { name }, ...unless });
}

/** `confirm` is its slug once more. */
export async function deleteOrg(org: string, confirm: string): Promise<void> {
  await client.orgs[":org"].$delete({ param: { org }, json: { confirm } });
}

export async function leaveOrg(org: string): Promise<void> {
  await client.orgs[":org"].leave.$post({ param: { org } });
}

/** For operators. */
const platform = hc<PlatformApi>("/api/platform", { fetch: send, headers: () => ({ "x-csrf-token": csrfToken }) });
const orgOfAny = platform.orgs[":org"];

export type CountedOrgs = InferResponseType<typeof platform.orgs.$get>;
export type CountedOrg = CountedOrgs["orgs"][number];
export type OrgOfAny = InferResponseType<typeof orgOfAny.$get>;
export type Plan = InferResponseType<typeof platform.plans.$get>["plans"][number];
export type PlanLimits = Parameters<(typeof platform.plans)[":name"]["$put"]>[0]["json"]["limits"];
export type Health = InferResponseType<typeof platform.health.$get>;

export async function listOrgs(query: { search: string; after: string }): Promise<CountedOrgs> {
  return (await platform.orgs.$get({ query })).json();
}

export async function readOrgOfAny(org: string): Promise<OrgOfAny> {
  return (await orgOfAny.$get({ param: { org } })).json();
}

export async function choosePlan(org: string, plan: string): Promise<void> {
  await orgOfAny.plan.$put({ param: { org }, json: { plan } });
}

export async function suspendOrg(org: string, json: { suspended: boolean; confirm: string }): Promise<void> {
  await orgOfAny.suspension.$put({ param: { org }, json });
}

export async function deleteOrgOfAny(org: string, confirm: string): Promise<void> {
  await orgOfAny.$delete({ param: { org }, json: { confirm } });
}

export async function listPlans(): Promise<Plan[]> {
  return (await (await platform.plans.$get()).json()).plans;
}

export async function savePlan(name: string, limits: PlanLimits): Promise<void> {
  await platform.plans[":name"].$put({ param: { name }, json: { limits } });
}

export async function readHealth(): Promise<Health> {
  return (await platform.health.$get()).json();
}
