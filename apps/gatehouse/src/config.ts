import { BlockList, isIP } from "node:net";
import { resolve } from "node:path";
import { entryProblem } from "@gatehouse/egress/allowance";
import { Fault } from "@gatehouse/faults";
import { KNOWN_SERVICES } from "@gatehouse/oauth/client/known-services";
import type { OperatorClients } from "@gatehouse/oauth/client/operator-clients";
import { parseMasterKey } from "@gatehouse/vault/master-key";
import { z } from "zod";
import { readFiles } from "./read-files.ts";

const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** `arn:aws:kms:{region}:{account}:key/{id}` */
const KMS_KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/;

const MAIL_FROM = /^([^<>\r\n]*<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+)$/;

const EnvironmentVariables = z
  .object({
    HOST: z.string().default("127.0.0.1"),
    PORT: z.coerce.number("must be a number").int().min(0).max(65_535).default(8080),
    PUBLIC_URL: z.string().transform(parsePublicOrigin).optional(),
    GATEHOUSE_DATA_DIR: z.string().default(".gatehouse"),
    DATABASE_URL: z
      .url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// URL" })
      .refine((url) => new URL(url).pathname.length > 1, "must name a database: postgres://user:password@host/database")
      .optional(),
    DATABASE_PASSWORD: z.string().optional(),
    REDIS_URL: z.url({ protocol: /^rediss?$/, error: "must be a redis:// or rediss:// URL" }).optional(),
    TRUSTED_PROXIES: z.string().default("").transform(parseAddresses),
    GATEHOUSE_SIGNUP: z
      .enum(["open", "invite", "closed"], { error: "must be one of open, invite, closed" })
      .default("invite"),
    SMTP_URL: z
      .url({ protocol: /^smtps?$/, error: "must be an smtp:// or smtps:// URL: smtps://user:password@host:465" })
      .optional(),
    MAIL_FROM: z
      .string()
      .refine((from) => MAIL_FROM.test(from), "must be an address, or a name and an address: Acme <mcp@acme.example>")
      .optional(),
    GATEHOUSE_OWNER_EMAIL: z.email("must be an email address").optional(),
    GATEHOUSE_OWNER_PASSWORD: z.string().min(12, "must have at least 12 characters").optional(),
    GATEHOUSE_MASTER_KEY: z.string().transform(parseMasterKeyPlace).optional(),
    GATEHOUSE_MASTER_KEY_OTHER: z.string().transform(parseMasterKeyPlace).optional(),
    GATEHOUSE_DEPLOYMENT_SECRET: z
      .string()
      .trim()
      .regex(/^\S+\.[\w-]{40,}$/, "must be what `gatehouse keys secret` printed")
      .optional(),
    GATEHOUSE_EGRESS_ALLOW: z.string().default("").transform(parseAllowance),
    GATEHOUSE_EGRESS_PROXY: z.string().transform(parseProxy).optional(),
    GATEHOUSE_OAUTH_CLIENTS: z.string().default("{}").transform(parseOperatorClients),
    GATEHOUSE_ISSUER_CONNECT_URL: z.string().transform(parseOrigin).optional(),
    GATEHOUSE_GATEWAY_CONNECT_URL: z.string().transform(parseOrigin).optional(),
    GATEHOUSE_INTERNAL_HOST: z.string().default("127.0.0.1"),
    GATEHOUSE_INTERNAL_PORT: z.coerce.number("must be a number").int().min(0).max(65_535).default(0),
    GATEHOUSE_AUDIT_HEADS: z.string().transform(parseHeadsPlace).optional(),
    GATEHOUSE_DEPLOYMENT_AUDIT_DAYS: z.coerce.number("must be a number").int().min(30, "must be 30 or more").optional(),
    METRICS_HOST: z.string().optional(),
    METRICS_PORT: z.coerce.number("must be a number").int().min(0).max(65_535).optional(),
    GATEHOUSE_DRAIN_MS: z.coerce.number("must be a number").int().min(0).max(120_000).default(0),
    GATEHOUSE_TRACE_SLOW_MS: z.coerce.number("must be a number").int().positive().default(2000),
    GATEHOUSE_LOG_LEVEL: z
      .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
        error: "must be one of trace, debug, info, warn, error, fatal, silent",
      })
      .optional(),
  })
  .superRefine((variables, context) => {
    if (!variables.PUBLIC_URL || isLoopback(variables.PUBLIC_URL) || variables.GATEHOUSE_MASTER_KEY) return;
    const message = "must be given where PUBLIC_URL is not on localhost (32 random bytes: openssl rand -base64 32)";
    context.addIssue({ code: "custom", path: ["GATEHOUSE_MASTER_KEY"], message });
  });

