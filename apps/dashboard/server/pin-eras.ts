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

/** The version is the newest of the era, until the upstream shows another; the modern era has but one transport. */
function pinned({ era, transport, protocolVersion }: Connector, upstreamEra: "auto" | Era) {
  if (upstreamEra === "auto") return { era, transport, protocolVersion, upstreamEraPinned: false };
  if (upstreamEra === era) return { era, transport, protocolVersion, upstreamEraPinned: true };
  return upstreamEra === "modern"
    ? {
        era: upstreamEra,
        transport: "streamable-http" as const,
        protocolVersion: MODERN_VERSIONS[0]!,
        upstreamEraPinned: true,
      }
    : { era: upstreamEra, transport, protocolVersion: LEGACY_VERSIONS[0]!, upstreamEraPinned: true };
}
