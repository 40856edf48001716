/** What was read, and what names it as it was then. */
export type Seen<Read> = Read & { etag: string };

export async function seen<Read>(response: { json: () => Promise<Read>; headers: Headers }): Promise<Seen<Read>> {
  return { ...(await response.json()), etag: response.headers.get("etag") ?? "" };
}

/** A change that is refused where something else is there by now; `null` is over whatever there is. */
export const over = (etag: string | null) => (etag === null ? {} : { header: { "if-match": etag } });

/** No ETag is like this one, so that the answer is a refusal, with who was faster. */
const STALE = '"as it was shown"';
const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/**
 * For a change of what is a part of what is read: it is refused where that part is another now than it was `shown`, and not for what
 * others have changed beside it. `null` is over whatever there is.
 */
export async function overPart<Read>(
  shown: object | string | null,
  read: () => Promise<Seen<Read>>,
  partOf: (read: Read) => unknown,
): Promise<ReturnType<typeof over>> {
  if (shown === null) return over(null);
  const now = await read();
  return over(isSame(partOf(now), shown) ? now.etag : STALE);
}

export const nameOf = ({ name }: { name: string }) => name;
