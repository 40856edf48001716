import { createServer } from "node:http";
import { reportTo } from "./child.ts";

// Takes what is exported by OTLP, and says how much that was at `/`.

const received = { requests: 0, bytes: 0 };
const server = createServer((request, response) => {
  if (request.method === "GET") return response.end(JSON.stringify(received));
  received.requests++;
  request.on("data", (chunk: Buffer) => {
    received.bytes += chunk.length;
  });
  request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
});
process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  reportTo(process, { url: `http://127.0.0.1:${port}` });
});
