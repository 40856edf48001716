import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { gauge, type Observation } from "./metrics.ts";

const eventLoopLag = gauge({
  name: "gatehouse.event_loop.lag",
  unit: "s",
  help: "How late this process is, since it was last asked",
  labels: ["quantile"],
});

const eventLoopUtilization = gauge({
  name: "nodejs.eventloop.utilization",
  unit: "1",
  help: "How much of its time this process works, since it was last asked",
  labels: [],
});

const residentMemory = gauge({
  name: "process.resident_memory",
  unit: "By",
  help: "What this process takes of the machine's memory",
  labels: [],
});

const heapUsed = gauge({
  name: "v8js.memory.heap.used",
  unit: "By",
  help: "What is alive, or not yet collected",
  labels: [],
});

const RESOLUTION_MS = 20;

/** Begins to measure this process. */
export function observeRuntime(): Disposable {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let last = performance.eventLoopUtilization();

  /** The histogram holds how long a timer took; what it was asked to take is no lag. */
  function* lags(): Iterable<Observation> {
    for (const quantile of [0.5, 0.99, 1]) {
      yield [Math.max(0, delay.percentile(quantile * 100) / 1e9 - RESOLUTION_MS / 1000), String(quantile)];
    }
    delay.reset();
  }

  function utilization(): Observation[] {
    const now = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(now, last);
    last = now;
    return [[since.utilization]];
  }

  const stack = new DisposableStack();
  stack.defer(() => delay.disable());
  stack.use(eventLoopLag.observe(lags));
  stack.use(eventLoopUtilization.observe(utilization));
  stack.use(residentMemory.observe(() => [[process.memoryUsage.rss()]]));
  stack.use(heapUsed.observe(() => [[process.memoryUsage().heapUsed]]));
  return stack;
}
