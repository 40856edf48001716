import type { TestProject } from "vitest/node";
import { type Services, startServices } from "./services.ts";

declare module "vitest" {
  interface ProvidedContext {
    services: Services;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { postgresUrl, redisUrl, [Symbol.asyncDispose]: stop } = await startServices();
  project.provide("services", { postgresUrl, redisUrl });
  return async () => stop();
}
