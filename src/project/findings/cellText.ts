import type { CellEdit } from '../../core/project';
import type { NotebookCell } from '../readNotebook';

/** Sources of a notebook's cells by id: fixes are written against them. */
export type Sources = ReadonlyMap<string, NotebookCell>;

/** One line of a cell, from 1. */
export function lineOf(sources: Sources, cell: string | null, line: number): string | undefined {
  return cell === null ? undefined : sources.get(cell)?.source.split('\n')[line - 1];
}

/** The edit that replaces one line by others. */
export function replaceLine(file: string, cell: string, line: number, text: string): CellEdit {
  return { kind: 'replace', file, cell, startLine: line, endLine: line, text };
}

/** UTF-16 index of a UTF-8 byte offset in a line. */
export function fromBytes(line: string, bytes: number): number {
  return Buffer.from(line).subarray(0, bytes).toString().length;
}

/** UTF-16 index of a count of characters (code points) in a line. */
export function fromCharacters(line: string, characters: number): number {
  return Array.from(line).slice(0, characters).join('').length;
}

/** A Python string literal. */
export function quoted(text: string): string {
  return text.includes("'") ? JSON.stringify(text) : `'${text.replaceAll('\\', '\\\\')}'`;
}
