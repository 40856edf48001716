// What is counted, and what exporters read. The SDK makes a key of all attributes for every value that it is given, which
// costs a call more than its span; and it keeps no exemplars. Here a value finds its place by its labels, one after the
// other, and nothing is made on the way where they are known. The SDK's readers get it as of any other producer.

export interface Description {
  /** By the semantic conventions, dots between its parts. */
  name: string;
  /** UCUM: `s`, `By`, `1`, or what is counted, in braces. */
  unit: string;
  help: string;
  /** In the order in which their values are given. */
  labels: readonly string[];
}

/** A value that stands for its bucket, and the trace that it comes from. */
export interface Exemplar {
  value: number;
  traceId: string;
  spanId: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface Distribution {
  /** One more than there are boundaries. */
  counts: number[];
  count: number;
  sum: number;
  exemplars: (Exemplar | undefined)[];
}

export interface Point<Value> {
  labels: Record<string, string>;
  value: Value;
}

export type Metric = Description & { startedAt: number } & (NumberMetric | HistogramMetric);

interface NumberMetric {
  kind: "counter" | "gauge";
  points(): Iterable<Point<number>>;
}

interface HistogramMetric {
  kind: "histogram";
  boundaries: readonly number[];
  points(): Iterable<Point<Distribution>>;
}

export interface Counter {
  /** A label that does not apply is `undefined`. */
  add(by: number, ...values: Label[]): void;
}

export interface Histogram {
  record(value: number, trace: Sampled | null, ...values: Label[]): void;
}

export type Label = string | undefined;

/** A trace that is exported. */
export interface Sampled {
  traceId: string;
  spanId: string;
}

/** So many values of one label under one and the same before it; those that come later are counted as one. */
const VALUES_MAX = 200;
/** Of one metric. */
const POINTS_MAX = 10_000;
/** Of those that are left, what one value of the first label may have, which is an org. Then no new value below it gets a place. */
const SHARE = 0.1;
const OTHER = "_other";

const registered = new Map<string, Metric>();

/** All there are, with what they are now. */
export function listMetrics(): Iterable<Metric> {
  return registered.values();
}

export function counter(description: Description): Counter {
  const places = openPlaces(description, () => ({ count: 0 }));
  register({ ...description, kind: "counter", points: () => places.map(({ count }) => count) });
  return {
    add(by, ...values) {
      places.find(values).count += by;
    },
  };
}

export function histogram({ boundaries, ...description }: Description & { boundaries: readonly number[] }): Histogram {
  const places = openPlaces<Distribution>(description, () => ({
    counts: new Array(boundaries.length + 1).fill(0),
    count: 0,
    sum: 0,
    exemplars: [],
  }));
  register({ ...description, kind: "histogram", boundaries, points: () => places.map((found) => found) });
  return {
    record(value, trace, ...values) {
      const distribution = places.find(values);
      let bucket = 0;
      while (bucket < boundaries.length && value > boundaries[bucket]!) bucket++;
      distribution.counts[bucket]!++;
      distribution.count++;
      distribution.sum += value;
      if (trace) distribution.exemplars[bucket] = exemplarOf(value, trace);
    },
  };
}

const exemplarOf = (value: number, { traceId, spanId }: Sampled): Exemplar => ({
  ...{ value, traceId, spanId },
  at: Date.now(),
});

/** What is there to be seen at any time, one after the other: the value, then its labels'. */
export type Observation = [value: number, ...values: Label[]];

export interface Gauge {
  /** Is asked whenever somebody reads. What several see under the same labels is added up. */
  observe(observer: () => Iterable<Observation>): Disposable;
}

export function gauge(description: Description): Gauge {
  const observers = new Set<() => Iterable<Observation>>();
  function points(): Iterable<Point<number>> {
    const byLabels = new Map<string, Point<number>>();
    for (const observer of observers) {
      for (const [value, ...values] of observer()) {
        const key = JSON.stringify(values);
        const sum = value + (byLabels.get(key)?.value ?? 0);
        byLabels.set(key, { value: sum, labels: labelsOf(description, values) });
      }
    }
    return byLabels.values();
  }
  register({ ...description, kind: "gauge", points });
  return {
    observe(observer) {
      observers.add(observer);
      return { [Symbol.dispose]: () => void observers.delete(observer) };
    },
  };
}

function register(metric: Description & (NumberMetric | HistogramMetric)): void {
  if (registered.has(metric.name)) throw new Error(`There are two metrics by the name ${metric.name}`);
  registered.set(metric.name, { ...metric, startedAt: Date.now() });
}

interface Places<Value> {
  find(values: readonly Label[]): Value;
  map<Result>(of: (value: Value) => Result): Iterable<Point<Result>>;
}

type Branch<Value> = Map<string, Branch<Value> | Value>;

function openPlaces<Value>(description: Description, make: () => Value): Places<Value> {
  const { length: depth } = description.labels;
  const root: Branch<Value> = new Map();
  const points: Point<Value>[] = [];
  const counts = new Map<string, number>();
  const countOf = (first: string) => counts.get(first) ?? 0;
  const isShareUsedUp = (first: string) => countOf(first) >= SHARE * (POINTS_MAX - points.length);
  const only = depth === 0 ? makePoint([]) : null;

  function makePoint(path: readonly string[]): Value {
    const value = make();
    points.push({ value, labels: labelsOf(description, path) });
    if (depth > 0) counts.set(path[0]!, countOf(path[0]!) + 1);
    return value;
  }

  function findOrMake(values: readonly Label[]): Value {
    const path: string[] = [];
    let found: Branch<Value> | Value = root;
    while (path.length < depth) {
      const branch = found as Branch<Value>;
      const given = values[path.length] ?? "";
      const isFull = branch.size >= VALUES_MAX || isShareUsedUp(path[0] ?? given);
      const name = isFull && !branch.has(given) ? OTHER : given;
      path.push(name);
      found = branch.get(name) ?? (path.length === depth ? makePoint(path) : new Map());
      branch.set(name, found);
    }
    return found as Value;
  }

  return {
    find(values) {
      if (only) return only;
      let found: Branch<Value> | Value | undefined = root;
      for (let level = 0; level < depth && found !== undefined; level++) {
        found = (found as Branch<Value>).get(values[level] ?? "");
      }
      return (found as Value | undefined) ?? findOrMake(values);
    },
    *map(of) {
      for (const { labels, value } of points) yield { labels, value: of(value) };
    },
  };
}

function labelsOf({ labels }: Description, values: readonly Label[]): Record<string, string> {
  const pairs = labels.map((label, at) => [label, values[at] ?? ""] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== ""));
}
