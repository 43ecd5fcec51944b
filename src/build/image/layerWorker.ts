import { serveRequests } from '../../clients/process/threads';
import { writeFilesLayer, type LayerFile } from './filesLayer';
import type { InstallScheme } from './imagePaths';
import { writeWheelLayer, type WheelFile } from './wheelLayer';

/** One layer to be made in a thread of its own: deflating, inflating and hashing would hold up everything else. */
export type LayerRequest =
  | {
      readonly kind: 'wheels';
      /** The file to write, which must not exist. */
      readonly to: string;
      readonly wheels: readonly WheelFile[];
      readonly scheme: InstallScheme;
    }
  | { readonly kind: 'files'; readonly to: string; readonly files: readonly LayerFile[] };

serveRequests((message) => {
  const request = message as LayerRequest;
  return request.kind === 'wheels'
    ? writeWheelLayer(request.to, request.wheels, request.scheme)
    : writeFilesLayer(request.to, request.files);
});
