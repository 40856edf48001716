import { reportTo } from "./child.ts";

// A command of ours as it is, which can be asked what it has used.

reportTo(process, {});
process.channel!.unref();
process.on("disconnect", () => process.exit(0));
await import("@gatehouse/gatehouse/main");
