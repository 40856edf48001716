import { createServer } from "node:http";
import { Pool } from "undici";
import { reportTo } from "./child.ts";

// The least pass-through there can be in Node: node:http in front, undici behind, and nothing looked at in between.

const pool = new Pool(process.argv[2]!, { connections: 256 });
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const headers = ["content-type", "application/json", "accept", "application/json, text/event-stream"];
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    const answer: Buffer[] = [];
    pool.dispatch(
      { path: "/mcp", method: "POST", headers, body },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_controller, chunk) => void answer.push(chunk),
        onResponseEnd() {
          const bytes = answer.length === 1 ? answer[0]! : Buffer.concat(answer);
          response.writeHead(200, ["content-type", "application/json", "content-length", String(bytes.length)]);
          response.end(bytes);
        },
        onResponseError: () => void response.destroy(),
      },
    );
  });
});
server.keepAliveTimeout = 60_000;
process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  reportTo(process, { url: `http://127.0.0.1:${port}` });
});
