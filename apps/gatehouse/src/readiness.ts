import { dependencyUp } from "@gatehouse/telemetry/events";
import type { Readiness } from "@gatehouse/telemetry/metrics-server";

/** What this process cannot do without, and what it can, for a while. */
export interface Dependency {
  name: string;
  isNeeded: boolean;
  isUp(): Promise<boolean>;
}

export interface ReadinessProbe extends Disposable {
  /** Looks anew; those who ask meanwhile share what is found. */
  check(): Promise<Readiness>;
  /** Not ready from now on, whatever else is well. */
  leave(): void;
}

const LOOK_EVERY_MS = 5000;
/** What does not answer within this time is as good as gone. */
const PATIENCE_MS = 2000;

/** Keeps looking, so that metrics know it too. */
export function watchDependencies(dependencies: readonly Dependency[]): ReadinessProbe {
  let states = new Map<Dependency, boolean>();
  let looking: Promise<void> | null = null;
  let isLeaving = false;

  async function look(): Promise<void> {
    const found = dependencies.map(async (dependency) => [dependency, await inTime(dependency)] as const);
    states = new Map(await Promise.all(found));
  }

  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  }

  const timer = setInterval(lookOnce, LOOK_EVERY_MS);
  timer.unref();
  void lookOnce();
  const observed = dependencyUp.observe(() =>
    Array.from(states, ([{ name }, isUp]) => [isUp ? 1 : 0, name] as [number, string]),
  );

  return {
    async check() {
      await lookOnce();
      const named = Array.from(states, ([{ name }, isUp]) => [name, isUp ? "ok" : "does not answer"]);
      const ready = !isLeaving && states.entries().every(([{ isNeeded }, isUp]) => isUp || !isNeeded);
      return { ready, dependencies: { ...Object.fromEntries(named), process: isLeaving ? "is going away" : "ok" } };
    },
    leave() {
      isLeaving = true;
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      observed[Symbol.dispose]();
    },
  };
}

function inTime({ isUp }: Dependency): Promise<boolean> {
  const impatience = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => impatience.resolve(false), PATIENCE_MS);
  return Promise.race([isUp().catch(() => false), impatience.promise]).finally(() => clearTimeout(timer));
}
