import { type HrTime, ValueType } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import { type Distribution, listMetrics, type Metric } from "./metrics.ts";

/** Our metrics, as the SDK's readers and exporters take them. They have no place for exemplars. */
export const producer: MetricProducer = {
  async collect() {
    const endTime = timeOf(Date.now());
    const metrics = Array.from(listMetrics(), (metric) => toMetricData(metric, endTime));
    const scopeMetrics = [{ scope: { name: "gatehouse" }, metrics }];
    return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
  },
};

function toMetricData(metric: Metric, endTime: HrTime): MetricData {
  const { name, unit, help: description, startedAt } = metric;
  const common = {
    descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const times = { startTime: timeOf(startedAt), endTime };
  if (metric.kind === "histogram") {
    const { boundaries } = metric;
    const dataPoints = Array.from(metric.points(), ({ labels: attributes, value }) => ({
      ...{ ...times, attributes },
      value: toHistogram(value, boundaries),
    }));
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = Array.from(metric.points(), ({ labels: attributes, value }) => ({ ...times, attributes, value }));
  if (metric.kind === "gauge") return { ...common, dataPointType: DataPointType.GAUGE, dataPoints };
  return { ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}

function toHistogram({ counts, count, sum }: Distribution, boundaries: readonly number[]): Histogram {
  return { buckets: { boundaries: [...boundaries], counts: [...counts] }, count, sum };
}

const timeOf = (ms: number): HrTime => [Math.floor(ms / 1000), (ms % 1000) * 1e6];
