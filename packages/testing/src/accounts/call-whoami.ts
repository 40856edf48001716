const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** The least modern client: one call, and what it says. */
export async function callWhoAmI(
  url: string,
  accessToken: string,
  name = "whoami",
): Promise<{ text: string; isError: boolean }> {
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      ...{ authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
      ...{ accept: "application/json, text/event-stream", "mcp-protocol-version": "2026-07-28" },
      ...{ "mcp-method": "tools/call", "mcp-name": name },
    },
    body: JSON.stringify({
      ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
      params: { name, arguments: {}, _meta: META },
    }),
  });
  const body = await answer.text();
  const { result, error } = JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body);
  if (error) throw new Error(error.message);
  return { text: result.content[0].text, isError: result.isError === true };
}
