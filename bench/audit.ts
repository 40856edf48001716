import { writePart } from "./reliability.ts";
import { type Survived, survive } from "./remembering.ts";

// No answer without a record, whatever is killed. Fails where one is missing.

const KILLS = { gateway: 50, postgres: 10 };

const gateway = await survive({ what: "gateway", times: KILLS.gateway });
const postgres = await survive({ what: "postgres", times: KILLS.postgres });
const runs: [string, Survived][] = [
  [`the gateway, kill -9, ${KILLS.gateway} times`, gateway],
  [`Postgres, kill -9 and started again, ${KILLS.postgres} times`, postgres],
];

const rowOf = ([what, { answered, writesUpstream, unknown, refused, rows, missing, finding }]: [string, Survived]) =>
  `| ${what} | ${answered} | ${writesUpstream} | ${unknown} | ${refused} | ${rows} | ${missing.length} | ${finding ?? "whole"} |`;

const text = `
\`npm run proof audit\` calls reads and writes in turn, 16 at once, while the gateway or its Postgres is killed at moments nobody chose, and
started again. The client remembers every answer that it saw whole, and the upstream every call that reached it. Then the audit log is compared:
an answer that was seen has a row that says how it ended, and a write that reached the upstream has at least the row that it was tried.
What was cut off between the two reads \`unknown\`. Refused are calls that were answered 503 while nothing could be recorded.

| what was killed | answers seen | writes upstream | unknown | refused | rows | missing | the chain |
|---|---|---|---|---|---|---|---|
${runs.map(rowOf).join("\n")}
`;
await writePart("What is on record after a crash", text);
console.log(text);
for (const [what, { missing, finding }] of runs) {
  if (missing.length > 0 || finding) throw new Error(`${what}: ${missing.length} missing; ${finding ?? "chain whole"}`);
}
