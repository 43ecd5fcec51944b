import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { editCell, notebookOf } from '../support/notebooks';
import { exampleCell } from '../support/plainProject';
import { eventsOf, recordingHost } from '../support/recordingHost';
import { openWorkspace, type Workspace } from '../support/workspace';

const body = { inputs: [1, 2] };
const train = { id: 'train', source: 'import random\nmodel = [random.random(), 0]\nunused = 7' };
const answers = {
  id: 'predict',
  source: 'def predict(x: list[float]) -> list[float]:\n    return [model[0], model[1], *x]',
};
const tries = { id: 'tries', source: 'print(predict(sample_input))' };

describe('an edit of what answers', () => {
  let workspace: Workspace;
  let file: string;
  before(async () => {
    workspace = await openWorkspace({ target: 'local' });
    const files = { 'requirements.txt': '', 'nb.ipynb': notebookOf(train, answers, exampleCell, tries) };
    file = path.join(await workspace.writeProject('kept', files), 'nb.ipynb');
  });
  after(async () => {
    assert.deepEqual(await workspace.close(), []);
  });

  /** Deploys, and tells what the model answers and which cells were executed. */
  async function deploy(): Promise<{ readonly answer: readonly unknown[]; readonly executed: readonly string[] }> {
    const host = recordingHost();
    await workspace.deploy({ path: path.dirname(file), name: 'kept' }, host);
    const executed = eventsOf(host, 'cell').filter(({ state }) => state === 'done');
    const answer = (await workspace.predict('kept', body)) as readonly unknown[];
    return { answer, executed: executed.map(({ id }) => id) };
  }

  it('keeps what was trained, edit after edit', async () => {
    const first = await deploy();
    assert.ok(first.executed.includes('train'));
    await editCell(file, 'predict', '*x]', '*[3 * value for value in x]]');
    const second = await deploy();
    assert.deepEqual(second.answer, [...first.answer.slice(0, 2), 3, 6]);
    assert.deepEqual(second.executed, ['predict', 'tries']);
    await editCell(file, 'predict', 'model[0], ', '');
    assert.deepEqual((await deploy()).answer, [0, 3, 6]);
    await editCell(file, 'predict', 'return [', 'return [model[0] + 0, ');
    const fourth = await deploy();
    assert.deepEqual([fourth.answer, fourth.executed], [second.answer, ['predict', 'tries']]);
  });

  it('trains where it cannot be sure', async () => {
    const [kept] = (await deploy()).answer;
    await editCell(file, 'predict', 'return [', 'return [unused, ');
    const { answer, executed } = await deploy();
    assert.equal(answer[0], 7);
    assert.notEqual(answer[1], kept);
    assert.ok(executed.includes('train'));
    await editCell(file, 'train', 'unused = 7', 'unused = 8');
    const again = await deploy();
    assert.equal(again.answer[0], 8);
    assert.notEqual(again.answer[1], answer[1]);
  });

  it('says what is wrong with a cell as a full execution does', async () => {
    await editCell(file, 'predict', 'return [', 'return [x.nothing, ');
    await assert.rejects(deploy(), { code: 'CellFailed' });
  });
});
