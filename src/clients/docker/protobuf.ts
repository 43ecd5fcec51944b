/** The little of protocol buffers that BuildKit's messages need. @see https://protobuf.dev/programming-guides/encoding/ */

/** Fields of a message by number, in the order in which they came. Numbers keep their lower 32 bits. */
export type ProtoFields = ReadonlyMap<number, readonly (Buffer | number)[]>;

const wireTypes = { varint: 0, eightBytes: 1, bytes: 2, fourBytes: 5 } as const;

/** @throws RangeError when the bytes are no message */
export function decodeMessage(bytes: Buffer): ProtoFields {
  const fields = new Map<number, (Buffer | number)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(at++);
      if (shift < 32) value = (value | ((byte & 0x7f) << shift)) >>> 0;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('the message is cut off');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const valueOf = (type: number): Buffer | number => {
    if (type === wireTypes.varint) return varint();
    if (type === wireTypes.bytes) return take(varint());
    if (type === wireTypes.eightBytes) return take(8);
    if (type === wireTypes.fourBytes) return take(4);
    throw new RangeError(`wire type ${type} is unknown`);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = tag >>> 3;
    const values = fields.get(number) ?? [];
    values.push(valueOf(tag & 7));
    fields.set(number, values);
  }
  return fields;
}

/** Nested messages of a repeated field. */
export function messagesOf(fields: ProtoFields, number: number): readonly ProtoFields[] {
  return (fields.get(number) ?? []).flatMap((value) => (Buffer.isBuffer(value) ? [decodeMessage(value)] : []));
}

/** Text of a field; empty when it is not set. */
export function textOf(fields: ProtoFields, number: number): string {
  const value = fields.get(number)?.at(-1);
  return Buffer.isBuffer(value) ? value.toString('utf8') : '';
}

/** A message of text fields, as far as they are not empty. */
export function encodeTexts(texts: Readonly<Record<number, string>>): Buffer {
  const parts = Object.entries(texts).flatMap(([number, text]) => {
    const content = Buffer.from(text, 'utf8');
    return [varintBytes((Number(number) << 3) | wireTypes.bytes), varintBytes(content.length), content];
  });
  return Buffer.concat(parts);
}

function varintBytes(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
