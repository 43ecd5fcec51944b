import { Blocks } from './blocks';

/** Does nothing until it is told to end, and tells then how long the machine kept it from running. */
const blocks = new Blocks();
process.once('message', () => {
  process.send?.(blocks.longest, () => process.exit(0));
});
