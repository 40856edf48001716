import { wordsOf } from "../openapi/words.ts";
import { type Found, partsOf, type RiskTool, type Rule, type SchemaPart, type Subject } from "./subject.ts";

const words = (text: string) => new Set(text.split(/\s+/));
const MONEY = words(
  "pay payment payments charge refund transfer payout withdraw deposit purchase order checkout invoice billing subscription",
);
const PERMISSION = words(
  "permission permissions role roles grant revoke admin owner collaborator invite invitation password token tokens secret secrets key keys credential credentials webhook webhooks policy policies access",
);
const PERSONAL =
  /(^|_)(email|e_mail|phone|mobile|fax|ssn|social_security|national_id|passport|tax_(number|id)|birth(day|date)?|date_of_birth|dob|gender|ethnicity|religion|address|street|postal_code|zip|iban|bank_account|account_number|card_number|cvv|first_name|last_name|full_name|salary|diagnosis|ip_address|latitude|longitude)(_|$)/;
const FREE_FORM =
  /(^|_)(url|uri|href|webhook|callback|endpoint|host|query|sql|statement|filter_expression|expression|formula|jql|cql|soql|graphql|command|cmd|shell|script|code|eval|template|path|file_path|filename|html)(_|$)/;
const PAGING = /page|limit|per_|size|count|first|last|top|take|offset|cursor|after|max/i;

const offered = ({ tools }: Subject) => tools.filter((tool) => tool.offered);
const isWrite = ({ classification }: RiskTool) => classification !== "read";
const snake = (name: string) => wordsOf(name).join("_");

function toolsWhere(subject: Subject, test: (tool: RiskTool) => string | null): Found[] {
  return offered(subject).flatMap((tool) => {
    const detail = test(tool);
    return detail === null ? [] : [{ tool: tool.name, pointer: "/name", detail }];
  });
}

function partsWhere(
  subject: Subject,
  member: "inputSchema" | "outputSchema",
  test: (part: SchemaPart) => string | null,
): Found[] {
  return offered(subject).flatMap((tool) =>
    partsOf(tool[member], `/${member}`).flatMap((part) => {
      const detail = test(part);
      return detail === null ? [] : [{ tool: tool.name, pointer: part.pointer, detail }];
    }),
  );
}

function isFreeText({ schema }: SchemaPart): boolean {
  const types = ([] as unknown[]).concat(schema.type ?? []);
  return types.includes("string") && !schema.enum && schema.const === undefined && !schema.pattern;
}

/** What the offered tools can do, and what passes through them. */
export const RULES_OF_EFFECT: Rule[] = [
  {
    id: "write-offered",
    severity: "medium",
    title: "A tool that changes something is offered",
    why: "A model that misunderstands, or is misled by what it reads, changes data in a member's name.",
    todo: "Offer it only to those who need it, have a person approve it, or take it out.",
    points: 2,
    pointsMax: 16,
    find: (subject) =>
      toolsWhere(subject, (tool) =>
        isWrite(tool) && !tool.annotations?.destructiveHint
          ? tool.classification === null
            ? "is not classified, and counts as a write"
            : "is a write"
          : null,
      ),
  },
  {
    id: "destructive-offered",
    severity: "high",
    title: "A tool that deletes or overwrites is offered",
    why: "What it does may not be undone.",
    todo: "Take it out, or have a person approve each call.",
    points: 5,
    pointsMax: 25,
    find: (subject) =>
      toolsWhere(subject, (tool) =>
        isWrite(tool) && tool.annotations?.destructiveHint ? "deletes or overwrites" : null,
      ),
  },
  {
    id: "money",
    severity: "high",
    title: "A tool that moves money is offered",
    why: "A mistaken or repeated call costs money.",
    todo: "Have a person approve it; pin the account or an upper bound where the tool has one.",
    points: 5,
    pointsMax: 20,
    find: (subject) =>
      toolsWhere(subject, (tool) => {
        const word = isWrite(tool) ? wordsOf(tool.name).find((one) => MONEY.has(one)) : undefined;
        return word === undefined ? null : `is a write, and its name says “${word}”`;
      }),
  },
  {
    id: "permissions",
    severity: "high",
    title: "A tool that changes who may do what is offered",
    why: "It can open the upstream to others, for good.",
    todo: "Take it out, or leave it to admins.",
    points: 4,
    pointsMax: 20,
    find: (subject) =>
      toolsWhere(subject, (tool) => {
        const word = isWrite(tool) ? wordsOf(tool.name).find((one) => PERMISSION.has(one)) : undefined;
        return word === undefined ? null : `is a write, and its name says “${word}”`;
      }),
  },
  {
    id: "personal-data-in",
    severity: "low",
    title: "An argument takes personal data",
    why: "What a member's model knows of people is sent to the upstream.",
    todo: "Hide the argument, or pin it to the member's own.",
    points: 1,
    pointsMax: 6,
    find: (subject) => partsWhere(subject, "inputSchema", personal),
  },
  {
    id: "personal-data-out",
    severity: "medium",
    title: "An answer holds personal data",
    why: "It reaches the member's client, and whoever runs the model.",
    todo: "Drop the field from the answer where the tool does not need it.",
    points: 1,
    pointsMax: 10,
    find: (subject) => partsWhere(subject, "outputSchema", personal),
  },
  {
    id: "free-form-argument",
    severity: "medium",
    title: "An argument is a URL, a query or a command, and anything fits",
    why: "What the upstream does with it is decided by the model, and by what the model has read.",
    todo: "Pin the argument, hide it, or see that the upstream checks it.",
    points: 2,
    pointsMax: 12,
    find: (subject) =>
      partsWhere(subject, "inputSchema", (part) => {
        if (!isFreeText(part)) return null;
        const isUrl = /^(uri|url|iri)/.test(String(part.schema.format ?? ""));
        return isUrl || FREE_FORM.test(snake(part.name)) ? `“${part.name}” takes any text` : null;
      }),
  },
  {
    id: "unbounded-list",
    severity: "low",
    title: "A list has no argument that bounds it",
    why: "Long answers fill the model's context, and are cut.",
    todo: "Drop fields from the answer, or offer a search instead.",
    points: 1,
    pointsMax: 5,
    find: (subject) =>
      toolsWhere(subject, (tool) => {
        const isList = /^(list|search|find|query|export)$/.test(wordsOf(tool.name)[0] ?? "");
        const names = partsOf(tool.inputSchema, "").map(({ name }) => name);
        return isList && !names.some((name) => PAGING.test(name)) ? "lists without a limit or a page" : null;
      }),
  },
];

function personal({ name, schema }: SchemaPart): string | null {
  const isEmail = /^(email|idn-email)$/.test(String(schema.format ?? ""));
  return isEmail || PERSONAL.test(snake(name)) ? `“${name}” is, or may be, a person's` : null;
}
