import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { UsageSummary } from "../api.ts";
import { count } from "./numbers.ts";
import classes from "./usage.module.css";

const HEIGHT = 220;
/** What stands below the bars: times of the day, or dates. */
const TIMES = {
  hour: { incrs: [1, 3, 6].map((hours) => hours * 3600), values: inUtc({ hour: "2-digit", minute: "2-digit" }) },
  day: { incrs: [1, 2, 7, 14, 30].map((days) => days * 86_400), values: inUtc({ day: "numeric", month: "short" }) },
};
const STEP_SECONDS = { hour: 3600, day: 86_400 };

/** A bar for each hour or day; what failed is the lower part of it. */
export function Chart({ usage, days }: { usage: UsageSummary; days: number }) {
  const { ref, width } = useElementSize();
  const holder = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme();
  useEffect(() => {
    if (width === 0 || !holder.current) return;
    const chart = new uPlot(optionsOf(usage, width, scheme), barsOf(usage, days), holder.current);
    return () => chart.destroy();
  }, [usage, days, width, scheme]);
  const calls = usage.overTime.reduce((sum, used) => sum + used.calls, 0);
  return (
    <div
      ref={ref}
      className={classes.chart}
      role="img"
      aria-label={`${count(calls)} calls over time, by ${usage.step}`}
    >
      <div ref={holder} />
    </div>
  );
}

/** Times in seconds, calls, and errors; those without any use too. */
function barsOf({ since, step, overTime }: UsageSummary, days: number): uPlot.AlignedData {
  const known = new Map(overTime.map((used) => [Date.parse(used.at) / 1000, used]));
  const first = Date.parse(since) / 1000;
  const length = step === "hour" ? 24 : days;
  const times = Array.from({ length }, (_, index) => first + index * STEP_SECONDS[step]);
  return [times, times.map((time) => known.get(time)?.calls ?? 0), times.map((time) => known.get(time)?.errors ?? 0)];
}

function optionsOf({ step }: UsageSummary, width: number, scheme: "light" | "dark"): uPlot.Options {
  const [text, grid] = scheme === "dark" ? ["#9aa1ad", "#2b2e35"] : ["#5c6370", "#e4e6ea"];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const paths = uPlot.paths.bars!({ size: [0.7, 40] });
  return {
    ...{ width, height: HEIGHT, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC") },
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { range: (_chart, min, max) => [min - STEP_SECONDS[step] / 2, max + STEP_SECONDS[step] / 2] } },
    axes: [
      { ...axis, ...TIMES[step] },
      { ...axis, values: (_chart, splits) => splits.map(count), size: 56 },
    ],
    series: [
      {},
      { label: "Calls", fill: "#4c6ef5", paths, points: { show: false } },
      { label: "Failed", fill: "#e03131", paths, points: { show: false } },
    ],
  };
}

function inUtc(options: Intl.DateTimeFormatOptions) {
  const format = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  return (_chart: uPlot, seconds: number[]) => seconds.map((at) => format.format(at * 1000));
}
