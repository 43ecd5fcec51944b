/* eslint-disable no-control-regex -- control characters are what this file is about */
const longestLine = 4000;

const escapeSequences = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;
/** Control characters but tab; what turns the direction of text round; line ends that editors know and logs do not. */
const steering =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/**
 * What a model printed, as one line that can only be read: colours are dropped, other control characters are written
 * as `\x07` or `\u202e`, and a line of more than 4,000 characters is cut with a note.
 */
export function inertText(text: string): string {
  const plain = text.replace(escapeSequences, '').replace(steering, escaped);
  if (plain.length <= longestLine) return plain;
  const cut = isHighSurrogate(plain.charCodeAt(longestLine - 1)) ? longestLine - 1 : longestLine;
  return `${plain.slice(0, cut)} … (${String(plain.length - cut)} more characters)`;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
