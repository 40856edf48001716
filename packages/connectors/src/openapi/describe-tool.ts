import type { Method } from "../http/binding.ts";
import { plain } from "./words.ts";

const DESCRIPTION_CHARACTERS_MAX = 600;
const RETURNS_CHARACTERS_MAX = 160;
/** What generators write where nobody has written anything. */
const SAYS_NOTHING =
  /^(ok|success(ful)?( (response|operation|request))?|default response|response|created|accepted|no content|a successful response|successful)?\.?$/i;

export interface Describable {
  method: Method;
  path: string;
  summary: unknown;
  description: unknown;
  /** Of the answer that means success. */
  returns: unknown;
  deprecated: boolean;
}

/** What a model chooses by: what the operation does, and what it answers with. */
export function describeTool({ method, path, summary, description, returns, deprecated }: Describable): string {
  const short = sentence(plain(summary, 200));
  const long = sentence(plain(description, DESCRIPTION_CHARACTERS_MAX));
  const does = long.toLowerCase().startsWith(short.replace(/\.$/, "").toLowerCase()) ? long : `${short} ${long}`.trim();
  const returned = plain(returns, RETURNS_CHARACTERS_MAX);
  const parts = [
    deprecated ? "Deprecated." : "",
    does || `${method.toUpperCase()} ${path}.`,
    SAYS_NOTHING.test(returned) || does.includes(returned) ? "" : `Returns: ${sentence(returned)}`,
  ];
  return parts.filter(Boolean).join(" ");
}

function sentence(text: string): string {
  return text === "" || /[.!?…:]$/.test(text) ? text : `${text}.`;
}
