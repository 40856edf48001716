import { reportTo } from "./child.ts";
import { type Front, many, OPEN } from "./open-streams.ts";

// Holds so many streams open for as long as it is there.

const [, , front, url, token, count] = process.argv as [string, string, Front, string, string, string];
await many(Number(count), () => OPEN[front]({ url, token }));
reportTo(process, {});
process.on("disconnect", () => process.exit(0));
