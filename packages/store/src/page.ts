/** A part of a list. */
export interface Page {
  /** What names the last row of the part before. */
  after?: string | undefined;
  limit: number;
}
