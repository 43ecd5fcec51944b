import type { Manifest } from '../../../clients/kubernetes/change';
import type { Autoscale, AutoscaleState } from '../../../core/autoscale';
import { inertText } from '../../../core/inertText';
import { quantity } from '../../../core/quantity';
import { modelLabels } from './modelLabels';
import { container } from '../names';
import type { Autoscaler, Condition, Measured, Metric, Snapshot } from '../objects';

/** Rate of `slipway_requests_total`, as a metrics adapter is to name it. */
export const requestsMetric = 'slipway_requests_per_second';
const usualSeconds = 300;
/** At most half of the replicas go at a time, so that a short pause does not end in a cold start of all. */
const goPercent = 50;
const goSeconds = 30;

/**
 * Goes up as soon as the load does, and down slowly. CPU is that of the server alone: what others inject into the pod
 * says nothing of the load.
 */
export function autoscalerManifest(model: string, namespace: string, autoscale: Autoscale): Manifest {
  const { min, max, cpu, requests, scaleDownAfter = usualSeconds } = autoscale;
  const metric =
    cpu === undefined
      ? {
          type: 'Pods',
          pods: {
            metric: { name: requestsMetric },
            target: { type: 'AverageValue', averageValue: String(requests ?? 0) },
          },
        }
      : {
          type: 'ContainerResource',
          containerResource: { name: 'cpu', container, target: { type: 'Utilization', averageUtilization: cpu } },
        };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: model, namespace, labels: modelLabels(model) },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: model },
      minReplicas: min,
      maxReplicas: max,
      metrics: [metric],
      behavior: {
        scaleDown: {
          stabilizationWindowSeconds: scaleDownAfter,
          policies: [{ type: 'Percent', value: goPercent, periodSeconds: goSeconds }],
        },
      },
    },
  };
}

/** The autoscaler of a model, whoever made it. */
export function autoscalerOf({ autoscalers }: Pick<Snapshot, 'autoscalers'>, model: string): Autoscaler | undefined {
  return autoscalers.find(
    ({ spec: { scaleTargetRef: to }, metadata }) =>
      to.kind === 'Deployment' && to.name === model && metadata.deletionTimestamp === undefined,
  );
}

export function autoscaleState({ spec, status }: Autoscaler): AutoscaleState {
  const window = spec.behavior?.scaleDown?.stabilizationWindowSeconds;
  return {
    min: spec.minReplicas ?? 1,
    max: spec.maxReplicas,
    ...goalOf(spec.metrics?.[0]),
    ...(window === undefined ? {} : { scaleDownAfter: window }),
    ...currentOf(status?.currentMetrics?.[0]),
    ...problemOf(status?.conditions ?? []),
  };
}

/** Nothing is scaled while there are no replicas, which is what stopping means. */
function problemOf(conditions: readonly Condition[]): Pick<AutoscaleState, 'problem'> {
  const broken = conditions.find(
    ({ type, status, reason }) =>
      /^(ScalingActive|AbleToScale)$/.test(type) && status === 'False' && reason !== 'ScalingDisabled',
  );
  return broken === undefined ? {} : { problem: inertText(broken.message ?? broken.reason ?? broken.type) };
}

function goalOf(metric: Metric | undefined): Pick<Autoscale, 'cpu' | 'requests'> {
  const { utilization, value } = figures(measured(metric)?.target);
  if (metric?.pods !== undefined) return value === undefined ? {} : { requests: value };
  return utilization === undefined ? {} : { cpu: utilization };
}

function currentOf(metric: Metric | undefined): Pick<AutoscaleState, 'current'> {
  const { utilization, value } = figures(measured(metric)?.current);
  const current = metric?.pods === undefined ? utilization : value;
  return current === undefined ? {} : { current };
}

function measured(metric: Metric | undefined): Measured | undefined {
  return metric?.containerResource ?? metric?.resource ?? metric?.pods;
}

function figures(measure: Measured['target']): { readonly utilization?: number; readonly value?: number } {
  const { averageUtilization: utilization, averageValue } = measure ?? {};
  return {
    ...(utilization === undefined ? {} : { utilization }),
    ...(averageValue === undefined ? {} : { value: quantity(averageValue) }),
  };
}
