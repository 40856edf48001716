import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { expect, test } from "vitest";
import { bearer, callTool, initialize, legacyCall, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream, type Upstream } from "./upstream.ts";

// What a client has not said it can answer is not asked of it, and is why the call fails.

const FORM = { message: "Who?", requestedSchema: { type: "object", properties: {} } };
const PAGE = { mode: "url", message: "Open", url: "https://example.com/" };
const SAMPLE = { messages: [], maxTokens: 1 };
const WITH_TOOLS = { ...SAMPLE, tools: [] };

const LACKING: [string, object, object, object][] = [
  ["elicitation/create", FORM, {}, { elicitation: { form: {} } }],
  ["elicitation/create", FORM, { elicitation: { url: {} } }, { elicitation: { form: {} } }],
  ["elicitation/create", PAGE, { elicitation: {} }, { elicitation: { url: {} } }],
  ["sampling/createMessage", SAMPLE, {}, { sampling: {} }],
  ["sampling/createMessage", WITH_TOOLS, { sampling: {} }, { sampling: { tools: {} } }],
  ["roots/list", {}, {}, { roots: {} }],
];

/** A legacy upstream whose tool asks, and makes `answer` of a refusal. */
function failUnlessAnswered(upstream: Upstream, ask: object, answer: object) {
  let finish = () => {};
  upstream.on("tools/call", (received, response) => {
    finish = () => {
      sendEvent(response, { jsonrpc: "2.0", id: received.body.id, ...answer });
      response.end();
    };
    sendEvent(response, { jsonrpc: "2.0", id: "up-1", ...ask });
  });
  upstream.on("POST", (_received, response) => {
    response.writeHead(202).end();
    finish();
  });
}

test.each(LACKING)(
  "a legacy server that fails for want of %s %j of a client with %j makes -32021",
  async (method, params, declared, requiredCapabilities) => {
    await using upstream = await startUpstream();
    await using small = await startSmallHouse(upstream, { era: "legacy" });
    const meta = { "io.modelcontextprotocol/clientCapabilities": declared };
    const call = () => post(small.endpoint.url, callTool("look", {}, { meta }), bearer(small.token));
    const failures = [
      { error: { code: -32603, message: "it cannot ask" } },
      { result: { isError: true, content: [{ type: "text", text: "it cannot ask" }] } },
    ];
    for (const failure of failures) {
      failUnlessAnswered(upstream, { method, params }, failure);
      const { status, messages } = await call();
      expect(status).toBe(400);
      expect(messages[0].error).toEqual({ code: -32021, message: "it cannot ask", data: { requiredCapabilities } });
    }
    failUnlessAnswered(upstream, { method, params }, { result: { content: [] } });
    expect((await call()).messages[0].result).toMatchObject({ resultType: "complete" });
  },
);

test.each(LACKING.filter(([, , declared]) => Object.keys(declared).length === 0))(
  "a legacy client is not asked %s by a modern server when it cannot answer",
  async (method, params, _declared, requiredCapabilities) => {
    await using upstream = await startUpstream();
    await using small = await startSmallHouse(upstream);
    upstream.on("tools/call", (received, response) =>
      sendJson(
        response,
        result(received, { resultType: "input_required", inputRequests: { name: { method, params } } }),
      ),
    );
    const session = await initialize(small.endpoint.url, small.token);
    const { status, messages } = await post(small.endpoint.url, legacyCall("look", 7), session);
    expect(status).toBe(200);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({ id: 7, error: { code: -32602, data: { requiredCapabilities } } });
    expect(messages[0].error.message).toContain(method);
  },
);

test("what is asked in a session that ends is not waited for", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const inputRequests = { name: { method: "roots/list" } };
  upstream.on("tools/call", (received, response) =>
    sendJson(response, result(received, { resultType: "input_required", inputRequests })),
  );
  const session = await initialize(small.endpoint.url, small.token, "2025-11-25", { roots: {} });
  const call = fetch(small.endpoint.url, {
    method: "POST",
    headers: { "content-type": "application/json", ...session },
    body: JSON.stringify(legacyCall("look", 7).message),
  });
  const body = (await call).body!.pipeThrough(new TextDecoderStream()).getReader();
  expect((await body.read()).value).toContain("roots/list");
  await fetch(small.endpoint.url, { method: "DELETE", headers: session });
  const rows = () => withOrg(small.house.owner, small.org.id, (scope) => listAudit(scope, { limit: 10 }));
  const outcome = async () => (await rows()).find(({ entry }) => entry.method === "tools/call")?.outcome;
  await expect.poll(outcome, { timeout: 5000 }).toBe("cancelled");
});
