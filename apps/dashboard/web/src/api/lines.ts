import type { Line } from "../../../server/api/in-lines.ts";
import { ApiProblem } from "./problem.ts";

export interface Progress {
  done: number;
  all: number;
}

/** What lastly comes of something that takes long, and tells how far it is. */
export async function resultOf<Result>(
  response: { body: ReadableStream<Uint8Array<ArrayBuffer>> | null },
  onProgress: (progress: Progress) => void,
): Promise<Result> {
  for await (const line of linesOf(response.body!)) {
    const said = JSON.parse(line) as Line<Result>;
    if ("result" in said) return said.result;
    if ("fault" in said) throw new ApiProblem(said.fault);
    onProgress(said.progress);
  }
  throw new ApiProblem({ status: 0, detail: "The answer broke off. Try again" });
}

async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value = "" } = await reader.read();
    const lines = (rest + value).split("\n");
    rest = lines.pop()!;
    yield* lines;
    if (done) return;
  }
}
