import { serveRequests } from '../../clients/process/threads';
import type { InstallScheme } from './imagePaths';
import { writeWheelLayer, type WheelFile } from './wheelLayer';

/** One layer to be made in a thread of its own: inflating and hashing would hold up everything else. */
export interface WheelLayerRequest {
  /** The file to write, which must not exist. */
  readonly to: string;
  readonly wheels: readonly WheelFile[];
  readonly scheme: InstallScheme;
}

serveRequests((request) => {
  const { to, wheels, scheme } = request as WheelLayerRequest;
  return writeWheelLayer(to, wheels, scheme);
});
