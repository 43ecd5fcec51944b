import * as vscode from 'vscode';
import type { Location } from '../../core/errors';
import type { ReleaseOrigin } from '../../pipeline/releaseOrigin';
import { findTracebackLinks, locateFrame } from './tracebackLinks';

/** Only the end of a long log is searched: links are looked for again after every append. */
const searchedCharacters = 2_000_000;

/**
 * Makes the frames of tracebacks in a document open the notebook cell or file.
 * @param modelOf the model that a document is about; undefined for a document that is not ours
 */
export function tracebackLinkProvider(
  modelOf: (document: vscode.TextDocument) => string | undefined,
  originsOf: (model: string) => Promise<readonly ReleaseOrigin[]>,
): vscode.DocumentLinkProvider {
  return {
    provideDocumentLinks: async (document) => {
      const model = modelOf(document);
      if (model === undefined) return [];
      const text = document.getText();
      const offset = Math.max(0, text.length - searchedCharacters);
      const frames = findTracebackLinks(text.slice(offset));
      if (frames.length === 0) return [];
      const origins = await originsOf(model);
      return frames.flatMap((frame) => {
        const location = locateFrame(frame, origins);
        if (location === undefined) return [];
        const range = new vscode.Range(
          document.positionAt(offset + frame.start),
          document.positionAt(offset + frame.end),
        );
        return [linkTo(range, location)];
      });
    },
  };
}

function linkTo(range: vscode.Range, location: Location): vscode.DocumentLink {
  const link = new vscode.DocumentLink(
    range,
    vscode.Uri.parse(`command:slipway.openFrame?${encodeURIComponent(JSON.stringify([location]))}`),
  );
  link.tooltip = location.cell === undefined ? vscode.l10n.t('Open the file') : vscode.l10n.t('Open the notebook cell');
  return link;
}
