import { wordsOf } from "./words.ts";

export const TOOL_NAME_CHARACTERS_MAX = 64;

const VERBS = new Set(
  `accept activate add apply approve archive assign attach authorize begin block book cancel capture change check clear
  clone close complete confirm connect convert copy count create deactivate decline delete deny deploy describe detach
  disable disconnect dismiss download duplicate edit enable end exchange execute export fetch find follow generate get
  give import install invite join kick leave link list lock lookup make mark merge move open patch pause pin post preview
  publish put query read register reject release remove rename render replace request rerun reset resolve restore resume
  retrieve revoke rotate run save schedule search send set share show sign skip star start stop submit subscribe suspend
  sync test track transfer trigger unarchive unassign unblock unfollow uninstall unlink unlock unpin unstar unsubscribe
  unsuspend update upload upsert validate verify view void watch`.split(/\s+/),
);
const OF_MANY = new Set(["list", "search", "find", "query", "count", "export", "import"]);
const PREPOSITION = /^(as|at|by|for|from|in|into|of|on|to|with|without)$/;
const VERB_OF_METHOD: Record<string, string> = {
  get: "get",
  head: "check",
  post: "create",
  put: "replace",
  patch: "update",
  delete: "delete",
};

export interface Nameable {
  method: string;
  path: string;
  operationId: string | undefined;
}

/**
 * A name that reads as an action, one for each operation, in their order: `create_invoice`, at most 64 of `[a-z0-9_]`. Where two
 * would have the same, both are called by the whole of what they are known as.
 */
export function nameTools(operations: readonly Nameable[]): string[] {
  const short = operations.map(shortName);
  const counts = new Map<string, number>();
  for (const name of short) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Set<string>();
  return operations.map((operation, index) => {
    const name = short[index]!;
    return claim(counts.get(name) === 1 ? name : longName(operation), taken);
  });
}

function claim(wanted: string, taken: Set<string>): string {
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? "" : `_${number}`;
    const name = `${cut(wanted, TOOL_NAME_CHARACTERS_MAX - suffix.length)}${suffix}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

function cut(name: string, charactersMax: number): string {
  if (name.length <= charactersMax) return name;
  const start = name.slice(0, charactersMax);
  const word = start.lastIndexOf("_");
  return word > charactersMax / 2 ? start.slice(0, word) : start;
}

function shortName({ operationId, method, path }: Nameable): string {
  const words = wordsOf(operationId ?? "");
  if (words.length === 0 || isGenerated(operationId!)) return nameByPath(method, path);
  if (words.length === 1 || VERBS.has(words[0]!)) return words.join("_");
  const groups = (operationId as string)
    .split(/[/.:]/)
    .map(wordsOf)
    .filter(({ length }) => length > 0);
  if (groups.length > 1) return nameByGroup(groups.slice(0, -1).flat(), groups.at(-1)!);
  const last = words.at(-1)!;
  if (VERBS.has(last)) return [last, ...noun(words.slice(0, -1), last)].join("_");
  return words.join("_");
}

/** Some generators make one of the path, which is read better from the path itself. */
function isGenerated(operationId: string): boolean {
  return operationId.split("/").length > 3;
}

/** `issues/create` is `create_issue`, `issues/list-for-repo` `list_issues_for_repo`, `issues/add-labels` `add_labels`. */
function nameByGroup(group: string[], [verb, ...rest]: string[]): string {
  if (!VERBS.has(verb!)) return [...group, verb, ...rest].join("_");
  if (rest.length === 0) return [verb, ...noun(group, verb!)].join("_");
  if (PREPOSITION.test(rest[0]!)) return [verb, ...noun(group, verb!), ...rest].join("_");
  return [verb, ...rest].join("_");
}

function noun(words: string[], verb: string): string[] {
  return OF_MANY.has(verb) ? words : [...words.slice(0, -1), singular(words.at(-1)!)];
}

function singular(word: string): string {
  if (/(ss|us|is|news|series|sms|dns|aws)$/.test(word) || word.length < 4) return word;
  if (/ies$/.test(word)) return `${word.slice(0, -3)}y`;
  if (/(ses|xes|zes|ches|shes)$/.test(word) && !/(ases|uses|oses|ises|ches)$/.test(word)) return word.slice(0, -2);
  return word.replace(/s$/, "");
}

const IS_VERSION = /^(api|rest|v\d+(\.\d+)*|\d{4}-\d{2}(-\d{2})?)$/i;

function nameByPath(method: string, path: string): string {
  const segments = path.split("/").filter(Boolean);
  const isOfOne = /^\{.*\}$/.test(segments.at(-1) ?? "");
  const statics = segments.filter((segment) => !segment.includes("{") && !IS_VERSION.test(segment));
  const words = statics.slice(-3).flatMap(wordsOf);
  const last = words.at(-1);
  if (last === undefined) return `${VERB_OF_METHOD[method]}_root`;
  if (method === "post" && words.length > 1 && VERBS.has(last))
    return [last, ...noun(words.slice(0, -1), last)].join("_");
  const verb = method === "get" && !isOfOne && /s$/.test(last) ? "list" : VERB_OF_METHOD[method]!;
  return [verb, ...words.slice(0, -1).map(singular), ...noun([last], verb)].join("_");
}

function longName({ operationId, method, path }: Nameable): string {
  const words = wordsOf(operationId ?? "");
  if (words.length > 0) return words.join("_");
  return [method, ...wordsOf(path)].join("_");
}
