import { checkEdits, type EditableTool, type ToolEdits } from "@gatehouse/connectors/choice/edits";
import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { findTool, listToolsOfConnector, type Tool, type ToolDecision, updateTool } from "@gatehouse/store/connectors";
import type { OrgScope } from "@gatehouse/store/database";
import type { User } from "@gatehouse/store/users";
import { z } from "zod";
import { invalidFields } from "../api/fields.ts";
import { RoleField } from "../people/roles.ts";
import { TOOL_NAME } from "../probe/catalogue.ts";

/** `null` is everybody. */
export const OpenTo = z.object({ roles: z.array(RoleField).max(4), teams: z.array(z.uuid()).max(200) }).nullable();

const Text = (charactersMax: number) =>
  z.string().trim().min(1, "Write something").max(charactersMax, `Use at most ${charactersMax} characters`);

const ArgumentEdit = z.strictObject({
  hidden: z.literal(true).optional(),
  pinned: z.unknown().optional(),
  default: z.unknown().optional(),
  description: Text(1000).optional(),
});

const Edits = z
  .strictObject({
    name: z.string().trim().optional(),
    title: Text(200).optional(),
    description: Text(4000).optional(),
    arguments: z.record(z.string().max(200), ArgumentEdit).optional(),
    dropped: z.array(z.string().min(1).max(300)).max(200).optional(),
  })
  .refine((edits) => JSON.stringify(edits).length <= 32_768, "These edits are too long to be kept");

export const Decision = z
  .object({
    classification: z.enum(["read", "write"]).nullable().optional(),
    offered: z.boolean().optional(),
    edits: Edits.nullable().optional(),
    openTo: OpenTo.optional(),
  })
  .refine((decision) => Object.values(decision).some((value) => value !== undefined), {
    message: "Say what is to change: classification, offered, edits or openTo",
  });

/** The owner's decision on one tool of a connector. */
export async function decideOnTool(
  scope: OrgScope,
  user: User,
  { connectorId, name }: { connectorId: string; name: string },
  decision: z.output<typeof Decision>,
): Promise<void> {
  const tool = TOOL_NAME.test(name) ? await findTool(scope, connectorId, name) : null;
  if (!tool) throw new Fault("not_found", "This connector has no such tool");
  if (decision.edits) {
    checkEdits(tool.definition as EditableTool, decision.edits as ToolEdits);
    await refuseTakenName(scope, connectorId, tool, decision.edits.name);
  }
  await updateTool(scope, { connectorId, name }, decision as ToolDecision);
  const changed = Object.keys(decision).filter((member) => decision[member as keyof typeof decision] !== undefined);
  const before = Object.fromEntries(changed.map((member) => [member, tool[member as keyof Tool]]));
  const entry = { tool: name, before, after: decision };
  await insertAudit(scope, { event: "tool.changed", outcome: "ok", userId: user.id, connectorId, entry });
}

/** Clients see one tool of each name. */
async function refuseTakenName(scope: OrgScope, connectorId: string, tool: Tool, name = tool.name): Promise<void> {
  const others = (await listToolsOfConnector(scope, connectorId)).filter((other) => other.name !== tool.name);
  const taken = others.find((other) => ((other.edits as ToolEdits | null)?.name ?? other.name) === name);
  if (taken) throw invalidFields({ name: `Another tool of this connector is called ${name}` });
}
