import { type Era, LEGACY_VERSIONS, MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { insertAudit } from "@gatehouse/store/audit";
import { type Connector, updateEras } from "@gatehouse/store/connectors";
import type { OrgScope } from "@gatehouse/store/database";
import type { User } from "@gatehouse/store/users";
import { z } from "zod";

export const EraDecision = z
  .object({
    upstreamEra: z.enum(["auto", "legacy", "modern"]).optional(),
    clientEras: z.enum(["both", "legacy"]).optional(),
  })
  .refine((decision) => Object.values(decision).some((value) => value !== undefined), {
    message: "Say what is to change: upstreamEra, clientEras, or both",
  });

/** What the owner says of either edge of a connector that is locked. With `auto`, what was last said stands until it is probed. */
export async function pinEras(
  scope: OrgScope,
  user: User,
  connector: Connector,
  { upstreamEra, clientEras = connector.clientEras }: z.output<typeof EraDecision>,
): Promise<void> {
  const before = erasOf(connector);
  const upstream = upstreamEra === undefined ? connector : pinned(connector, upstreamEra);
  const after = { ...upstream, clientEras };
  await updateEras(scope, connector.id, after);
  await insertAudit(scope, {
    ...{ event: "connector.changed", outcome: "ok", userId: user.id, connectorId: connector.id },
    entry: { before, after: erasOf(after) },
  });
}

/** In the words of `EraDecision`. */
export function erasOf({
  upstreamEraPinned,
  era,
  clientEras,
}: Pick<Connector, "upstreamEraPinned" | "era" | "clientEras">) {
  return { upstreamEra: upstreamEraPinned ? era : ("auto" as const), clientEras };
}

/** What is taken for granted of an era until the upstream shows it; the modern one has but one transport. */
const UNSEEN = {
  legacy: { protocolVersion: LEGACY_VERSIONS[0]! },
  modern: { protocolVersion: MODERN_VERSIONS[0]!, transport: "streamable-http" },
} as const;

function pinned({ era, transport, protocolVersion }: Connector, upstreamEra: "auto" | Era) {
  const seen = { era, transport, protocolVersion };
  if (upstreamEra === "auto") return { ...seen, upstreamEraPinned: false };
  if (upstreamEra === era) return { ...seen, upstreamEraPinned: true };
  return { ...seen, ...UNSEEN[upstreamEra], era: upstreamEra, upstreamEraPinned: true };
}
