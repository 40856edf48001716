import { connectV1 } from "@gatehouse/testing/client-v1";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { startHouse } from "@gatehouse/testing/house";
import { startEverything } from "@gatehouse/testing/public-servers";
import { CallToolResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";

// The tasks of 2025-11-25, of a real server for a real client.

const RESEARCH = "simulate-research-query";
const ADA = { capabilities: { elicitation: {}, tasks: { requests: { elicitation: { create: {} } } } } };

async function startResearch() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startEverything());
  const house = stack.use(await startHouse());
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const bob = await house.addMember(org, { email: "bob@acme.example" });
  const tools = (await listTools(server.url)).map((tool) => ({ ...tool, classification: "read" as const }));
  const endpoint = await house.addConnector(org, { slug: "all", url: server.url.href, era: "legacy", tools });
  const opened = stack.move();
  return { alice, bob, url: endpoint.url, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("a task goes its whole way, asks what it wants to know, and is nobody else's", { timeout: 60_000 }, async () => {
  await using research = await startResearch();
  await using alices = await connectV1(research.url, research.alice, ADA);
  await using bobs = await connectV1(research.url, research.bob, ADA);
  const { tasks } = alices.client.experimental;
  alices.client.setRequestHandler(ElicitRequestSchema, async () => ({
    action: "accept" as const,
    content: { interpretation: "asked" },
  }));
  const seen: string[] = [];
  let text = "";
  const call = { name: RESEARCH, arguments: { topic: "gates", ambiguous: true } };
  for await (const message of tasks.callToolStream(call, CallToolResultSchema, { task: { ttl: 60_000 } })) {
    seen.push(message.type);
    if (message.type === "error") throw message.error;
    if (message.type === "result") text = JSON.stringify(message.result);
    if (message.type !== "taskCreated") continue;
    const { taskId } = message.task;
    expect((await tasks.listTasks()).tasks.map((task) => task.taskId)).toEqual([taskId]);
    await expect(bobs.client.experimental.tasks.getTask(taskId)).rejects.toThrow(/Unknown task/);
  }
  expect(seen[0]).toBe("taskCreated");
  expect(seen).toContain("taskStatus");
  expect(text).toMatch(/Research Report: gates \(.*asked/);
  expect((await bobs.client.experimental.tasks.listTasks()).tasks).toEqual([]);
});

test("a task is cancelled by its own verb", async () => {
  await using research = await startResearch();
  await using connected = await connectV1(research.url, research.alice, ADA);
  const { tasks } = connected.client.experimental;
  const stream = tasks.callToolStream({ name: RESEARCH, arguments: { topic: "gates" } }, CallToolResultSchema, {
    task: { ttl: 60_000 },
  });
  const { value } = await stream.next();
  if (value?.type !== "taskCreated") throw new Error("no task");
  expect(await tasks.cancelTask(value.task.taskId)).toMatchObject({ status: "cancelled" });
  await stream.return({ type: "error", error: new Error("not waited for") } as never);
});
