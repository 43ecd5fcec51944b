import { hostname } from 'node:os';
import { localCluster } from './cluster';
import { localTarget } from './target';
import type { TargetKind } from '../../core/target';

/** This machine: each model is a supervised process that outlives the editor. */
export const localTargets: TargetKind = {
  id: 'local',
  displayName: 'This Machine',
  open: (id, context) => (id === 'local' ? localTarget(context) : undefined),
  choices: (context) => Promise.resolve([localTarget(context)]),
  discover: (context) => Promise.resolve([localTarget(context)]),
  clusters: (context) => Promise.resolve([localCluster(context, hostname())]),
};
