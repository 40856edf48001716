/** A part of a list. */
export interface Page {
  /** What names the last row of the part before. */
  after?: string | undefined;
  limit: number;
}

/** For `ilike`: what has this text in it, whatever stands in the text. */
export const within = (text: string): string => `%${text.replace(/[\\%_]/g, "\\$&")}%`;