/** Here, or in AWS KMS. */
export type MasterKeyPlace = { bytes: Buffer } | { arn: string };

export interface Config {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** The origin that people and clients use; without one, `http://localhost` and the port. */
  publicUrl: URL | undefined;
  dataDirectory: string;
  /** Without one, a Postgres of our own in the data directory. */
  databaseUrl: string | undefined;
  /** Without one, what replicas share is in memory, and there can be one replica only. */
  redisUrl: string | undefined;
  /** Whose word counts for where a request comes from. */
  trustedProxies: BlockList;
  /** Who may make an account and an org: everybody, who is invited, or nobody any more. */
  signup: "open" | "invite" | "closed";
  /** Without one, mail is shown in the terminal on localhost, and elsewhere not sent. */
  smtpUrl: string | undefined;
  mailFrom: string | undefined;
  ownerEmail: string | undefined;
  ownerPassword: string | undefined;
  masterKey: MasterKeyPlace | undefined;
  /** The next one, or the one before: what is under it can be opened too. */
  otherMasterKey: MasterKeyPlace | undefined;
  /** Wrapped with a master key. */
  deploymentSecret: string | undefined;
  /** Hosts and CIDR blocks, with or without a port. */
  egressAllow: string[];
  /** Through which everything leaves. */
  egressProxy: URL | undefined;
  /** OAuth clients at known services, for all orgs. */
  operatorClients: OperatorClients;
  /** Where the dashboard reaches the authorization server, when that is another process. */
  issuerConnectUrl: URL | undefined;
  /** Where it reaches a gateway; at the public URL, where nothing is said and that is another process. */
  gatewayConnectUrl: URL | undefined;
  /** Where other replicas reach this gateway. All addresses: the first of them that is not this machine's alone. */
  internalHost: string;
  /** 0 lets the system choose. */
  internalPort: number;
  /** Where the signed heads of the audit log are written besides the database. */
  auditHeads: URL | undefined;
  /** For how long the deployment's own audit log is kept; for good, where nothing is said. */
  deploymentAuditDays: number | undefined;
  /** For Prometheus, and for whoever asks what is wrong; nothing is served where there is none. */
  metrics: { host: string; port: number } | undefined;
  /** Between saying that it is not ready and taking nothing new. */
  drainMs: number;
  /** Exchanges that take longer are traced, sampled or not. */
  traceSlowMs: number;
  logLevel: string | undefined;
}

export const VARIABLES: readonly string[] = Object.keys(EnvironmentVariables.shape);

/** Throws `invalid_fields`, with every variable that is wrong. An empty variable counts as none. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const named = readFiles(environment, VARIABLES);
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== ""));
  const parsed = EnvironmentVariables.safeParse(given);
  if (!parsed.success) throw new Fault("invalid_fields", `${sentenceOf(parsed.error)}.`);
  const variables = parsed.data;
  return {
    host: variables.HOST,
    port: variables.PORT,
    publicUrl: variables.PUBLIC_URL,
    dataDirectory: resolve(variables.GATEHOUSE_DATA_DIR),
    databaseUrl: withPassword(variables.DATABASE_URL, variables.DATABASE_PASSWORD),
    redisUrl: variables.REDIS_URL,
    trustedProxies: variables.TRUSTED_PROXIES,
    signup: variables.GATEHOUSE_SIGNUP,
    smtpUrl: variables.SMTP_URL,
    mailFrom: variables.MAIL_FROM,
    ownerEmail: variables.GATEHOUSE_OWNER_EMAIL,
    ownerPassword: variables.GATEHOUSE_OWNER_PASSWORD,
    masterKey: variables.GATEHOUSE_MASTER_KEY,
    otherMasterKey: variables.GATEHOUSE_MASTER_KEY_OTHER,
    deploymentSecret: variables.GATEHOUSE_DEPLOYMENT_SECRET,
    egressAllow: variables.GATEHOUSE_EGRESS_ALLOW,
    egressProxy: variables.GATEHOUSE_EGRESS_PROXY,
    operatorClients: variables.GATEHOUSE_OAUTH_CLIENTS,
    issuerConnectUrl: variables.GATEHOUSE_ISSUER_CONNECT_URL,
    gatewayConnectUrl: variables.GATEHOUSE_GATEWAY_CONNECT_URL,
    internalHost: variables.GATEHOUSE_INTERNAL_HOST,
    internalPort: variables.GATEHOUSE_INTERNAL_PORT,
    auditHeads: variables.GATEHOUSE_AUDIT_HEADS,
    deploymentAuditDays: variables.GATEHOUSE_DEPLOYMENT_AUDIT_DAYS,
    metrics:
      variables.METRICS_PORT === undefined
        ? undefined
        : { host: variables.METRICS_HOST ?? variables.HOST, port: variables.METRICS_PORT },
    drainMs: variables.GATEHOUSE_DRAIN_MS,
    traceSlowMs: variables.GATEHOUSE_TRACE_SLOW_MS,
    logLevel: variables.GATEHOUSE_LOG_LEVEL,
  };
}

export function isLoopback(url: URL): boolean {
  return LOOPBACK_HOSTS.has(url.hostname);
}

function sentenceOf(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; ");
}

/** A password that is kept apart from the address that it is for. */
function withPassword(databaseUrl: string | undefined, password: string | undefined): string | undefined {
  if (!databaseUrl || !password) return databaseUrl;
  const url = new URL(databaseUrl);
  url.password = encodeURIComponent(password);
  return url.href;
}

