import { applyFix as apply, type FixRequest } from '../editor/fixes';
import { secretStore } from '../editor/secretStore';
import type { Command } from './command';

/** Applies the quick fix of a finding. */
export const applyFix: Command = async (app, request) => {
  if (isFixRequest(request)) await apply(request, secretStore(app.extension.secrets, request.root));
};

function isFixRequest(value: unknown): value is FixRequest {
  return typeof value === 'object' && value !== null && 'fix' in value && 'root' in value;
}
