// npm run bench -- kubernetes [NODES PODS]: how the explorer does on a large cluster, and kubectl beside it.
import { explorerAtScale } from './kubernetes/explorer';

const [nodes = 5000, pods = 50_000] = process.argv
  .slice(2)
  .filter((word) => /^\d+$/.test(word))
  .map(Number);

await explorerAtScale({ nodes, pods });
