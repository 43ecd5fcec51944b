import type { Command } from './command';
import { setCordon } from './cordonNode';

/** Lets new pods come to a node again. */
export const uncordonNode: Command = (app, subject) => setCordon(app, subject, false);
