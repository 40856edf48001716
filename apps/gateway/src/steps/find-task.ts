import { Fault } from "@gatehouse/faults";
import { isRequest } from "@gatehouse/mcp/message";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import type { ToolPolicy } from "../snapshots.ts";
import { findTaskTool } from "../tasks.ts";

const OF_ONE_TASK = new Set(["tasks/get", "tasks/result", "tasks/cancel", "tasks/update"]);

/**
 * What is done with a task is judged as the call that began it: another member's, and one of a tool that they may not use any
 * more, is answered as one that never was.
 */
export function findTask(deps: Pick<Dependencies, "state">): Step {
  async function find(exchange: Exchange, taskId: unknown): Promise<ToolPolicy> {
    const tool = await findTaskTool(exchange, taskId, deps);
    if (tool) return tool;
    throw new Fault("invalid_params", `Unknown task: ${String(taskId)}`);
  }

  return function findTask(exchange) {
    const { message, era, connector } = exchange;
    if (!isRequest(message) || era !== connector.era) return;
    const { method, params } = message;
    if (OF_ONE_TASK.has(method)) {
      return find(exchange, params?.taskId).then((tool) => {
        exchange.tool = tool;
      });
    }
    if (method === "subscriptions/listen") return findAll(exchange, params?.notifications);
  };

  async function findAll(exchange: Exchange, notifications: unknown): Promise<void> {
    const { taskIds } = (notifications ?? {}) as { taskIds?: unknown };
    if (Array.isArray(taskIds)) await Promise.all(taskIds.map((taskId) => find(exchange, taskId)));
  }
}
