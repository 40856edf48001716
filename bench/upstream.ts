import { createServer } from "node:http";
import { reportTo } from "./child.ts";

// The least MCP server there can be, modern and legacy: it answers every request with one small tool's result. `/otlp`
// is where telemetry is exported to while the figures are taken.

const server = createServer((request, response) => {
  if (request.method !== "POST") return response.writeHead(405).end();
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    if (request.url?.startsWith("/otlp")) return response.writeHead(200).end();
    const { id } = JSON.parse(Buffer.concat(chunks).toString());
    const result = { resultType: "complete", content: [{ type: "text", text: "Echo: hello" }] };
    const body = JSON.stringify({ jsonrpc: "2.0", id, result });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});
server.keepAliveTimeout = 60_000;
process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  reportTo(process, { url: `http://127.0.0.1:${port}` });
});
