import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import type { ModelFormat } from '../../../src/core/project';
import { formatOf } from '../../../src/project/modelFormat';
import { firstPickledName } from '../../../src/project/pickleHead';

const short = (text: string): string => `\x8c${String.fromCharCode(text.length)}${text}\x94`;
/** Protocol 4 of `pickle.dumps` for an object of a class. */
const pickle4 = (module: string, name: string): Buffer =>
  Buffer.from(`\x80\x04\x95\x40\0\0\0\0\0\0\0${short(module)}${short(name)}\x93\x94)\x81\x94}\x94`, 'latin1');
const pickle2 = (module: string, name: string): Buffer =>
  Buffer.from(`\x80\x02c${module}\n${name}\nq\x00)\x81q\x01`, 'latin1');
const tensors = Buffer.from('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(tensors.length));

const cases: readonly (readonly [string, Buffer, ModelFormat | undefined])[] = [
  ['a pickled estimator', pickle4('sklearn.linear_model._base', 'LinearRegression'), 'pickle'],
  ['the same of protocol 2', pickle2('sklearn.linear_model._base', 'LinearRegression'), 'pickle'],
  ['joblib', Buffer.concat([pickle4('sklearn.svm._classes', 'SVC'), Buffer.from('joblib.numpy_pickle')]), 'joblib'],
  ['joblib, compressed', deflateSync(pickle4('sklearn.svm._classes', 'SVC')), 'joblib'],
  ['a pickled frame', pickle4('pandas.core.frame', 'DataFrame'), undefined],
  ['a pickled dictionary', Buffer.from('\x80\x04}\x94.', 'latin1'), undefined],
  ['safetensors', Buffer.concat([length, tensors, Buffer.alloc(4)]), 'safetensors'],
  ['XGBoost JSON', Buffer.from('{"learner":{"attributes":{}},"version":[2,0,0]}'), 'xgboost'],
  ['XGBoost UBJSON', Buffer.from('{L\0\0\0\0\0\0\0\x07learner{', 'latin1'), 'xgboost'],
  ['LightGBM text', Buffer.from('tree\nversion=v4\nnum_class=1\n'), 'lightgbm'],
  ['ONNX', Buffer.from('\x08\x08\x12\x04test\x3a\x02ab', 'latin1'), 'onnx'],
  ['other JSON', Buffer.from('{"rows": []}'), undefined],
  ['other text', Buffer.from('tree of files\n'), undefined],
  ['other binary', Buffer.from('\x08\x08\xff\xff\xff', 'latin1'), undefined],
  ['a broken stream', Buffer.from('\x78\x9cnonsense', 'latin1'), undefined],
  ['nothing', Buffer.alloc(0), undefined],
];

describe('model format by content', () => {
  for (const [name, bytes, expected] of cases) {
    it(`tells ${name}`, () => {
      assert.equal(formatOf(bytes, bytes.length), expected);
    });
  }

  it('names the class and builds nothing', () => {
    assert.equal(firstPickledName(Buffer.from('cposix\nsystem\n(S"id"\ntR.')), 'posix.system');
    assert.equal(firstPickledName(Buffer.from('\x80\x04\x8c\xffshort', 'latin1')), undefined);
  });
});
