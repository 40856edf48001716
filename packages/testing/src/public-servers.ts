import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDemoServer } from "@gatehouse/gatehouse/demo/everything";
import { createLogger } from "@gatehouse/telemetry/log";
import { startStdioServer } from "./stdio-server.ts";

/** An MCP server that others have published, on the loopback address. */
export interface PublicServer extends AsyncDisposable {
  url: URL;
  /** What it serves, as it was in the beginning. */
  reset(): Promise<void>;
  /** Where that is on disk, for a server that needs to be told. */
  folder: string;
}

/** With everything that MCP has, made to try clients with. */
export async function startEverything(): Promise<PublicServer> {
  const log = createLogger({ level: "silent", destination: { write() {} } });
  const server = await startDemoServer({ preferredPort: 0, log });
  return {
    url: new URL(`http://127.0.0.1:${server.port}/mcp`),
    folder: "",
    async reset() {},
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A knowledge graph in a file. */
export function startMemory(): Promise<PublicServer> {
  const module = import.meta.resolve("@modelcontextprotocol/server-memory/dist/index.js");
  return startInFolder({ module, env: (folder) => ({ MEMORY_FILE_PATH: join(folder, "memory.jsonl") }) });
}

/** The files of a folder. */
export function startFilesystem(): Promise<PublicServer> {
  const module = import.meta.resolve("@modelcontextprotocol/server-filesystem/dist/index.js");
  return startInFolder({ module, args: (folder) => [folder], files: { "notes.txt": "One\nTwo\nThree\n" } });
}

interface Program {
  module: string;
  args?: (folder: string) => string[];
  env?: (folder: string) => Record<string, string>;
  files?: Record<string, string>;
}

async function startInFolder({ module, args, env, files = {} }: Program): Promise<PublicServer> {
  const folder = await mkdtemp(join(tmpdir(), "public-server-"));
  const server = await startStdioServer({ module, args: args?.(folder) ?? [], env: env?.(folder) ?? {} });

  async function reset(): Promise<void> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, name), content);
      await utimes(join(folder, name), 0, 0);
    }
  }

  await reset();
  return {
    url: server.url,
    folder,
    reset,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
