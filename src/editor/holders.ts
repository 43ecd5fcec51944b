/** Starts something for the first who holds it, and stops it when the last lets it go. */
export function forHolders(start: () => void, stop: () => void): () => { dispose(): void } {
  let holders = 0;
  return () => {
    holders++;
    if (holders === 1) start();
    let held = true;
    return {
      dispose: () => {
        if (!held) return;
        held = false;
        holders--;
        if (holders === 0) stop();
      },
    };
  };
}
