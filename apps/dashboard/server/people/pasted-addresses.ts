import { z } from "zod";

export const EmailField = z
  .string("Enter an email address")
  .trim()
  .toLowerCase()
  .max(254, "Use at most 254 characters")
  .pipe(z.email("Enter a whole email address, such as ada@example.com"));

/** One entry of what was pasted; `email` is `null` where it is none. */
export interface Pasted {
  entry: string;
  email: string | null;
}

/** Addresses as mail programs, tables and people write them: with or without names, and however they are separated. */
export function pastedAddresses(text: string): Pasted[] {
  const bare = text.replace(/"[^"\n]*"/g, " ").replace(/[<>()[\]]|mailto:/gi, " ");
  return bare
    .split(/[\n\r\t,;]+/)
    .flatMap(entriesOf)
    .map(toPasted);
}

/** The words that may be addresses; where none may be, all of it together is one entry. */
function entriesOf(piece: string): string[] {
  const words = piece.split(/\s+/).filter(Boolean);
  const addresses = words.filter((word) => word.includes("@"));
  if (addresses.length > 0) return addresses;
  return words.length > 0 ? [words.join(" ")] : [];
}

function toPasted(entry: string): Pasted {
  const { data: email = null } = EmailField.safeParse(entry);
  return { entry: entry.slice(0, 254), email };
}
