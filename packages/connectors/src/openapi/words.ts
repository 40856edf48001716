/** Text of a description as a model is to read it: plain, in one line, cut at the end of a sentence where there is one. */
export function plain(text: unknown, charactersMax: number): string {
  if (typeof text !== "string") return "";
  const line = text
    .slice(0, 20 * charactersMax)
    .replace(/<[^<>]{0,200}>/g, " ")
    .replace(/!?\[([^\]]{0,300})\]\([^)]{0,500}\)/g, "$1")
    .replace(/[*_`#>]{2,}|^[#>\s]+/gm, " ")
    .replace(/\s+/g, " ")
    .trim();
  return cut(line, charactersMax);
}

function cut(line: string, charactersMax: number): string {
  if (line.length <= charactersMax) return line;
  const start = line.slice(0, charactersMax);
  const sentence = start.lastIndexOf(". ");
  if (sentence > charactersMax / 2) return start.slice(0, sentence + 1);
  return `${start.slice(0, start.lastIndexOf(" ")).trimEnd()}…`;
}

/** `ListPetsByOwner`, `list-pets_by.owner` and `pets/list` in lower case, word by word. */
export function wordsOf(name: string): string[] {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .split(/[^a-zA-Z0-9]+/)
    .filter(Boolean)
    .map((word) => word.toLowerCase());
}
