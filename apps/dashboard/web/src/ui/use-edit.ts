import { useState } from "react";

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/**
 * What somebody makes of what was read. It follows what is read until they change something; then it stands, with the `base`
 * that it was made of, so that saving it says when somebody else was faster.
 */
export function useEdit<Read, Fields>(read: Read, toFields: (read: Read) => Fields) {
  const [{ base, fields }, set] = useState(() => ({ base: read, fields: toFields(read) }));
  const isChanged = !isSame(fields, toFields(base));
  const isSettled = !isChanged || isSame(fields, toFields(read));
  if (base !== read && isSettled) set({ base: read, fields: toFields(read) });
  return {
    ...{ fields, isChanged, base },
    setFields: (fields: Fields) => set({ base, fields }),
    /** Gives up what was changed. */
    reset: () => set(({ base }) => ({ base, fields: toFields(base) })),
  };
}
