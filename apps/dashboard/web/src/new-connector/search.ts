/** Where a connector comes from, as the address says. */
export interface Source {
  from?: "catalogue" | "mcp" | "api";
  /** The id of one in the catalogue. */
  server?: string;
}

export function readSource({ from, server }: Record<string, unknown>): Source {
  if (typeof server === "string") return { server };
  return from === "catalogue" || from === "mcp" || from === "api" ? { from } : {};
}