function parseOrigin(text: string, context: z.RefinementCtx): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) return reject(context, "must be an https:// or http:// URL");
  if (url.href !== `${url.origin}/`) return reject(context, `must be an origin without path, such as ${url.origin}`);
  return url;
}

function parsePublicOrigin(text: string, context: z.RefinementCtx): URL {
  const url = parseOrigin(text, context);
  if (url?.protocol === "http:" && !isLoopback(url))
    return reject(context, "must be https where it is not on localhost");
  return url;
}

function parseMasterKeyPlace(text: string, context: z.RefinementCtx): MasterKeyPlace {
  const [scheme, arn] = text
    .trim()
    .split(/^(aws-kms):/)
    .slice(1);
  if (scheme && arn)
    return KMS_KEY_ARN.test(arn) ? { arn } : reject(context, "must name a key by its ARN: aws-kms:arn:…");
  const bytes = parseMasterKey(text);
  return bytes ? { bytes } : reject(context, "must be 32 bytes in base64, or aws-kms: and the ARN of a key");
}

function parseAllowance(text: string, context: z.RefinementCtx): string[] {
  const entries = text.split(",").map((entry) => entry.trim().toLowerCase());
  for (const entry of entries) {
    const problem = entry ? entryProblem(entry) : null;
    if (problem)
      return reject(context, `must be hosts and CIDR blocks, separated by commas, and “${entry}” ${problem}`);
  }
  return entries.filter(Boolean);
}

/** Addresses and CIDR blocks, separated by commas. */
function parseAddresses(text: string, context: z.RefinementCtx): BlockList {
  const list = new BlockList();
  for (const block of text.split(",").map((part) => part.trim())) {
    if (!block) continue;
    const [address = "", prefix] = block.split("/");
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
    if (!version || !Number.isInteger(bits) || bits < 0 || bits > (version === 4 ? 32 : 128)) {
      return reject(context, `must be addresses or CIDR blocks, separated by commas, and “${block}” is neither`);
    }
    list.addSubnet(address, bits, version === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

const OperatorClient = z.object({ clientId: z.string().min(1), clientSecret: z.string().min(1) });

function parseOperatorClients(text: string, context: z.RefinementCtx): OperatorClients {
  try {
    return z
      .partialRecord(z.enum(Object.keys(KNOWN_SERVICES)), OperatorClient)
      .parse(JSON.parse(text)) as OperatorClients;
  } catch {
    const names = Object.keys(KNOWN_SERVICES).join(", ");
    return reject(context, `must be JSON: {"github": {"clientId": "…", "clientSecret": "…"}}, for ${names}`);
  }
}

const HEADS_PLACE =
  "must be file:///path, or s3://bucket/prefix?region=eu-central-1 (&endpoint=https://… where it is not AWS)";

function parseHeadsPlace(text: string, context: z.RefinementCtx): URL {
  const url = URL.parse(text);
  if (url?.protocol === "file:" && url.host === "") return url;
  const endpoint = url?.searchParams.get("endpoint");
  const isBucket = url?.protocol === "s3:" && url.host !== "" && Boolean(url.searchParams.get("region"));
  if (isBucket && (!endpoint || /^https?:\/\//.test(endpoint))) return url;
  return reject(context, HEADS_PLACE);
}

function parseProxy(text: string, context: z.RefinementCtx): URL {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.pathname === "/" && !url.search) return url;
  return reject(context, "must be the http:// or https:// URL of a proxy");
}

function reject(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: "custom", message });
  return z.NEVER;
}
