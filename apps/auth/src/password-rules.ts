import { dictionary } from "@zxcvbn-ts/language-common";

const PASSWORD_CHARACTERS_MIN = 12;
const PASSWORD_CHARACTERS_MAX = 1000;

const WELL_KNOWN = new Set(dictionary["passwords-common"]);
/** Shorter parts of a name or address are in many good passwords. */
const PART_CHARACTERS_MIN = 4;

/** Why nobody should choose this password, in words, or `null` where nothing speaks against it (NIST SP 800-63B §3.1.1.2). */
export function passwordProblem(password: string, { email, name }: { email: string; name: string }): string | null {
  const length = [...password].length;
  if (length < PASSWORD_CHARACTERS_MIN)
    return `Use at least ${PASSWORD_CHARACTERS_MIN} characters: a few words do well`;
  if (length > PASSWORD_CHARACTERS_MAX) return `Use at most ${PASSWORD_CHARACTERS_MAX} characters`;
  const core = coreOf(password);
  if ([...new Set(core)].length < 5) return "Use more different characters";
  if (WELL_KNOWN.has(core) || WELL_KNOWN.has(password.toLowerCase())) {
    return "This is among the passwords that everybody tries first, also with digits or signs after it";
  }
  if (isAbout(core, [email, ...email.split(/[@.+_-]/), name, ...name.split(/\s+/)])) {
    return "Leave your name and email address out of it";
  }
  return null;
}

/** What is left where digits and signs at its ends are taken away, and repetitions. */
function coreOf(password: string): string {
  const lower = password.toLowerCase();
  const trimmed = lower.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "") || lower;
  return /^(.+?)\1+$/u.exec(trimmed)?.[1] ?? trimmed;
}

/** Little is left of it without one of these. */
function isAbout(core: string, parts: string[]): boolean {
  return parts
    .map((part) => part.toLowerCase())
    .some((part) => part.length >= PART_CHARACTERS_MIN && core.includes(part) && core.replaceAll(part, "").length < 6);
}
