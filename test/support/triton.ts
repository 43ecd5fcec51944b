import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeRunnerPython } from './pythonTools';
import type { Workspace } from './workspace';

const run = promisify(execFile);
const script = path.join(import.meta.dirname, 'triton_client.py');

/** NVIDIA's client of the Open Inference Protocol, as published. */
export interface TritonClient {
  /**
   * Asks for health, readiness and metadata, then for a prediction, with binary tensors as the client does by default.
   * @param example a body of `/invocations`; its values become tensors as the metadata describes them
   * @returns the predictions in the form that `/invocations` answers
   * @throws Error with what the client said
   */
  infer(endpoint: string, model: string, example: unknown): Promise<unknown>;
}

export async function openTritonClient(workspace: Workspace): Promise<TritonClient> {
  const python = await makeRunnerPython(workspace, 'triton', ['tritonclient[http]', 'numpy']);
  return {
    infer: async (endpoint, model, example) => {
      const { stdout } = await run(python, [script, new URL(endpoint).host, model, JSON.stringify(example)], {
        timeout: 60_000,
      });
      return JSON.parse(stdout) as unknown;
    },
  };
}
