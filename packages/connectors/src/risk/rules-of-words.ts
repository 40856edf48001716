import { type Found, partsOf, type Rule, type Subject } from "./subject.ts";

interface Text {
  tool: string;
  pointer: string;
  text: string;
}

/** Everything that a model reads of the offered tools. */
function textsOf({ tools }: Subject): Text[] {
  const texts = tools
    .filter(({ offered }) => offered)
    .flatMap((tool) => {
      const own = (["name", "title", "description"] as const).flatMap((member) => {
        const text = tool[member];
        return typeof text === "string" ? [{ tool: tool.name, pointer: `/${member}`, text }] : [];
      });
      const parts = [...partsOf(tool.inputSchema, "/inputSchema"), ...partsOf(tool.outputSchema, "/outputSchema")];
      const described = parts.flatMap(({ name, pointer, schema: { description } }) => [
        { tool: tool.name, pointer, text: name },
        ...(typeof description === "string"
          ? [{ tool: tool.name, pointer: `${pointer}/description`, text: description }]
          : []),
      ]);
      return [...own, ...described];
    });
  return texts.map(({ text, ...place }) => ({ ...place, text: text.slice(0, TEXT_CHARACTERS_MAX) }));
}

function textsWhere(subject: Subject, test: (text: Text) => string | null): Found[] {
  return textsOf(subject).flatMap((text) => {
    const detail = test(text);
    return detail === null ? [] : [{ tool: text.tool, pointer: text.pointer, detail }];
  });
}

const INSTRUCTIONS: [RegExp, string][] = [
  [
    /\b(ignore|disregard|forget|override)\b.{0,40}\b(previous|prior|above|earlier|other|all|system)\b.{0,20}\b(instruction|prompt|rule|message|tool)/i,
    "tells the model to ignore what it was told",
  ],
  [
    /\b(do not|don't|never|without)\b.{0,30}\b(tell|mention|inform|notify|show|reveal|telling|informing|asking)\b.{0,30}\b(user|person|human|anyone|them)\b/i,
    "tells the model to keep something from the person",
  ],
  [
    /<\/?(important|system|instructions?|secret|hidden|admin|assistant|prompt)\b[^>]{0,80}>/i,
    "has a tag that poses as an instruction",
  ],
  [/<!--/, "has a comment that people do not see"],
  [/\b(system prompt|developer message|jailbreak|you are now)\b/i, "speaks of the model's own prompt"],
  [
    /\b(before|after|instead of|when(ever)?|each time)\b.{0,20}\b(using|calling|call|use|invoking|running)\b.{0,30}\b(this|any|other|another|every)\b.{0,10}\btool/i,
    "tells the model what to do around other calls",
  ],
  [
    /\b(read|send|include|attach|append|pass|forward|upload)\b.{0,60}(~\/|\.ssh|\.env\b|id_rsa|\/etc\/passwd|conversation history|chat history)/i,
    "asks for what it has no use for",
  ],
  [/[A-Za-z0-9+/]{120,}={0,2}/, "holds a long encoded text"],
];

/** What is drawn as nothing: joiners, marks that turn the direction, tags (U+E0000…); but not what makes an emoji one. */
const INVISIBLE = /(?!\ufe0f)\p{Default_Ignorable_Code_Point}/u;
const CONTROL = /(?![\t\n\r])\p{Cc}/u;
const LATIN = /\p{Script=Latin}/u;
const LIKE_LATIN = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u;
const TEXT_CHARACTERS_MAX = 20_000;

/** What the offered tools say to a model. */
export const RULES_OF_WORDS: Rule[] = [
  {
    id: "hidden-instructions",
    severity: "high",
    title: "A description gives the model instructions",
    why: "A description is read as if you had written it. This one says more than what the tool does.",
    todo: "Write a description of your own, or do not offer the tool.",
    points: 20,
    pointsMax: 60,
    find: (subject) =>
      textsWhere(subject, ({ text }) => INSTRUCTIONS.find(([expression]) => expression.test(text))?.[1] ?? null),
  },
  {
    id: "invisible-characters",
    severity: "high",
    title: "A text has characters that nobody sees",
    why: "A model reads them, a person who reviews the tool does not.",
    todo: "Write the text anew, and ask the upstream's maker what they are for.",
    points: 15,
    pointsMax: 40,
    find: (subject) =>
      textsWhere(subject, ({ text }) => {
        const [character] = INVISIBLE.exec(text) ?? CONTROL.exec(text) ?? [];
        return character === undefined
          ? null
          : `has U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
      }),
  },
  {
    id: "look-alike-characters",
    severity: "high",
    title: "A word mixes letters that look alike",
    why: "It reads as another word than it is.",
    todo: "Rename it, and ask the upstream's maker.",
    points: 15,
    pointsMax: 40,
    find: (subject) =>
      textsWhere(subject, ({ text }) => {
        const mixed = text.match(/\p{L}{2,}/gu)?.find((word) => LATIN.test(word) && LIKE_LATIN.test(word));
        return mixed === undefined ? null : `“${mixed}” mixes alphabets`;
      }),
  },
  {
    id: "shadowed-name",
    severity: "medium",
    title: "A tool is called like one of another connector",
    why: "The model may take one for the other.",
    todo: "Rename one of the two.",
    points: 4,
    pointsMax: 16,
    find: ({ tools, others }) => {
      const known = new Map([...others].map(([name, connector]) => [plainName(name), { name, connector }]));
      return tools.flatMap((tool) => {
        const other = tool.offered ? known.get(plainName(tool.name)) : undefined;
        return other
          ? [{ tool: tool.name, pointer: "/name", detail: `is like ${other.name} of ${other.connector}` }]
          : [];
      });
    },
  },
  {
    id: "mentions-other-tool",
    severity: "high",
    title: "A description speaks of another connector's tool",
    why: "It may lead the model to use that tool otherwise than its owner meant.",
    todo: "Write a description of your own.",
    points: 10,
    pointsMax: 30,
    find: (subject) =>
      textsWhere(subject, ({ text, pointer }) => {
        if (!pointer.endsWith("/description")) return null;
        const name = [...subject.others.keys()].find(
          (other) => other.length > 6 && /_|-/.test(other) && text.includes(other),
        );
        return name === undefined ? null : `names ${name}`;
      }),
  },
  {
    id: "no-description",
    severity: "low",
    title: "A tool has no description",
    why: "The model guesses by its name what it does.",
    todo: "Write one: what it does, when to use it, what it answers.",
    points: 1,
    pointsMax: 6,
    find: ({ tools }) =>
      tools.flatMap(({ name, offered, description = "" }) =>
        offered && description.trim().length < 10
          ? [{ tool: name, pointer: "/description", detail: "says next to nothing" }]
          : [],
      ),
  },
  {
    id: "untyped-argument",
    severity: "low",
    title: "An argument has no type",
    why: "Anything is let through to the upstream.",
    todo: "Pin or hide the argument, or have the API's description say what it is.",
    points: 1,
    pointsMax: 6,
    find: ({ tools }) =>
      tools
        .filter(({ offered }) => offered)
        .flatMap((tool) =>
          partsOf(tool.inputSchema, "/inputSchema").flatMap(({ name, pointer, schema }) =>
            SAYS_TYPE.some((key) => schema[key] !== undefined)
              ? []
              : [{ tool: tool.name, pointer, detail: `“${name}” may be anything` }],
          ),
        ),
  },
];

const SAYS_TYPE = ["type", "enum", "const", "$ref", "allOf", "anyOf", "oneOf"];
const plainName = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
