import { explorerAtScale } from './kubernetes/explorer';
import { loopFigures } from './kubernetes/loop';
import { load, machine } from './local/machine';

// npm run bench -- kubernetes [explorer [NODES PODS]] [loop [ROUNDS]]: how the explorer does on a large cluster, and kubectl
// beside it; and how long it takes from an edit to a release that answers, and by other ways. Both, or the named ones.

/** The words after each named part, up to the next one. */
function asked(words: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  let last = 'explorer';
  for (const word of words)
    if (/^\d+$/.test(word)) found.set(last, [...(found.get(last) ?? []), Number(word)]);
    else if (word in parts) found.set((last = word), []);
  return found.size === 0 ? new Map(Object.keys(parts).map((name) => [name, []])) : found;
}

const parts: Readonly<Record<string, (numbers: readonly number[]) => Promise<void>>> = {
  explorer: ([nodes = 5000, pods = 50_000]) => explorerAtScale({ nodes, pods }),
  loop: async ([rounds = 5]) => {
    console.log(`${machine()}, ${load()}, ${rounds} rounds`);
    console.log(`\n${await loopFigures(rounds)}\n\n${load()}`);
  },
};

for (const [name, numbers] of asked(process.argv.slice(2))) await parts[name]?.(numbers);
