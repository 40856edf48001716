import { createServer } from "node:http";
import { reportTo } from "./child.ts";
import { WAYS } from "./hostile-ways.ts";

// An upstream that does what its tool's argument says.

const server = createServer((request, response) => {
  if (request.method !== "POST") return void response.writeHead(405).end();
  const chunks: Buffer[] = [];
  response.on("error", () => {});
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { params } = JSON.parse(Buffer.concat(chunks).toString());
    WAYS[params.arguments.way]!(response);
  });
});
process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  reportTo(process, { url: `http://127.0.0.1:${port}` });
});
