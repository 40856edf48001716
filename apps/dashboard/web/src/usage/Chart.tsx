import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type CSSProperties, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { UsageSummary } from "../api/usage/usage.ts";
import { count, duration } from "./numbers.ts";
import classes from "./usage.module.css";

const HEIGHT = 190;
/** What stands below the bars: times of the day, or dates. */
const TIMES = {
  hour: { incrs: [1, 3, 6].map((hours) => hours * 3600), values: inUtc({ hour: "2-digit", minute: "2-digit" }) },
  day: { incrs: [1, 2, 7, 14, 30].map((days) => days * 86_400), values: inUtc({ day: "numeric", month: "short" }) },
};
const STEP_SECONDS = { hour: 3600, day: 86_400 };

type What = "calls" | "durations";

/** What stands in the two series of each, the one drawn later over the other. */
const SERIES = {
  calls: {
    title: "Calls",
    of: ["calls", "errors"],
    labels: ["Calls", "Failed"],
    colors: ["#4c6ef5", "#e03131"],
    format: count,
  },
  durations: {
    title: "How long they took",
    of: ["durationMsP95", "durationMsP50"],
    labels: ["95 % at most", "Half at most"],
    colors: ["#91a7ff", "#4c6ef5"],
    format: duration,
  },
} as const;

/** A bar for each hour or day; what failed, or what half of the calls took, is the lower part of it. */
export function Chart({ usage, days, what }: { usage: UsageSummary; days: number; what: What }) {
  const { ref, width } = useElementSize();
  const holder = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();
  const { title, labels, colors } = SERIES[what];
  useEffect(() => {
    if (width === 0 || !holder.current) return;
    const chart = new uPlot(optionsOf(usage, what, width, scheme), barsOf(usage, what, days), holder.current);
    return () => chart.destroy();
  }, [usage, what, days, width, scheme]);
  return (
    <figure className={classes.figure}>
      <figcaption className={classes.caption}>
        {title}
        {labels.map((label, index) => (
          <span key={label} className={classes.key} style={{ "--key": colors[index] } as CSSProperties}>
            {label}
          </span>
        ))}
      </figcaption>
      <div ref={ref} className={classes.chart} role="img" aria-label={`${title} over time, by ${usage.step}`}>
        <div ref={holder} />
      </div>
    </figure>
  );
}

/** Times in seconds, and both series; those without any use too. */
function barsOf({ since, step, overTime }: UsageSummary, what: What, days: number): uPlot.AlignedData {
  const known = new Map(overTime.map((used) => [Date.parse(used.at) / 1000, used]));
  const first = Date.parse(since) / 1000;
  const length = step === "hour" ? 24 : days;
  const times = Array.from({ length }, (_, index) => first + index * STEP_SECONDS[step]);
  const [upper, lower] = SERIES[what].of.map((name) => times.map((time) => known.get(time)?.[name] ?? 0));
  return [times, upper!, lower!];
}

function optionsOf({ step }: UsageSummary, what: What, width: number, scheme: "light" | "dark"): uPlot.Options {
  const [text, grid] = scheme === "dark" ? ["#9aa1ad", "#2b2e35"] : ["#5c6370", "#e4e6ea"];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const paths = uPlot.paths.bars!({ size: [0.7, 40] });
  const { labels, colors, format } = SERIES[what];
  return {
    ...{ width, height: HEIGHT, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC") },
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { range: (_chart, min, max) => [min - STEP_SECONDS[step] / 2, max + STEP_SECONDS[step] / 2] } },
    axes: [
      { ...axis, ...TIMES[step], size: 30 },
      { ...axis, values: (_chart, splits) => splits.map(format), size: 64 },
    ],
    series: [{}, ...labels.map((label, index) => ({ label, fill: colors[index]!, paths, points: { show: false } }))],
  };
}

function inUtc(options: Intl.DateTimeFormatOptions) {
  const format = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  return (_chart: uPlot, seconds: number[]) => seconds.map((at) => format.format(at * 1000));
}
