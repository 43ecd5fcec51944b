/**
 * The class of the object that a pickle holds, such as `sklearn.pipeline.Pipeline`: the first global that its opcodes
 * name (protocols 0 to 5). Undefined for containers and for bytes that are no pickle. Reads opcodes, builds nothing.
 * Source: CPython's pickletools.
 */
export function firstPickledName(data: Buffer): string | undefined {
  const strings: string[] = [];
  let offset = 0;
  for (let count = 0; count < 24 && offset < data.length; count += 1) {
    const opcode = String.fromCharCode(data[offset] ?? 0);
    if (opcode === 'c') return globalAt(data, offset + 1);
    if (opcode === '\x93') return strings.length >= 2 ? strings.slice(-2).join('.') : undefined;
    const step = readOpcode(data, offset);
    if (step === undefined) return undefined;
    if (step.text !== undefined) strings.push(step.text);
    offset = step.next;
  }
  return undefined;
}

interface Step {
  readonly next: number;
  readonly text?: string;
}

/** Opcodes that may stand before the first global, with the bytes of their argument. */
const fixed: ReadonlyMap<string, number> = new Map([
  ['\x80', 1],
  ['\x95', 8],
  ['\x94', 0],
  ['(', 0],
  ['q', 1],
  ['r', 4],
]);

function readOpcode(data: Buffer, offset: number): Step | undefined {
  const opcode = String.fromCharCode(data[offset] ?? 0);
  const bytes = fixed.get(opcode);
  if (bytes !== undefined) return { next: offset + 1 + bytes };
  if (opcode === '\x8c') return textAt(data, offset + 2, data[offset + 1] ?? 0);
  if (opcode === 'X' && offset + 5 <= data.length) return textAt(data, offset + 5, data.readUInt32LE(offset + 1));
  if (opcode === 'p') return { next: data.indexOf(0x0a, offset) + 1 || data.length };
  return undefined;
}

function textAt(data: Buffer, start: number, length: number): Step | undefined {
  return start + length > data.length
    ? undefined
    : { next: start + length, text: data.toString('utf8', start, start + length) };
}

function globalAt(data: Buffer, start: number): string | undefined {
  const parts = data.toString('latin1', start, start + 512).split('\n');
  const name = `${parts[0] ?? ''}.${parts[1] ?? ''}`;
  return parts.length > 2 && /^[\w.]+$/.test(name) ? name : undefined;
}
